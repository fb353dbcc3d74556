"""Hotels, room types, nightly rates and inventory, reviews, and the search over them."""
