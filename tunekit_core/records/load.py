"""Read an experiment back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from tunekit_core.engine.events import Recorded
from tunekit_core.engine.summary import without_summary
from tunekit_core.errors import RecordError
from tunekit_core.records.cells import columns_of, series
from tunekit_core.records.event_file import EventFile
from tunekit_core.records.files import EVENTS, METADATA, RESULTS, checked_path, read_metadata
from tunekit_core.records.results_file import check_results, n_rows, opened_results
from tunekit_core.records.so_far import read_so_far
from tunekit_core.records.trial_folders import checkpoint_of
from tunekit_core.space import SearchSpace

if TYPE_CHECKING:
    import pandas as pd

WITHOUT_EVENTS = (
    "Simulated experiments keep none, since they are cheap to repeat: type the same command again. One of your own "
    "keeps them with ExperimentRecord(FOLDER, keep_events=True)."
)


@attrs.frozen(slots=False)
class Experiment:
    """What an experiment left on disk.

    Of one whose process was killed, or that still runs, it is what the experiment had come to when it was loaded.

    Attributes:
        path: Its folder.
        metadata: ``metadata.json``; a status ``running`` without a live process reads ``interrupted``. Of an experiment
            that has not come to its end, counts, failures and the incumbent are those that its record tells.
    """

    path: Path
    metadata: dict[str, Any]
    _recorded: bytes | None = attrs.field(default=None, repr=False)  # results that were read from the record

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def search_space(self) -> SearchSpace:
        """The search space.

        Raises:
            RecordError: If the metadata hold none.
        """
        try:
            return SearchSpace.from_json(self.metadata["search_space"])
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise RecordError(f"{self.path / METADATA} holds no search space: {error}") from error

    @cached_property
    def results(self) -> pd.DataFrame:
        """A row per report, in the order of time. Columns as in :mod:`tunekit_core.records.results`.

        Those of an experiment that has not come to its end are read from its record, which lacks the columns of
        composers.

        What configurations hold comes back as it was, with its type: a category that is text stays text whatever it
        looks like, and a column whose values differ in type, or may be ``None``, has the type ``object``.

        Raises:
            RecordError: If the experiment has neither results nor a record of events, or the results are damaged.
        """
        import pandas as pd

        path = self.path / RESULTS
        if self._recorded is None and not path.exists():
            raise self._nothing_to_read()
        # Text such as "None" stays text, and numbers are what was written: up to pandas 3.0 the default could be off
        # in the last digit, from 3.1 on the option is deprecated.
        options: dict[str, Any] = {"keep_default_na": False, "low_memory": False}
        if tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1):
            options["float_precision"] = "round_trip"
        columns = {f"config_{name}": column for name, column in columns_of(self.search_space).items()}
        if self._recorded is None and "n_reports" in self.metadata:
            check_results(self.path, n_rows(self.metadata))
        with opened_results(self.path, self._recorded) as text:
            try:
                header = pd.read_csv(text, nrows=0).columns
            except pd.errors.EmptyDataError:  # the experiment ended before the first report
                return pd.DataFrame()
            text.seek(0)
            options["dtype"] = {name: str for name in header if name in columns}
            options["na_values"] = {name: ["", "nan"] for name in header if name not in columns}
            frame: pd.DataFrame = pd.read_csv(text, **options)
            for name, column in columns.items():
                frame[name] = series(column.read(frame[name]), column)
        return frame

    @property
    def failed_trials(self) -> list[int]:
        """Ids of the trials that have failed, sorted. Their reports are in the results, and count for nothing.

        Raises:
            RecordError: If the experiment has not come to its end and has no record of events.
        """
        self._check_can_be_read()
        return list(self.metadata.get("failed_trials", []))

    def best_configuration(self) -> dict[str, Any]:
        """The configuration of the incumbent at the end, or so far.

        Raises:
            RecordError: If no trial reported, none met the constraint, or the experiment has not come to its end and
                has no record of events.
        """
        return dict(self._incumbent()["configuration"])

    def recommended_configuration(self) -> dict[str, Any]:
        """The configuration that is expected to be best, which of noisy reports the best one need not tell.

        It is what the model of the searcher recommended when the experiment ended, or the best configuration where
        nothing was recommended: searchers without a model do not, and an experiment that was killed or still runs has
        not come to that.

        Raises:
            RecordError: As for :meth:`best_configuration`.
        """
        recommended = self.metadata.get("recommended")
        return self.best_configuration() if recommended is None else dict(recommended["configuration"])

    def best_value(self) -> float:
        """The first metric of the incumbent at the end, or so far.

        Raises:
            RecordError: As for :meth:`best_configuration`.
        """
        metrics, metric = self._incumbent()["metrics"], self.metadata["metric"][0]
        if metric not in metrics:
            raise RecordError(f"{self.path / METADATA} is damaged: its incumbent has no {metric}.")
        return float(metrics[metric])

    def best_checkpoint(self) -> Path:
        """The folder with the checkpoint of the incumbent's trial, of trials that ran on this machine.

        It is what the script published at the resource of the best report, and else the newest that there is: of every
        trial the best and the newest three are kept.

        Raises:
            RecordError: As for :meth:`best_configuration`, or if there is none; it says why.
        """
        incumbent = self._incumbent()
        return checkpoint_of(self.path, self.metadata, incumbent["trial_id"], incumbent["resource"])

    def best_over_time(self) -> pd.DataFrame:
        """The best value so far, after each report: columns ``st_tuner_time`` (seconds) and the first metric.

        Reports that do not meet the constraint of the experiment, if it has one, and reports of trials that have
        failed count as worst.
        """
        import numpy as np

        results = self.results  # first: one that failed before it began has neither these nor a metric
        metric, mode = self.metadata["metric"][0], self.metadata["mode"][0]
        worst = np.inf if mode == "min" else -np.inf
        frame = results.reindex(columns=["st_tuner_time", metric])  # an experiment without a report has none
        values = frame[metric].to_numpy(float)
        values = np.where(np.isfinite(values) & self._feasible() & ~self._of_failed_trials(), values, worst)
        frame[metric] = np.minimum.accumulate(values) if mode == "min" else np.maximum.accumulate(values)
        return frame

    def _check_can_be_read(self) -> None:
        if "ended" not in self.metadata and self._recorded is None:
            raise self._nothing_to_read()

    def _nothing_to_read(self) -> RecordError:
        status, reason = self.metadata["status"], self.metadata.get("reason")
        return RecordError(
            f"{self.path / RESULTS} does not exist: the experiment is {status}{f' ({reason})' if reason else ''}, and "
            f"there is no {EVENTS} that tells what it had come to. {WITHOUT_EVENTS}"
        )

    def _incumbent(self) -> Mapping[str, Any]:
        self._check_can_be_read()
        incumbent: Mapping[str, Any] | None = self.metadata.get("incumbent")
        if incumbent is not None:
            return incumbent
        name = self.metadata.get("constraint")
        what = "a finite value" if name is None else f"a finite value with {name} at most 0"
        nobody = f"no trial has reported {what}"
        if "best_of_failed" in self.metadata:
            nobody = f"all trials that have reported {what} have failed"
        failures = [f" Trial {each['trial_id']} failed: {each['reason']}" for each in self.metadata.get("failures", [])]
        raise RecordError(f"{self.path}: {nobody}.{''.join(failures[:1])}")

    def _of_failed_trials(self) -> Any:
        """Whether each report is of a trial that has failed, sooner or later: an array."""
        return self.results.reindex(columns=["trial_id"])["trial_id"].isin(self.failed_trials).to_numpy(bool)

    def _feasible(self) -> Any:
        """Whether each report meets the constraint: one boolean, or an array."""
        import numpy as np

        name = self.metadata.get("constraint")
        if name is None:
            return True
        values = self.results.reindex(columns=[name])[name].to_numpy(float)
        return np.isfinite(values) & (values <= 0)


def load_experiment(path: Path | str, *, results_dir: Path | str = "results") -> Experiment:
    """Read an experiment, also one whose process was killed or that still runs; nothing in its folder is changed.

    Where it has not come to its end, what it has come to so far is read from its record, in about 3 seconds for 100,000
    reports.

    Args:
        path: Its folder, or the name of its folder somewhere below ``results_dir``, with as many of the folders above
            it as make it unique.
        results_dir: Where to look for a name.

    Raises:
        RecordError: If there is no such experiment, several have that name, its metadata cannot be read, or the record
            of one that has not come to its end is damaged.
        ConfigurationError: If what is given is no path.
    """
    folder, below = checked_path(path, "path"), checked_path(results_dir, "results_dir")
    if not (folder / METADATA).exists():
        folders = (file.parent for file in below.glob(f"**/{METADATA}"))
        found = sorted(each for each in folders if each.parts[-len(folder.parts) :] == folder.parts)
        if len(found) != 1:
            what = "no experiment" if not found else f"{len(found)} experiments: {', '.join(map(str, found))}"
            raise RecordError(f"'{path}': found {what}. Give the folder that holds {METADATA}.")
        folder = found[0]
    metadata = read_metadata(folder)
    has_results = "ended" in metadata and (folder / RESULTS).exists()
    if has_results or not (folder / EVENTS).exists():
        return Experiment(folder, metadata)
    so_far = read_so_far(folder, metadata)
    if metadata.get("n_reports") != so_far.summary["n_reports"]:  # the end is not told, or was lost
        metadata = without_summary(metadata) | so_far.summary
    return Experiment(folder, metadata, so_far.results)


def read_events(folder: Path | str) -> list[Recorded]:
    """Read ``events.jsonl``, as :func:`fold` takes it.

    A last line without an end was being written when the process died. It is left out: an event is acted on only
    after it was written, so what it tells never happened.

    Args:
        folder: The folder of an experiment.

    Raises:
        RecordError: If the experiment kept no events, or the file is damaged or of another format.
    """
    path = Path(folder) / EVENTS
    if not path.exists():
        raise RecordError(f"{path} does not exist: the experiment was run without keep_events.")
    return list(EventFile(path).read())
