"""The use cases of the hotels domain: plain Python in and out, each inside one transaction that the caller opens."""
