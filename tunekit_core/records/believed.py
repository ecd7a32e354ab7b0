"""What is believed of an experiment on disk: that it is complete only with its metadata and its results, both whole."""

from __future__ import annotations

from pathlib import Path

import attrs

from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import RecordError
from tunekit_core.records.files import METADATA, read_metadata
from tunekit_core.records.metadata_fields import HASH
from tunekit_core.records.results_file import check_results, n_rows


@attrs.frozen
class Found:
    """What there is in the folder of an experiment.

    Attributes:
        status: ``None`` if there is no experiment, another one, or one of which too little is whole to count.
        damage: Which file does not count, and why; empty if all do.
    """

    status: ExperimentStatus | None
    damage: str = ""


def find(folder: Path, run_hash: str | None = None) -> Found:
    """Look what there is. Of a complete experiment the results are read through, which takes a few milliseconds.

    Args:
        folder: The folder.
        run_hash: That of the run that is looked for, if it is not any: a folder is renamed after what it holds has
            become another run.
    """
    if not (folder / METADATA).exists():
        return Found(None)
    try:
        metadata = read_metadata(folder)
        if run_hash is not None and metadata.get(HASH) != run_hash:
            return Found(None)
        status = ExperimentStatus(metadata["status"])
        if status is ExperimentStatus.COMPLETED:
            check_results(folder, n_rows(metadata))
    except RecordError as error:
        return Found(None, str(error))
    return Found(status)
