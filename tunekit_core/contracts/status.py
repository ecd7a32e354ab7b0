"""Where an experiment stands."""

from __future__ import annotations

import enum


class ExperimentStatus(enum.Enum):
    """The status of an experiment; its value is what ``metadata.json`` says.

    Attributes:
        RUNNING: A live process writes it.
        COMPLETED: It came to its end.
        FAILED: It was given up, or an error ended it.
        INTERRUPTED: It was ended from outside before its end; where a backend can restore it, it can be resumed.
    """

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
