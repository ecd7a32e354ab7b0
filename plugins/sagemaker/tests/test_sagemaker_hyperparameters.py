import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tunekit_core import render_command
from tunekit_sagemaker.container import entry
from tunekit_sagemaker.jobs.hyperparameters import as_hyperparameters

VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40)


def read(tmp_path, texts):
    path = tmp_path / "input/config/hyperparameters.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(texts))
    return entry.read_configuration(str(tmp_path), str(tmp_path / "trial"))


@pytest.mark.parametrize(
    ("value", "text", "arguments"),
    [
        (1e-05, "1e-05", ["--x", "1e-05"]),
        (64, "64", ["--x", "64"]),
        (-3, "-3", ["--x", "-3"]),
        (-1e-05, "-1e-05", ["--x=-1e-05"]),
        (True, "true", ["--x", "True"]),
        ("true", '"true"', ["--x", "true"]),
        ("relu", "relu", ["--x", "relu"]),
        ("1", '"1"', ["--x", "1"]),
        ("NaN", '"NaN"', ["--x", "NaN"]),
        ('"1"', '"\\"1\\""', ["--x", '"1"']),
        ("two\nlines", '"two\\nlines"', ["--x", "two\nlines"]),
        ("", "", ["--x", ""]),
        (np.float64(0.5), "0.5", ["--x", "0.5"]),
    ],
)
def test_a_value_reaches_the_script_as_it_does_on_this_machine(tmp_path, value, text, arguments):
    texts = as_hyperparameters({"x": value})
    assert texts == {"x": text}
    places = {"templates": {}, "folder": "", "checkpoint": "", "seed": 0}
    assert render_command(["train"], read(tmp_path, texts), **places).words == ["train", *arguments]


@settings(deadline=None)
@given(st.dictionaries(st.text("abc-_.", min_size=1), VALUES, max_size=5))
def test_a_configuration_comes_back_with_its_types(tmp_path_factory, configuration):
    texts = as_hyperparameters(configuration)
    found = read(tmp_path_factory.getbasetemp() / "job", texts)
    assert found == configuration
    assert [type(value) for value in found.values()] == [type(value) for value in configuration.values()]


@pytest.mark.parametrize(
    "configuration",
    [{f"x{i}": i for i in range(101)}, {"x": "a" * 257}, {"x" * 257: 1}, {"two\nlines": 1}],
)
def test_what_sagemaker_does_not_take_is_no_hyperparameter(configuration):
    assert as_hyperparameters(configuration) is None


def test_what_sagemaker_takes_is_one():
    assert len(as_hyperparameters({f"x{i}": "a" * 256 for i in range(100)})) == 100
