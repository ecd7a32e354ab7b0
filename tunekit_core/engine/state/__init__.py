"""The state of an experiment: trials, counters and incumbents, and what a report means in it."""

from tunekit_core.engine.state.experiment_state import ExperimentState
from tunekit_core.engine.state.reading import MAX_BITS, Reader, as_recorded, taken_columns
from tunekit_core.engine.state.view import View

__all__ = ["MAX_BITS", "ExperimentState", "Reader", "View", "as_recorded", "taken_columns"]
