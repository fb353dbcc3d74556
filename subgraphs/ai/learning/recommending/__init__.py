"""Which hotels suit a traveler: what others like them booked, what the hotels are like, what the season is for."""
