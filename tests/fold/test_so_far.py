"""The record of an experiment tells its results, without the components that made it."""

import json

import pytest

from tests.fold.generated import experiment
from tunekit_core.records.files import read_metadata
from tunekit_core.records.so_far import read_so_far
from tunekit_core.testing import live


@pytest.mark.parametrize("number", range(0, 100, 2))
def test_the_record_of_any_experiment_tells_its_results_and_its_summary(number, tmp_path):
    drawn = experiment(number)
    live(drawn.make, drawn.setup, tmp_path)
    metadata = read_metadata(tmp_path)
    so_far = read_so_far(tmp_path, metadata)
    assert so_far.results == (tmp_path / "results.csv.zip").read_bytes()
    told = json.dumps({name: metadata[name] for name in so_far.summary})  # NaN equals itself there
    assert json.dumps(so_far.summary) == told
