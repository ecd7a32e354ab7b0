"""The tuning loop and the application around it."""
