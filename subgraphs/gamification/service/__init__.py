"""The use cases of gamification: plain Python in and out. They run in the session they are given and never commit."""
