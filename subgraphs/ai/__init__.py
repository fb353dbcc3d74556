"""AI: search by meaning, recommendations, forecasts, and the assistant."""
