"""Experiments that were run elsewhere get their folders here: all of it or nothing, and nothing is lost."""

import shutil

import pytest

from tunekit_core import load_experiment, receive_experiment
from tunekit_core.records.files import write_metadata
from tunekit_core.records.lock import FolderLock
from tunekit_core.testing.experiments import Setup, live
from tunekit_core.testing.components import PausesAndStops

HASH = "0123456789ab"


@pytest.fixture
def elsewhere(tmp_path):
    """The folder of a complete experiment."""
    folder = tmp_path / "elsewhere"
    live(lambda problem, streams: PausesAndStops(problem, streams), Setup(max_evaluations=20), folder)
    return folder
