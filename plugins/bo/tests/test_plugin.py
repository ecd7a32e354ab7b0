import subprocess
import sys
from importlib.resources import files

import pytest
import yaml

from tunekit_core import ConfigurationError, Objective, Problem, SearchSpace, Streams, create, uniform

PROBLEM = Problem(space=SearchSpace({"x": uniform(0.0, 1.0)}), objective=Objective("loss"), max_resource=9)


@pytest.mark.parametrize("name", ["bo", "mobster", "hypertune", "dyhpo", "freeze_thaw", "botorch"])
def test_every_searcher_has_an_options_file_that_names_it(name):
    text = (files("tunekit_bo.conf") / "searcher" / f"{name}.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["name"] == name


@pytest.mark.parametrize("name", ["bo", "mobster", "hypertune", "dyhpo", "freeze_thaw"])
def test_searchers_are_created_by_name(name):
    assert create("searcher", name, PROBLEM, Streams(0), num_init_random=4).name == name


def test_an_unknown_acquisition_resource_is_refused():
    with pytest.raises(ConfigurationError, match=r"searcher\.resource_acq='last' .*'bohb' \| 'first' \| 'final'"):
        create("searcher", "mobster", PROBLEM, Streams(0), resource_acq="last")


def test_torch_is_imported_when_the_botorch_searcher_is_created_and_not_before():
    code = (
        "import sys, tunekit_bo\n"
        "assert 'scipy' not in sys.modules\n"
        "tunekit_bo.tunekit_register_searchers()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
