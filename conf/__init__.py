"""Hydra configuration of tunekit: the primary config, recipes, and the options of built-in components."""
