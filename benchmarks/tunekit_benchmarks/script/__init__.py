"""The tuning problem ``script``."""
