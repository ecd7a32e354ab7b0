"""Best values over time as a figure."""
