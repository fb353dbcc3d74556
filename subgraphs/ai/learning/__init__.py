"""What is learned from what travelers did: recommendations, demand, prices."""
