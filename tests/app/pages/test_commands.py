"""The commands of a page plan the folders of the runs that they are said to have."""

import json
import shlex
from datetime import datetime, timezone
from pathlib import Path

import attrs
import pytest

from tests.app.studies.made import best
from tunekit.config.arguments import parse
from tunekit.config.planning import plan_command
from tunekit.pages.commands import commands_of, sweeps_of
from tunekit.studies.collection import CollectedExperiment

LATE = datetime(2026, 1, 1, tzinfo=timezone.utc)
ASHA_ON_TWO = ["method=RS,ASHA", "benchmark.dataset=robot_arm,diabetes", "seed=range(3)"]


def folders(command):
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "tunekit"]
    return {spec.folder for spec in plan_command(parse(words[3:])).specs}


def runs_of(*sweeps):
    specs = [spec for words in sweeps for spec in plan_command(parse(["--multirun", *words])).specs]
    return [
        CollectedExperiment(spec.folder, json.loads(json.dumps(spec.metadata())), LATE, best([0.0], [1.0]))
        for spec in specs
    ]


@pytest.mark.parametrize(
    ("sweeps", "typed"),
    [
        (
            [[*ASHA_ON_TWO, "experiment_tag=mine"]],
            ["method=RS,ASHA benchmark.dataset=robot_arm,diabetes 'seed=range(3)'"],
        ),
        (
            [["method=RS,ASHA", "seed=0,1"], ["method=RS,ASHA", "seed=0,1", "benchmark=synthetic"]],
            ["method=RS,ASHA 'seed=range(2)' ", "method=RS,ASHA 'seed=range(2)' "],
        ),
        (
            [["method=RS", "seed=range(4)"], ["method=ASHA", "seed=range(2,4)", "results_dir=elsewhere"]],
            ["method=RS 'seed=range(4)'", "method=ASHA 'seed=range(2,4)'"],
        ),
        (
            [["method=RS", "seed=1,7"], ["method=RS", "seed=2", "n_workers=8"]],
            ["method=RS seed=1,7 ", "method=RS seed=2 "],
        ),
    ],
    ids=["combinations", "two benchmarks", "other seeds", "no combinations"],
)
def test_the_sweeps_have_all_runs_and_no_other(sweeps, typed):
    runs = runs_of(*sweeps)
    told = sweeps_of(runs)
    assert len(told["commands"]) == len(typed)
    for command, beginning in zip(told["commands"], typed, strict=True):
        assert command.startswith(f"python -m tunekit --multirun {beginning}")
    assert set().union(*map(folders, told["commands"])) == {run.path for run in runs}
    assert (told["n_more"], told["n_without"]) == (0, 0)


def test_the_command_of_a_run_says_where_it_lies():
    (run,) = runs_of(["method=RS", "seed=1", "experiment_tag=mine"])
    moved = attrs.evolve(run, path=Path("a b") / "mine" / "RS" / run.name)
    for each in (run, moved):
        assert folders(f"{commands_of([each])[0]} seed=1") == {each.path}


def test_runs_that_no_command_has_are_counted():
    (run,) = runs_of(["method=RS", "seed=1"])
    assert sweeps_of([attrs.evolve(run, metadata={**run.metadata, "config": None})]) == {
        "commands": [],
        "n_more": 0,
        "n_without": 1,
    }
