"""Our benchmarks keep their contract."""

import functools
import sys

import pytest

from tunekit_benchmarks.synthetic.families import PRESETS
from tunekit_core import create
from tunekit_core.testing import BenchmarkContract


class TestFcnet(BenchmarkContract):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "benchmark", "fcnet")


class TestFcnetDiabetes(BenchmarkContract):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "benchmark", "fcnet", dataset="diabetes", trained_only=True)


class TestHeight(BenchmarkContract):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "benchmark", "height")


class TestMlpDigits(BenchmarkContract):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "benchmark", "mlp_digits")


class TestCheckpointExample(BenchmarkContract):
    @pytest.fixture
    def make(self):
        return functools.partial(create, "benchmark", "checkpoint_example")


class TestScript(BenchmarkContract):
    @pytest.fixture
    def make(self, tmp_path):
        (tmp_path / "train.py").touch()
        options = {
            "command": f"{sys.executable} train.py",
            "folder": str(tmp_path),
            "space": {"lr": "loguniform(1e-4,1e-1)"},
            "metric": "loss",
            "resource": "epoch",
            "max_resource": 27,
            "max_resource_attr": "epochs",
            "environment": {"MODE": "fast"},
        }
        return functools.partial(create, "benchmark", "script", **options)


@pytest.mark.parametrize("family", PRESETS)
class TestSynthetic(BenchmarkContract):
    @pytest.fixture
    def make(self, family):
        return functools.partial(create, "benchmark", "synthetic", family=family, instance=1)
