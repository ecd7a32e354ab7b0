"""Training jobs: requests, their state, and what they log."""
