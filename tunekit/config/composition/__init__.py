"""Composing with Hydra: where it finds configs, what it makes of a command line or a sweep, and its errors."""
