"""What is run again and again: cheap experiments, and what each comes to when nobody disturbs it."""

import os
import shutil
import sys
import time
from functools import cached_property
from pathlib import Path

import attrs

from tests.campaign.processes import MARK, Command, NotSurvived, marked

TRAIN = '''"""Stands in for training: it depends on its configuration alone, and goes on from its checkpoint."""
import json, os, sys, time

with open(os.environ["TUNEKIT_CONFIGURATION"]) as file:
    configuration = json.load(file)
checkpoint = os.path.join(os.environ["TUNEKIT_CHECKPOINT_DIR"], "epoch.json")
until = int(sys.argv[sys.argv.index("--epochs") + 1])
done = json.load(open(checkpoint)) if os.path.exists(checkpoint) else 0
reports = os.open(os.environ["TUNEKIT_REPORTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
for epoch in range(done + 1, until + 1):
    time.sleep(0.03)
    line = {"epoch": epoch, "loss": round(configuration["x"] * (1 + 1 / epoch), 9), "st_worker_timestamp": 0}
    line = (json.dumps(line) + "\\n").encode()
    if os.write(reports, line) < len(line):
        sys.exit("the disk is full")
    with open(checkpoint + ".part", "w") as file:
        json.dump(epoch, file)
    os.replace(checkpoint + ".part", checkpoint)
'''
STUDY = '''"""Tunes a Python function; arguments are those of `overrides`."""
import sys

from tunekit import Reporter, tune
from tunekit_core.errors import TunekitError


def train(x):
    report = Reporter()
    for epoch in range(1, 4):
        report(epoch=epoch, loss=round(x * (1 + 1 / epoch), 9))


if __name__ == "__main__":
    try:
        found = tune(train, {"x": "uniform(0, 1)"}, resource="epoch", method="RS", n_workers=1, overrides=sys.argv[1:])
        print(found.best_value)
    except (TunekitError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
'''
READ = '''"""Reads an experiment back: its status, and a line for each row; or one line of an error."""
import sys

from tunekit_core import load_experiment
from tunekit_core.errors import RecordError

folder, *columns = sys.argv[1:]
try:
    experiment = load_experiment(folder)
    results = experiment.results
    experiment.failed_trials
except RecordError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
print(experiment.metadata["status"], len(results))
for row in results.reindex(columns=["trial_id", *columns]).itertuples(index=False):
    print(*row)
'''
OWN = (
    *("benchmark=script", "backend=local", "benchmark.space.x=uniform(0,1)", "benchmark.resource=epoch"),
    *("benchmark.max_resource=4", "benchmark.max_resource_attr=epochs"),  # a script that ran ahead would end elsewhere
)
RETRIED = "backend.trial_retries=50"  # a trial that is killed is begun again, and so comes to the same
SHORT = "stopping.max_wallclock_time=50"
FINISHED = "stopping.max_num_trials_finished={}"


@attrs.frozen(slots=False, eq=False)
class Experiment:
    """A command, and where it was run without being disturbed.

    Attributes:
        name: For people.
        words: What follows ``python -m tunekit``; or, of a function, the script that tunes it and its arguments.
        is_exact: Whether the same command comes to the same, so that results are compared to the byte.
        is_simulated: Then times are the same too.
        n_runs: So many runs.
        undisturbed: Folder in which it was run.
        seconds: How long that took.
        out: What it printed last, when all was complete.
    """

    name: str
    words: tuple
    is_exact: bool
    is_simulated: bool
    n_runs: int
    undisturbed: Path
    seconds: float
    out: str

    @property
    def is_function(self):
        return self.words[0].endswith(".py")

    @cached_property
    def runs(self):
        """Folders of its runs, relative to where it is run, sorted."""
        return runs_below(self.undisturbed)


def runs_below(folder):
    found = {path.parent.relative_to(folder) for path in folder.glob("results/*/*/*/metadata.json")}
    return sorted(path for path in found if "set-aside" not in path.name)


@attrs.frozen
class Place:
    """Where the rounds of a campaign are: a folder for each beside the program, and what their processes are given."""

    root: Path

    @property
    def program(self):
        return self.root / "program"

    def environment(self, folder):
        outer = {name: value for name, value in os.environ.items() if not name.startswith("TUNEKIT")}
        return {**outer, MARK: str(folder), "TMPDIR": str(self.root / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}

    def words(self, words):
        words = [*words]
        return [sys.executable, *words] if words[0].endswith(".py") else [sys.executable, "-m", "tunekit", *words]

    def prepare(self):
        """Write the program, and run every experiment undisturbed; what they are, by name."""
        for folder in (self.program, self.root / "tmp", self.root / "undisturbed"):
            folder.mkdir(parents=True)
        (self.program / "train.py").write_text(TRAIN)
        (self.program / "study.py").write_text(STUDY)
        (self.program / "read.py").write_text(READ)
        own = (*OWN, f"benchmark.command={sys.executable} -S train.py", f"benchmark.folder={self.program}", RETRIED)
        one = ("method=RS", *own, "n_workers=1")
        sweep = ("--multirun", "seed=range(3)", "hydra.sweeper.n_jobs=2")
        study = (str(self.program / "study.py"), RETRIED)
        kinds = {  # words, whether it is exact and simulated, number of runs
            "one": ((*one, FINISHED.format(5)), True, False, 1),
            "longer": ((*one, FINISHED.format(8)), True, False, 1),
            "asha": (("method=ASHA", *own, "n_workers=1", FINISHED.format(3)), True, False, 1),
            "two": (("method=RS", *own, "n_workers=2", FINISHED.format(6)), False, False, 1),
            "sweep": (("method=ASHA", "benchmark=fcnet", SHORT, *sweep), True, True, 3),
            "scripts": ((*one, FINISHED.format(3), *sweep), True, False, 3),
            "function": ((*study, FINISHED.format(3)), True, False, 1),
        }
        return {name: self._undisturbed(name, *kind) for name, kind in kinds.items()}

    def _undisturbed(self, name, words, is_exact, is_simulated, n_runs):
        folder = self.root / "undisturbed" / name
        folder.mkdir()
        began = time.monotonic()
        for number in (1, 2):  # the second finds everything complete
            command = Command(self.words(words), folder, number, self.environment(folder))
            finished = command.finish()
            if finished.status != 0:
                raise NotSurvived(f"undisturbed, {name} ends with status {finished.status}: {finished.told[-2000:]}")
            if number == 1:
                seconds = time.monotonic() - began
        while marked(folder):
            time.sleep(0.05)
        experiment = Experiment(name, words, is_exact, is_simulated, n_runs, folder, seconds, finished.out)
        if len(experiment.runs) != n_runs:
            raise NotSurvived(f"undisturbed, {name} has {len(experiment.runs)} runs")
        return experiment


@attrs.define
class Round:
    """One fault of the campaign: its number decides what it is, and all that is random in it.

    Attributes:
        notes: What was done, for people.
    """

    number: int
    rng: object
    folder: Path
    place: Place
    experiments: dict
    notes: list = attrs.Factory(list)
    _n_commands: int = 0

    def note(self, text):
        self.notes.append(text)

    def start(self, words, *, largest=None, around=()):
        """Start a command in the folder of the round.

        Args:
            words: As in :class:`Experiment`.
            largest: As of a command.
            around: What runs it, as ``unshare`` does.
        """
        self._n_commands += 1
        command = [*around, *self.place.words(words)]
        environment = self.place.environment(self.folder)
        return Command(command, self.folder, self._n_commands, environment, largest=largest)

    def run(self, words, **options):
        """Run a command to its end; no traceback may be in what it says."""
        finished = self.start(words, **options).finish()
        without_traceback(finished)
        return finished

    def again(self, experiment):
        """What to type to go on: the same command, or sometimes ``resume``."""
        runs = runs_below(self.folder)
        can_resume = experiment.n_runs == 1 and not experiment.is_function and len(runs) == 1
        if can_resume and (self.folder / runs[0] / "events.jsonl").exists() and self.rng.random() < 0.5:
            return ("resume", str(self.folder / runs[0]))
        return experiment.words

    def copy_complete(self, experiment):
        """Put what the undisturbed experiment left into the folder of the round."""
        shutil.copytree(experiment.undisturbed / "results", self.folder / "results")


def without_traceback(finished):
    text = finished.out + finished.err
    if "Traceback (most recent call last)" in text:
        raise NotSurvived(f"a traceback, with status {finished.status}: {text[-3000:]}")
