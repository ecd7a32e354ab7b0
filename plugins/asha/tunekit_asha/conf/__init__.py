"""Hydra options of the ASHA schedulers."""
