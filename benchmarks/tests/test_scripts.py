"""The benchmarks that are trained for real: their definitions, and their scripts as a backend runs them."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tunekit_benchmarks
from tunekit_core import ConfigurationError, Executable, create, render_command

BENCHMARKS = ("checkpoint_example", "height", "mlp_digits")
POINT = {"rate": 0.3, "floor": 0.25, "sleep_time": 0.0}
SMALL = {"learning_rate": 0.003, "weight_decay": 0.01, "batch_size": 256, "n_units": 16, "dropout": 0.3, "seed": 5}


class Runner:
    """Runs the script of a benchmark and reads its reports; all runs are of one trial."""

    def __init__(self, folder):
        self.reports = folder / "reports.jsonl"
        self.checkpoint = folder / "checkpoint"
        self.environment = {**os.environ, "TUNEKIT_REPORTS": str(self.reports), "OMP_NUM_THREADS": "1"}
        self.environment.pop("TUNEKIT_NOTICES", None)

    def start(self, benchmark, configuration):
        places = {"templates": {}, "folder": "", "checkpoint": str(self.checkpoint), "seed": 0}
        command = render_command(benchmark.script().command, configuration, **places)
        return subprocess.Popen(command.words, env=self.environment, stdout=subprocess.PIPE, text=True)

    def run(self, benchmark, configuration):
        before = len(self.read())
        process = self.start(benchmark, configuration)
        printed, _ = process.communicate(timeout=300)
        assert process.returncode == 0
        assert printed == ""
        return self.read()[before:]

    def read(self):
        lines = self.reports.read_text().splitlines() if self.reports.exists() else []
        return [{k: v for k, v in json.loads(line).items() if not k.startswith("st_")} for line in lines]


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The reports of six epochs of a small network: each process imports torch, which takes longer than they do."""
    return Runner(tmp_path_factory.mktemp("digits")).run(create("benchmark", "mlp_digits"), {**SMALL, "epochs": 6})


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path)


@pytest.fixture
def other_runner(tmp_path):
    (tmp_path / "other").mkdir()
    return Runner(tmp_path / "other")


def epochs(reports):
    return [report["epoch"] for report in reports]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_keeps_its_contract(name):
    benchmark = create("benchmark", name)
    assert isinstance(benchmark, Executable)
    command = benchmark.script().command
    assert command[0] == sys.executable
    assert Path(command[1]).is_file()
    assert benchmark.space.constants[benchmark.max_resource_attr] == benchmark.max_resource
    assert benchmark.objective.resource == "epoch"
    assert set(benchmark.objective.metric) <= benchmark.metrics
    for point in benchmark.points_to_evaluate or [{}]:
        assert benchmark.space.contains(benchmark.space.complete(point))


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_options_file_chooses_the_defaults(name):
    yaml = importlib.import_module("yaml")
    path = Path(tunekit_benchmarks.__file__).parent / "conf" / "benchmark" / f"{name}.yaml"
    assert yaml.safe_load(path.read_text()) == {"name": name}


@pytest.mark.parametrize("name", ["checkpoint_example", "height"])
@pytest.mark.parametrize("seconds", [-0.1, float("inf"), float("nan")])
def test_a_time_that_is_none_is_refused(name, seconds):
    with pytest.raises(ConfigurationError, match=r"benchmark\.sleep_time=.* must be at least 0") as caught:
        create("benchmark", name, sleep_time=seconds)
    assert caught.value.option == "benchmark.sleep_time"


def test_height_is_the_problem_of_the_reference():
    height = create("benchmark", "height")
    assert height.space.to_text() == {
        "width": "randint(0, 20)",
        "height": "randint(-100, 100)",
        "steps": 100,
        "sleep_time": 0.1,
    }
    assert (height.objective.metric, height.objective.mode, height.max_resource) == (("mean_loss",), ("min",), 100)


def test_height_reports_its_formula(runner):
    reports = runner.run(create("benchmark", "height"), {"width": 10, "height": -50, "steps": 3, "sleep_time": 0.0})
    assert epochs(reports) == [1, 2, 3]
    assert [report["mean_loss"] for report in reports] == pytest.approx([5.0, 0.0, 1 / 0.3 - 5.0])


def test_height_takes_the_time_that_it_is_told(runner):
    began = time.monotonic()
    runner.run(create("benchmark", "height"), {"width": 10, "height": -50, "steps": 4, "sleep_time": 0.25})
    assert time.monotonic() - began >= 1.0


def test_a_script_prints_where_nobody_listens(runner):
    del runner.environment["TUNEKIT_REPORTS"]
    process = runner.start(create("benchmark", "height"), {"width": 1, "height": 0, "steps": 2, "sleep_time": 0.0})
    printed, _ = process.communicate(timeout=60)
    assert [line.partition(" ")[0] for line in printed.splitlines()] == ["[tunekit-report]"] * 2


def test_checkpoint_example_reports_its_formula(runner):
    reports = runner.run(create("benchmark", "checkpoint_example"), {**POINT, "epochs": 2})
    assert epochs(reports) == [1, 2]
    assert [report["loss"] for report in reports] == pytest.approx([0.25 + 0.75 * 0.740818, 0.25 + 0.75 * 0.548812])


def test_a_trial_that_paused_reports_what_it_would_have_reported(runner, other_runner):
    benchmark = create("benchmark", "checkpoint_example")
    undisturbed = other_runner.run(benchmark, {**POINT, "epochs": 4})
    assert epochs(undisturbed) == [1, 2, 3, 4]
    first = runner.run(benchmark, {**POINT, "epochs": 2})
    assert first == undisturbed[:2]
    # What may be lost between a checkpoint and its report comes once more.
    assert runner.run(benchmark, {**POINT, "epochs": 4}) == undisturbed[1:]
    assert [path.suffix for path in runner.checkpoint.iterdir()] == [".json"]


@pytest.mark.parametrize("after", [0.0, 0.03, 0.1])
def test_a_trial_that_is_killed_goes_on_without_a_gap(after, runner):
    configuration = {**POINT, "sleep_time": 0.001, "epochs": 400}
    process = runner.start(create("benchmark", "checkpoint_example"), configuration)
    while not runner.read():
        time.sleep(0.005)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    reported = len(runner.read())
    runner.run(create("benchmark", "checkpoint_example"), {**configuration, "epochs": reported + 5})
    assert sorted({*epochs(runner.read())}) == list(range(1, reported + 6))


def test_what_a_kill_left_of_a_checkpoint_is_not_read(runner):
    runner.run(create("benchmark", "checkpoint_example"), {**POINT, "epochs": 2})
    (runner.checkpoint / "checkpoint.json.tmp").write_text('{"epoch": 3, "met')
    assert epochs(runner.run(create("benchmark", "checkpoint_example"), {**POINT, "epochs": 3})) == [2, 3]


def test_digits_learn(digits):
    assert digits[-1]["accuracy"] > 0.6 > digits[0]["accuracy"]
    assert digits[-1]["loss"] < digits[0]["loss"]


def test_digits_that_paused_report_what_they_would_have_reported(digits, runner):
    assert epochs(digits) == [1, 2, 3, 4, 5, 6]
    first = runner.run(create("benchmark", "mlp_digits"), {**SMALL, "epochs": 2})
    assert first == digits[:2]  # the same for the same seed
    assert runner.run(create("benchmark", "mlp_digits"), {**SMALL, "epochs": 6}) == digits[1:]
    assert [path.suffix for path in runner.checkpoint.iterdir()] == [".pt"]


def test_digits_are_others_for_another_seed(digits, runner):
    assert runner.run(create("benchmark", "mlp_digits"), {**SMALL, "epochs": 1, "seed": 6}) != digits[:1]


@pytest.mark.parametrize(("module", "distribution"), [("torch", "torch"), ("sklearn", "scikit-learn")])
def test_what_digits_need_is_named(module, distribution, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not there
    with pytest.raises(ConfigurationError, match=r"pip install 'tunekit-benchmarks\[digits\]'") as caught:
        create("benchmark", "mlp_digits").script()
    assert f"not installed: {distribution}." in str(caught.value)


def test_the_tuner_does_not_import_torch():
    program = (
        "import sys; from tunekit_core import create; create('benchmark', 'mlp_digits').script(); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not {"torch", "sklearn"} & set(done.stdout.split())


def test_a_negative_seed_is_refused():
    with pytest.raises(ConfigurationError, match=r"benchmark\.seed=-1 must be at least 0"):
        create("benchmark", "mlp_digits", seed=-1)
