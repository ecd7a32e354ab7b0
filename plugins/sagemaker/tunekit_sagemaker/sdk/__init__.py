"""What was written for the SDK of SageMaker, run by tunekit: a ``ModelTrainer``, or an estimator of its version 2.

The SDK itself is not imported: whoever hands its objects over has it.
"""

from __future__ import annotations

from typing import Any

from tunekit_core import ConfigurationError
from tunekit_sagemaker.sdk.estimators import read_estimator_of_v2
from tunekit_sagemaker.sdk.handed_over import HandedOver
from tunekit_sagemaker.sdk.trainers import read_trainer

__all__ = ["HandedOver", "read_estimator"]


def read_estimator(estimator: Any) -> HandedOver:
    """Read what an object of the SDK says of its jobs, in the words of tunekit.

    >>> job = read_estimator(trainer)
    >>> space = {**job.hyperparameters, "lr": "loguniform(1e-3,10)"}
    >>> benchmark = create("benchmark", "script", **job.script, space=space, metric="loss", resource="epoch")
    >>> backend = create("backend", "sagemaker", problem, benchmark, folder, streams, **job.options)

    Where files go, names of jobs and the session are tunekit's own.

    Args:
        estimator: A ``ModelTrainer`` of version 3, or an estimator of version 2, such as ``PyTorch``, ``HuggingFace``
            or ``Estimator`` with an image of your own.

    Raises:
        ConfigurationError: If it is neither, or says what tunekit cannot do, by the name that this has there.
    """
    classes = {each.__name__ for each in type(estimator).__mro__}
    if "ModelTrainer" in classes:
        return read_trainer(estimator)
    if "EstimatorBase" in classes:
        return read_estimator_of_v2(estimator)
    raise ConfigurationError(
        f"A {type(estimator).__name__} is no ModelTrainer and no estimator of the sagemaker SDK. Hand one of these "
        "over, or give the options of backend=sagemaker themselves."
    )
