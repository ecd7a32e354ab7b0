"""Types of instances that SageMaker does not have, refused before anything is paid for."""

from __future__ import annotations

from tunekit_core import InvalidOption, suggestion
from tunekit_sagemaker.aws.limits import check_instance_type, known_instance_types
from tunekit_sagemaker.backend.options import SageMakerOptions


def require_instance_types(options: SageMakerOptions) -> None:
    """Check the types that options name.

    Raises:
        InvalidOption: If SageMaker has none of such a name.
    """
    named = [("instance_type", options.instance_type), *(("instance_types", each) for each in options.instance_types)]
    for option, name in named:
        if check_instance_type(name):
            raise InvalidOption(
                option,
                name,
                "is no type of instance that the installed boto3 knows for training. "
                f"{suggestion(name, known_instance_types())}For a newer one type `pip install --upgrade boto3`",
            )
