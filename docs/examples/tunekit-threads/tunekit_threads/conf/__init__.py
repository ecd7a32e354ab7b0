"""Hydra options of the backend and its benchmark."""
