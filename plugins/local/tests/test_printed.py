"""Metrics of scripts that do not use the Reporter: printed, appended to the file, found by patterns."""

import shlex
import shutil
import subprocess

import pytest

from tunekit_core import (
    ExperimentRecord,
    Script,
    Status,
    Streams,
    TrialEnded,
    TrialReported,
    TunekitWarning,
    Tuner,
    create,
    literal_word,
    load_experiment,
)
from tunekit_local.backend import LocalBackend
from tunekit_local.options import LocalOptions

from .snippet import Snippet, local_backend, problem_of, trial_of


class Program(Snippet):
    """A command of any language."""

    def __init__(self, *command, metrics=None, **options):
        super().__init__("", **options)
        self.command, self.metrics = (*map(literal_word, command), "{none}"), metrics or {}

    def script(self):
        return Script(self.command, metrics=self.metrics)


def rows(folder, benchmark):
    """What a single trial reports, as the results have it, without the columns of tunekit."""
    problem = problem_of(benchmark)
    Tuner(
        scheduler=create("scheduler", "fifo", problem, Streams(0), create("searcher", "random", problem, Streams(0))),
        backend=LocalBackend(problem, benchmark, folder, Streams(0), LocalOptions()),
        stopping=[create("stopping", "max_num_trials_started", problem, count=1)],
        n_workers=1,
        record=ExperimentRecord(folder),
    ).run()
    results = load_experiment(folder).results
    names = [name for name in results if not name.startswith(("st_", "config_")) and name != "trial_id"]
    return results[names].to_dict("records")


@pytest.fixture
def start(tmp_path):
    """Starts a trial of a benchmark; what is returned waits for events of a kind, and returns all until then."""
    backends = []

    def start(benchmark):
        backend = local_backend(benchmark, tmp_path / "run", n_workers=1)
        backends.append(backend)
        backend.start(trial_of(backend), None, None)
        events = []

        def until(kind):
            while not any(isinstance(event, kind) for event in events):
                events.extend(backend.wait(None))
            return [event for event in events if isinstance(event, kind)]

        return until

    yield start
    for backend in backends:
        backend.close()


EXPECTED = [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}]
BASH = """
for step in 1 2; do
    echo "{\\"step\\": $step, \\"loss\\": $(awk "BEGIN {print 1 / 2 ^ $step}")}" %s
done
"""


@pytest.mark.parametrize("way", ['>> "$TUNEKIT_REPORTS"', "| sed 's/^/[tunekit-report] /'"])
def test_a_shell_script_reports_lines_of_json(tmp_path, way):
    assert rows(tmp_path, Program("bash", "-c", BASH % way)) == EXPECTED


def test_what_the_reporter_prints_without_its_variable_is_reported(tmp_path):
    code = "del os.environ['TUNEKIT_REPORTS']\nfor step in (1, 2): Reporter()({'step': step, 'loss': 0.5**step})"
    assert rows(tmp_path, Snippet(code)) == EXPECTED


CPP = r"""
#include <cmath>
#include <cstdlib>
#include <fstream>

int main() {
    std::ofstream reports(std::getenv("TUNEKIT_REPORTS"), std::ios::app);
    for (int step = 1; step <= 2; ++step)
        reports << "{\"step\": " << step << ", \"loss\": " << std::pow(0.5, step) << "}" << std::endl;
}
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a compiler of C++")
def test_a_program_in_cpp_appends_lines_of_json(tmp_path):
    (tmp_path / "train.cpp").write_text(CPP)
    subprocess.run(["g++", "-o", tmp_path / "train", tmp_path / "train.cpp"], check=True)
    assert rows(tmp_path / "run", Program(str(tmp_path / "train"))) == EXPECTED


R = """
for (step in 1:2) {
  cat(sprintf('{"step": %d, "loss": %.10g}\\n', step, 0.5^step), file = Sys.getenv("TUNEKIT_REPORTS"), append = TRUE)
}
"""


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
def test_a_script_in_r_appends_lines_of_json(tmp_path):
    assert rows(tmp_path, Program("Rscript", "-e", R)) == EXPECTED


def test_patterns_find_the_metrics_of_a_script_that_cannot_be_changed(tmp_path):
    code = "for step in 1 2; do printf 'Step %s\\r%s/2\\nloss=0.%s acc=%s' $step $step $((10 - step)) $step; echo; done"
    metrics = {"loss": r"loss=([0-9.]+)", "step": r"Step (\d+)", "accuracy": r"acc=(\d+)"}
    assert rows(tmp_path, Program("bash", "-c", code, metrics=metrics)) == [
        {"loss": 0.9, "step": 1, "accuracy": 1},
        {"loss": 0.8, "step": 2, "accuracy": 2},
    ]


def test_reports_that_are_counted_are_found_by_one_pattern(tmp_path):
    benchmark = Program("sh", "-c", "echo loss 3; echo loss 2", metrics={"loss": r"loss (\d)"}, resource=None)
    assert rows(tmp_path, benchmark) == [{"loss": 3}, {"loss": 2}]


def test_a_report_is_there_before_its_script_ends(start, tmp_path):
    """It is decided on at once, as for schedulers that compare trials early."""
    code = f"echo loss 0.5; until [ -e {tmp_path}/seen ]; do sleep 0.01; done"
    until = start(Program("sh", "-c", code, metrics={"loss": "loss (.*)"}, resource=None))
    (reported,) = until(TrialReported)
    assert reported.metrics["loss"] == 0.5
    (tmp_path / "seen").touch()
    (ended,) = until(TrialEnded)
    assert ended.status is Status.COMPLETED


def test_what_is_printed_as_a_report_and_is_none_is_told_as_such(start):
    (reported,) = start(Program("echo", "[tunekit-report] loss=0.5"))(TrialReported)
    assert reported.metrics == {"unreadable": "loss=0.5"}


def reason_of(until):
    (ended,) = until(TrialEnded)
    assert ended.status is Status.COMPLETED
    return ended.reason


def test_a_trial_without_a_report_says_what_it_printed_without_secrets(start, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "h4ckme-s3cret")
    code = "echo Step 1; echo validation loss: 0.43 by $API_TOKEN; echo val_loss: 1 >&2"
    metrics = {"loss": r"val_loss=(\S+)", "step": r"Step (\d+)"}
    assert reason_of(start(Program("sh", "-c", code, metrics=metrics))) == (
        "it ended without a report: no line that it printed matched benchmark.metrics.loss='val_loss=(\\S+)'.\n"
        "The last one: 'validation loss: 0.43 by ***'"
    )


def test_a_trial_whose_metric_is_on_its_standard_error_says_what_to_type_and_that_works(start, tmp_path):
    code, metrics = "echo loss: 0.5 >&2", {"loss": r"loss: (\S+)"}
    reason = reason_of(start(Program("sh", "-c", code, metrics=metrics, resource=None)))
    advice = 'begin the command with sh -c "exec \\"$@\\" 2>&1" -'
    assert reason.endswith(f"'loss: 0.5'. The standard output alone is searched: {advice}")
    both = shlex.split(advice.removeprefix("begin the command with "))
    assert rows(tmp_path / "both", Program(*both, "sh", "-c", code, metrics=metrics, resource=None)) == [{"loss": 0.5}]


def test_a_trial_that_was_heard_has_no_reason_though_nothing_is_printed(start):
    assert reason_of(start(Snippet("Reporter()(step=1, loss=0.5)"))) == ""


def test_a_part_of_a_number_fails_the_trial_and_its_first_report_ends_the_experiment(tmp_path):
    benchmark = Program("echo", "loss 1.05e-06", metrics={"loss": "loss ([0-9.]+)"}, resource=None)
    assert rows(tmp_path, benchmark) == []
    assert load_experiment(tmp_path).metadata["reason"] == (
        "the first report, of trial 0, would not be true: benchmark.metrics.loss='loss ([0-9.]+)' matched '1.05' of "
        "'1.05e-06', in the line 'loss 1.05e-06'.\nType benchmark.metrics.loss='loss (\\S+)'"
    )


def test_the_log_has_what_was_printed_all_the_same(tmp_path):
    rows(tmp_path, Program("sh", "-c", 'echo \'[tunekit-report] {"step": 1, "loss": 3}\'; echo more'))
    assert (tmp_path / "0" / "stdout.log").read_text() == '[tunekit-report] {"step": 1, "loss": 3}\nmore\n'


def test_reports_that_cannot_be_appended_are_told_of(start):
    """The script has put a folder in the place of the file."""
    code = 'mkdir $TUNEKIT_REPORTS; echo \'[tunekit-report] {"step": 1, "loss": 3}\''
    until = start(Program("sh", "-c", code))
    with pytest.warns(TunekitWarning, match=r"reports that it has printed: Is a directory"):
        until(TrialEnded)
