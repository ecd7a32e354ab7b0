"""``benchmarks/performance`` runs methods and peers in the same way, and says so when one fails."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

PERFORMANCE = Path(__file__).parents[2] / "benchmarks" / "performance"


def quality(store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PERFORMANCE), "quality", "--store", str(store), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("peer", ["StockBoTorch", "OptunaGP", "OptunaTPE"])
def test_quality_runs_a_peer_beside_a_recipe_and_goes_on_where_it_stopped(tmp_path: Path, peer: str) -> None:
    if peer.startswith("Optuna"):
        pytest.importorskip("optuna")
    store = tmp_path / "runs.jsonl"
    chosen = ["--methods", f"RS,{peer}", "--tasks", "fcnet:robot_arm", "--seconds", "600", "--jobs", "1"]
    result = quality(store, *chosen, "--seeds", "1")
    assert result.returncode == 0, result.stderr
    assert "2 runs added" in result.stderr
    again = quality(store, *chosen, "--seeds", "2")
    assert again.returncode == 0, again.stderr
    assert "2 runs added" in again.stderr
    runs = [json.loads(line) for line in store.read_text().splitlines()]
    assert [(run["method"], run["seed"]) for run in runs] == [("RS", 0), (peer, 0), ("RS", 1), (peer, 1)]
    for run in runs:
        assert run["trials"] >= 4
        assert run["losses"] == sorted(run["losses"], reverse=True)
    report = quality(store, "--report", "--seconds", "600")
    assert report.returncode == 0, report.stderr
    assert peer in report.stdout


def test_an_unknown_method_is_one_error(tmp_path: Path) -> None:
    result = quality(tmp_path / "runs.jsonl", "--methods", "OptunaGPP")
    assert result.returncode != 0
    assert "OptunaGPP: no such method. Known are:" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_task_whose_libraries_are_not_installed_is_one_error(tmp_path: Path) -> None:
    data = PERFORMANCE.parents[2] / "shared" / "data"
    if importlib.util.find_spec("onnxruntime") is not None or not data.is_dir():
        pytest.skip("needs the data of lcbench, and no onnxruntime")
    result = quality(tmp_path / "runs.jsonl", "--tasks", "lcbench:3945")
    assert result.returncode != 0
    assert "pip install -r benchmarks/performance/requirements.txt" in result.stderr
    assert "Traceback" not in result.stderr
