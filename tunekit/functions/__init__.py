"""Python functions as tuning problems. Trials import this package, so it imports nothing."""
