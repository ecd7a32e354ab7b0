"""A trial as a backend runs it, for training in this process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from sklearn.datasets import load_digits


@attrs.frozen
class Trial:
    """The files between a trial and its backend."""

    folder: Path

    def reports(self) -> list[dict[str, Any]]:
        """What was reported, without the times."""
        path = self.folder / "reports"
        lines = path.read_text().splitlines() if path.exists() else []
        return [{name: value for name, value in json.loads(line).items() if name[:3] != "st_"} for line in lines]

    def published(self) -> list[int]:
        return sorted(int(path.name) for path in (self.folder / "checkpoints").glob("[0-9]*"))

    def files(self, number: int) -> list[str]:
        return sorted(path.name for path in (self.folder / "checkpoints" / str(number)).iterdir())

    def resume(self, number: int) -> None:
        """Has the next run go on from what was published under this number."""
        shutil.copytree(self.folder / "checkpoints" / str(number), self.folder / "checkpoint")
        (self.folder / "reports").unlink()


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUNEKIT_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("TUNEKIT_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("TUNEKIT_CHECKPOINT_DIR", str(tmp_path / "checkpoint"))
    return Trial(tmp_path)


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """As a person runs the script, without tunekit."""
    monkeypatch.chdir(tmp_path)
    for name in ("TUNEKIT_REPORTS", "TUNEKIT_CHECKPOINTS", "TUNEKIT_CHECKPOINT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def digits():
    """200 digits to train with, and 100 to evaluate on."""
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype("float32")
    return x[:200], y[:200], x[200:300], y[200:300]
