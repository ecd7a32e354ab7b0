"""What a run is while it runs: another one than was planned, once its program is edited or it gets another end."""

from __future__ import annotations

from tunekit.config.specs.run_spec import RunSpec
from tunekit_core.records.experiment import ExperimentRecord


class PresentRun:
    """A run, and what it has become.

    Args:
        planned: The run that was begun.

    Attributes:
        planned: As above.
        spec: What it is now.
    """

    def __init__(self, planned: RunSpec) -> None:
        self.planned = planned
        self.spec = planned

    @property
    def has_changed(self) -> bool:
        """Whether it is another one than was begun."""
        return self.spec != self.planned

    def become(self, spec: RunSpec, record: ExperimentRecord) -> None:
        """From now on it is another one; its record says so."""
        record.amend(spec.metadata())
        self.spec = spec
