"""Hydra options of the simulator."""
