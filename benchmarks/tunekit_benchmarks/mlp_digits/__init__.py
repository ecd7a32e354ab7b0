"""The tuning problem ``mlp_digits``."""
