"""Hydra options of the model-based searchers."""
