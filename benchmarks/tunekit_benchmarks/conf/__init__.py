"""Hydra options of the benchmarks."""
