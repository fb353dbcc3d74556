"""The SQL of gamification. Functions run in the session they are given and never commit."""
