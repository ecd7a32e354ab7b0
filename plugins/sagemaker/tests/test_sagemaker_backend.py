from pathlib import Path

import pytest

from tunekit_core import Script, Streams
from tunekit_core.testing import BackendContract, ToyBenchmark, toy_problem
from tunekit_sagemaker.backend.backend import SageMakerBackend
from tunekit_sagemaker.backend.options import SageMakerOptions

HERE = Path(__file__).parent
QUICK = {"poll_interval": 0.05, "settle_time": 2.0, "image": "image"}


class ToyTraining(ToyBenchmark):
    """The toy benchmark as a script, with arguments as given."""

    def __init__(self, *arguments):
        super().__init__()
        self.arguments = arguments

    def script(self):
        command = ("python", "train.py", "--seconds", "0.3", *self.arguments)
        return Script(command, HERE, sources=(Path("train.py"),))

    def backend(self, folder, **options):
        options = SageMakerOptions(**{**QUICK, **options})
        return SageMakerBackend(toy_problem(self), self, folder, Streams(0), options)


class TestContract(BackendContract):
    @pytest.fixture
    def make(self, emulator, tmp_path):
        return lambda problem, benchmark: ToyTraining().backend(tmp_path / "tag/method/run")

    @pytest.fixture
    def make_failing(self, emulator, tmp_path):
        return lambda problem, benchmark: ToyTraining("--fails_at", "3").backend(tmp_path / "tag/method/run")


class TestContractOfPublishedCheckpoints(TestContract):
    @pytest.fixture
    def make(self, emulator, tmp_path):
        return lambda problem, benchmark: ToyTraining("--publishes").backend(tmp_path / "tag/method/run")
