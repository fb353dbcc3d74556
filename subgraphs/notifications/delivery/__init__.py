"""The queue of deliveries, and the schedule."""
