"""The application: ``python -m tunekit``."""
