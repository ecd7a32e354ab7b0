"""What must be true of an experiment after a fault, beside an undisturbed one."""

import io
import json
import zipfile
from contextlib import suppress

from tests.campaign.experiments import runs_below
from tests.campaign.processes import NotSurvived
from tunekit_core import load_experiment
from tunekit_core.records.files import EVENTS, RESULTS
from tunekit_core.records.load import read_events
from tunekit_core.records.so_far import read_so_far

# What may differ between two runs of the same experiment: when things happened, in which runs of trials, and what was
# said of an end that had been decided.
FREE = {"number", "crc32", "time", "reason", "run", "has_checkpoint", "cause", "status", "place", "cost"}
UNDECIDED = {"tuner_started", "workers", "criterion", "late", "placed", "restarted"}
CLOCKS = {"st_tuner_time", "st_worker_timestamp", "st_worker_time", "st_worker_iter"}
COUNTS = ("n_started", "n_completed", "n_stopped", "n_failed", "n_paused", "n_reports", "n_restarted")


def require(condition, text):
    if not condition:
        raise NotSurvived(text)


def table(results, clocks=frozenset(CLOCKS)):
    """The table in the bytes of ``results.csv.zip``, as rows of text, without clocks."""
    with zipfile.ZipFile(io.BytesIO(results)) as archive:
        content = archive.read("results.csv")
    header, *rows = [line.split(",") for line in content.decode().splitlines()]
    kept = [i for i, name in enumerate(header) if name not in clocks]
    return [[row[i] for i in kept] for row in (header, *rows)]


def decided(record):
    """The deterministic part of a record."""
    events = map(json.loads, record.splitlines())
    return [
        {
            key: {k: v for k, v in value.items() if k not in CLOCKS} if key == "metrics" and value else value
            for key, value in event.items()
            if key not in FREE
        }
        for event in events
        if event["event"] not in UNDECIDED
    ]


def check_same(folder, experiment, *, damaged=()):
    """Every run is there, complete, and what the undisturbed one is: to the byte where that can be.

    Args:
        folder: Where the experiment was run.
        experiment: What was run.
        damaged: Files of runs that were complete: the record of these need not be right, and the bytes of results may
            be others if their table is the same.
    """
    found = runs_below(folder)
    require(found == experiment.runs, f"runs are {[*map(str, found)]}, not {[*map(str, experiment.runs)]}")
    for run in experiment.runs:
        here, there = folder / run, experiment.undisturbed / run
        has_record = here / EVENTS not in damaged
        check_whole(here, has_record=has_record)
        if experiment.is_simulated and here / RESULTS not in damaged:
            is_same = (here / RESULTS).read_bytes() == (there / RESULTS).read_bytes()
            require(is_same, f"{here / RESULTS} has other bytes than undisturbed")
        if experiment.is_exact:
            check_equal(here, there, is_simulated=experiment.is_simulated, has_record=has_record)


def check_equal(here, there, *, is_simulated=False, has_record=True):
    """Its table and the deterministic part of its record are those of the undisturbed one, but for real clocks."""
    clocks = set() if is_simulated else CLOCKS
    rows, wanted = (table((each / RESULTS).read_bytes(), clocks) for each in (here, there))
    require(rows == wanted, f"{here / RESULTS} has other rows than undisturbed: {_first_difference(rows, wanted)}")
    if is_simulated or not has_record:
        return
    events, wanted = (decided((each / EVENTS).read_bytes()) for each in (here, there))
    require(events == wanted, f"{here / EVENTS} tells other than undisturbed: {_first_difference(events, wanted)}")


def check_whole(folder, *, has_record=True):
    """It is complete, and its files agree with each other."""
    experiment = load_experiment(folder)
    metadata, results = experiment.metadata, experiment.results
    require(metadata["status"] == "completed", f"{folder} is {metadata['status']}: {metadata.get('reason')}")
    require(len(results) == metadata["n_reports"], f"{folder}: {len(results)} rows, {metadata['n_reports']} reports")
    require(folder.name.endswith(metadata["hash"]), f"{folder} is named otherwise than its hash {metadata['hash']}")
    check_numbered(folder, results)
    if not has_record or not (folder / EVENTS).exists():
        return
    told = read_so_far(folder, metadata)  # it folds
    wrong = {name: (metadata[name], told.summary[name]) for name in COUNTS if metadata[name] != told.summary[name]}
    require(not wrong, f"{folder}: metadata and record count differently: {wrong}")
    require(
        table(told.results) == table((folder / RESULTS).read_bytes()),
        f"{folder}: results are not the record's",
    )
    started = [event.trial_id for event in read_events(folder) if type(event).__name__ == "Started"]
    require(started == [*range(len(started))], f"{folder}: trials that were started are {started}")


def check_numbered(folder, results):
    """The reports of each trial are 1, 2, … without one that is missing or there twice."""
    resource = next((name for name in ("epoch", "hp_epoch") if name in results), None)
    require(resource is not None or len(results) == 0, f"{folder} has no resource: {list(results)}")
    if resource is None:
        return
    for trial_id, rows in results.groupby("trial_id"):
        found = list(rows[resource])
        require(found == [*range(1, len(found) + 1)], f"{folder}: reports of trial {trial_id} are {found}")


class Prefixes:
    """Records as they were when something happened: all that was told must stay told.

    A line that was being written then does not count.
    """

    def __init__(self, folder):
        self._folder = folder
        self._told = []

    def look(self):
        for run in runs_below(self._folder):
            with suppress(FileNotFoundError):
                content = (self._folder / run / EVENTS).read_bytes()
                self._told.append((run.name.rpartition("-")[0], content[: content.rfind(b"\n") + 1]))

    def check(self):
        for name, told in self._told:
            records = [
                (self._folder / run / EVENTS).read_bytes()
                for run in runs_below(self._folder)
                if run.name.rpartition("-")[0] == name
            ]
            require(any(each.startswith(told) for each in records), f"{name}: what was recorded is lost")


def _first_difference(found, wanted):
    for number, (a, b) in enumerate(zip(found, wanted, strict=False)):
        if a != b:
            return f"at {number}, {a} in place of {b}"
    return f"{len(found)} in place of {len(wanted)}"
