"""The tuning problem ``checkpoint_example``."""
