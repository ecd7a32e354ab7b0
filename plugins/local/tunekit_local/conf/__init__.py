"""Hydra options of the local backend."""
