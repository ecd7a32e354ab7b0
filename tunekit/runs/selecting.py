"""Which of the runs that a command plans it runs, where it names the statuses of those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tunekit.config.composition.sweep_options import MISSING
from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import plural
from tunekit_core.contracts.status import ExperimentStatus


def status_text(status: ExperimentStatus | None) -> str:
    """The status of a run as it is typed and shown; of one that is not there, or does not count, that it is missing."""
    return MISSING if status is None else status.value


def with_status(
    specs: Sequence[RunSpec], statuses: Mapping[Path, ExperimentStatus | None], only: Sequence[str]
) -> list[RunSpec]:
    """The runs that are complete, and of the others those with one of some statuses.

    Args:
        specs: Runs that are planned.
        statuses: By the folder of each what is in it.
        only: The statuses; where it is empty all runs are meant.
    """
    texts = {spec.folder: status_text(statuses[spec.folder]) for spec in specs}
    return [spec for spec in specs if not only or texts[spec.folder] in (*only, ExperimentStatus.COMPLETED.value)]


def left_out(n: int, only: Sequence[str]) -> str:
    """How many runs are left out, as a sentence that begins with a blank; nothing if none is."""
    return f" Left out by hydra.sweeper.only=[{','.join(only)}]: {plural(n, 'run')}." if n else ""
