"""Hydra options of the benchmark."""
