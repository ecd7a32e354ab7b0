"""Where the data of others lie."""

from __future__ import annotations

from pathlib import Path

DATA = Path(__file__).parents[5] / "shared" / "data"
