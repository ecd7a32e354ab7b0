"""The tuning problem ``height``."""
