"""Seconds that model-based methods compute."""
