"""The control plane of SageMaker on this machine, with jobs that are processes."""

from tunekit_sagemaker.emulator.emulator import Emulator
from tunekit_sagemaker.emulator.settings import Delays

__all__ = ["Delays", "Emulator"]
