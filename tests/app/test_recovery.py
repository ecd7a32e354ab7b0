"""An experiment whose process died is restored, wherever it was."""

from __future__ import annotations

import json
import shutil
import zlib
from pathlib import Path

import pytest

from tests.kept import contents
from tunekit_core import ExperimentRecord, Problem, Streams, Tuner, create, load_experiment
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.engine.tuner import TuningResult
from tunekit_core.errors import RecordError, ReplayError
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem


def make(name: str, problem: Problem, streams: Streams) -> Scheduler:
    searcher = create("searcher", "freeze_thaw" if name == "freeze_thaw" else "random", problem, streams)
    return create("scheduler", name, problem, streams, searcher)


def run(name: str, folder: Path, *, n_workers: int = 1, fail_at: dict[int, int] | None = None) -> TuningResult:
    benchmark, streams = ToyBenchmark(), Streams(3)
    problem = toy_problem(benchmark)
    return Tuner(
        scheduler=make(name, problem, streams),
        backend=ToyBackend(problem, benchmark, None, streams, fail_at=fail_at),
        stopping=[create("stopping", "max_num_evaluations", problem, count=30)],
        n_workers=n_workers,
        composers=[create("composer", "rung_sizes", problem)],
        record=ExperimentRecord(folder, keep_events=True),
    ).run()


def cut(record: Path, folder: Path, length: int) -> None:
    """What a process that was killed after so many bytes of its record leaves behind."""
    shutil.copytree(record, folder)
    (folder / "events.jsonl").write_bytes((record / "events.jsonl").read_bytes()[:length])
    metadata = json.loads((folder / "metadata.json").read_text())
    (folder / "metadata.json").write_text(json.dumps({**metadata, "status": "running"}))


def lines_of(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def events_but_for_times(folder: Path) -> list[dict[str, object]]:
    """But for the ends of processes and of the experiment too, which may be recorded twice, and so for the numbers."""
    events = [event for event in lines_of(folder) if event["event"] not in ("tuner_started", "criterion")]
    return [{key: value for key, value in event.items() if key not in ("number", "time", "crc32")} for event in events]


@pytest.mark.parametrize("name", ["fifo", "asha_stopping", "asha_promotion", "pasha", "freeze_thaw"])
def test_killed_after_any_event_it_ends_as_if_nothing_had_happened(name: str, tmp_path: Path) -> None:
    undisturbed = run(name, tmp_path / "whole", fail_at={2: 1})
    lines = (tmp_path / "whole" / "events.jsonl").read_bytes().splitlines(keepends=True)
    events = events_but_for_times(tmp_path / "whole")
    table = load_experiment(tmp_path / "whole").results.drop(columns="st_tuner_time")
    assert undisturbed.incumbent is not None
    step = 5 if name == "freeze_thaw" else 1  # its model takes a while
    for n_lines in range(0, len(lines) + 1, step):
        folder = tmp_path / str(n_lines)
        cut(tmp_path / "whole", folder, len(b"".join(lines[:n_lines])) + (5 if n_lines < len(lines) else 0))
        result = run(name, folder, fail_at={2: 1})
        assert result.incumbent is not None
        assert result.incumbent.report.losses == undisturbed.incumbent.report.losses
        again = load_experiment(folder)
        assert again.results.drop(columns="st_tuner_time").equals(table)
        assert events_but_for_times(folder) == events
        assert again.metadata.get("failures") == load_experiment(tmp_path / "whole").metadata.get("failures")


@pytest.mark.parametrize("name", ["asha_stopping", "asha_promotion"])
def test_with_several_workers_every_report_is_recorded_once(name: str, tmp_path: Path) -> None:
    run(name, tmp_path / "whole", n_workers=3)
    size = (tmp_path / "whole" / "events.jsonl").stat().st_size
    for number, length in enumerate(range(0, size, size // 25)):
        folder = tmp_path / str(number)
        cut(tmp_path / "whole", folder, length)
        run(name, folder, n_workers=3)
        results = load_experiment(folder).results
        assert len(results) == 30
        assert not results.duplicated(["trial_id", "epoch"]).any()


def test_the_first_start_is_kept_and_the_clock_goes_on(tmp_path: Path) -> None:
    run("asha_promotion", tmp_path / "whole")
    cut(tmp_path / "whole", tmp_path / "half", 4000)
    run("asha_promotion", tmp_path / "half")
    whole, half = (load_experiment(tmp_path / name).metadata for name in ("whole", "half"))
    assert half["started"] == whole["started"]
    lines = lines_of(tmp_path / "half")
    began = [event for event in lines if event["event"] == "tuner_started"]
    assert len(began) == 2
    times = [event["time"] for event in lines if "time" in event]
    assert times == sorted(times)


def test_another_problem_in_the_folder_is_refused_and_kept(tmp_path: Path) -> None:
    run("fifo", tmp_path)
    before = contents(tmp_path)
    benchmark, streams = ToyBenchmark(max_resource=9), Streams(0)
    problem = toy_problem(benchmark)
    other = Problem(space=problem.space.fix({problem.space.searched[0]: 0.5}), objective=problem.objective)
    tuner = Tuner(
        scheduler=make("fifo", other, streams),
        backend=ToyBackend(other, benchmark, None, streams),
        record=ExperimentRecord(tmp_path, keep_events=True),
    )
    with pytest.raises(
        RecordError, match=r"another search space, .* one\. What is recorded .*; a new .* another folder"
    ):
        tuner.run()
    assert contents(tmp_path) == before


def test_a_scheduler_that_decides_differently_now_is_an_error_that_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    run("asha_stopping", tmp_path)
    lines = (tmp_path / "events.jsonl").read_bytes().splitlines(keepends=True)
    number = next(number for number, line in enumerate(lines) if b'"STOP"' in line)
    changed = lines[number].replace(b'"STOP"', b'"CONTINUE"').rpartition(b', "crc32"')[0]
    lines[number] = changed + b', "crc32": "%08x"}\n' % zlib.crc32(changed)
    (tmp_path / "events.jsonl").write_bytes(b"".join(lines))
    before = contents(tmp_path)
    assert sorted(before) == ["events.jsonl", "metadata.json", "results.csv.zip"]
    with pytest.raises(ReplayError) as caught:
        run("asha_stopping", tmp_path)
    assert str(caught.value).endswith(
        "with the versions that metadata.json names it goes on. What is recorded stays as it is; a new experiment "
        "needs another folder."
    )
    assert contents(tmp_path) == before
    ExperimentRecord(tmp_path).release()


def test_an_experiment_that_goes_on_says_with_what(tmp_path: Path) -> None:
    run("asha_stopping", tmp_path / "whole")
    cut(tmp_path / "whole", tmp_path / "half", 4000)
    used = json.loads((tmp_path / "half" / "metadata.json").read_text())
    old = {**used, "versions": {"tunekit-hpo": "0.0.9"}, "numerics": {"numpy": "1.0"}}
    (tmp_path / "half" / "metadata.json").write_text(json.dumps(old))
    run("asha_stopping", tmp_path / "half")
    metadata = load_experiment(tmp_path / "half").metadata
    assert (metadata["versions"], metadata["numerics"]) == (used["versions"], used["numerics"])
