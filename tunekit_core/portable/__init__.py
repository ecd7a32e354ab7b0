"""What also runs beside scripts, in whatever environment they have: each file alone, with the standard library."""

from pathlib import Path

PORTABLE_MODULES = Path(__file__).parent
"""The folder of these files, for whoever runs one of them elsewhere."""
