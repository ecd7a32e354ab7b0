"""Hydra options of the scheduler."""
