"""Read an experiment back."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from tunekit_core.errors import RecordError
from tunekit_core.records.files import METADATA, RESULTS, read_metadata
from tunekit_core.space import SearchSpace

if TYPE_CHECKING:
    import pandas as pd


@attrs.frozen(slots=False)
class Experiment:
    """What an experiment left on disk.

    Attributes:
        path: Its folder.
        metadata: ``metadata.json``; a status ``running`` without a live process reads ``interrupted``.
    """

    path: Path
    metadata: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def search_space(self) -> SearchSpace:
        """The search space."""
        return SearchSpace.from_json(self.metadata["search_space"])

    @cached_property
    def results(self) -> pd.DataFrame:
        """A row per report, in the order of time. Columns as in :mod:`tunekit_core.records.results`.

        Raises:
            RecordError: If the experiment wrote none, as one that is still running.
        """
        import pandas as pd

        path = self.path / RESULTS
        if not path.exists():
            raise RecordError(f"{path} does not exist: the experiment is {self.metadata['status']}.")
        try:
            return pd.read_csv(path)
        except pd.errors.EmptyDataError:  # the experiment ended before the first report
            return pd.DataFrame()

    def best_configuration(self) -> dict[str, Any]:
        """The configuration of the incumbent at the end.

        Raises:
            RecordError: If no trial reported.
        """
        incumbent = self.metadata.get("incumbent")
        if incumbent is None:
            raise RecordError(f"{self.path}: no trial has reported yet.")
        return dict(incumbent["configuration"])

    def best_over_time(self) -> pd.DataFrame:
        """The best value so far, after each report: columns ``st_tuner_time`` (seconds) and the first metric."""
        import numpy as np

        metric, mode = self.metadata["metric"][0], self.metadata["mode"][0]
        worst = np.inf if mode == "min" else -np.inf
        frame = self.results[["st_tuner_time", metric]].copy()
        values = frame[metric].to_numpy(float)
        values = np.where(np.isfinite(values), values, worst)
        frame[metric] = np.minimum.accumulate(values) if mode == "min" else np.maximum.accumulate(values)
        return frame


def load_experiment(path: Path | str, *, results_dir: Path | str = "results") -> Experiment:
    """Read an experiment.

    Args:
        path: Its folder, or the name of its folder somewhere below ``results_dir``.
        results_dir: Where to look for a name.

    Raises:
        RecordError: If there is no such experiment, or several have that name.
    """
    folder = Path(path)
    if not (folder / METADATA).exists():
        found = sorted(file.parent for file in Path(results_dir).glob(f"**/{folder.name}/{METADATA}"))
        if len(found) != 1:
            what = "no experiment" if not found else f"{len(found)} experiments: {', '.join(map(str, found))}"
            raise RecordError(f"'{path}': found {what}. Give the folder that holds {METADATA}.")
        folder = found[0]
    return Experiment(folder, read_metadata(folder))
