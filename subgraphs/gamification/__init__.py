"""The gamification domain: points, missions, achievements, levels, leaderboards. It lives on events only."""
