"""What the program of a trial is started with."""

import json
import stat
import sys

import pytest
import yaml

from tunekit_core import Script, TrialReported, literal_word

from .snippet import IMPORTS, Snippet, local_backend, trial_of, until_idle

SEEN = "Reporter()(step=int(sys.argv[1]), loss=0, words=sys.argv[2:], seed=os.environ['TUNEKIT_SEED'])"


@pytest.fixture
def run(tmp_path):
    """Runs trials of a command that begins with where they report."""
    opened = []

    def reported(*words, trial_id=0, run=0, until=None, templates=None, told=None):
        if not opened:
            benchmark = Snippet("", told=told, max_resource=9)
            command = (sys.executable, "-c", literal_word(IMPORTS + SEEN), *words)
            benchmark.script = lambda: Script(command, templates=templates or {})
            opened.append(local_backend(benchmark, tmp_path))
        (backend,) = opened
        trial = trial_of(backend, trial_id, run, reached=run or None)
        if run:
            backend.resume(trial, until)
        else:
            backend.start(trial, until, None)
        return next(event.metrics for event in until_idle(backend) if isinstance(event, TrialReported))

    yield reported
    for backend in opened:
        backend.close()


def test_a_program_gets_the_space_and_nothing_else(run):
    assert run("1")["words"] == ["--x", "0.5"]


def test_a_seed_is_the_same_when_a_trial_goes_on_and_another_for_each_trial(run):
    seen = [run("1", "{seed}", "{none}"), run(trial_id=1), run(run=1)]
    seeds = [each["seed"] for each in seen]
    assert [each["words"] for each in seen] == [[seed] for seed in seeds]
    assert seeds[0] == seeds[2] != seeds[1]


def test_the_files_of_a_command_lie_in_the_folder_of_the_run_and_are_for_nobody_else(run, tmp_path):
    words = ("1", "--config={yaml:a/base.yaml}", "--max={epochs}")
    metrics = run(*words, until=3, told="epochs", templates={"a/base.yaml": {"x": 1, "deep": {"y": 2}}})
    path = tmp_path.resolve() / "0" / "runs" / "0" / "0-base.yaml"
    assert metrics["words"] == [f"--config={path}", "--max=3"]
    assert yaml.safe_load(path.read_text()) == {"x": 0.5, "deep": {"y": 2}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_how_far_to_go_now_is_in_every_form(run, tmp_path):
    metrics = run("1", "{arguments}", "{json}", until=3, told="epochs")
    *arguments, path = metrics["words"]
    assert arguments == ["--x", "0.5", "--epochs", "3"]
    for file in (path, tmp_path / "0" / "config.json"):
        with open(file) as content:
            assert json.load(content) == {"x": 0.5, "epochs": 3}
