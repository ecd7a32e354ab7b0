"""Hydra options of coordinate search."""
