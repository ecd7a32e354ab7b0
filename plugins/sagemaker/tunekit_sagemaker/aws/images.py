"""Images of AWS for training with a framework: a table of ours, and for others the SDK, if it is installed."""

from __future__ import annotations

import os
import re
from functools import cache
from types import ModuleType

from packaging.version import InvalidVersion, Version

from tunekit_core import InvalidOption

# Accounts of AWS that have the images; of these regions the first has.
ACCOUNT = "763104351884"
OF_ACCOUNT = {
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
}
OTHER_ACCOUNTS = {
    "af-south-1": "626614931356",
    "ap-east-1": "871362719292",
    "ap-east-2": "975050140332",
    "ap-northeast-3": "364406365360",
    "ap-south-2": "772153158452",
    "ap-southeast-3": "907027046896",
    "ap-southeast-4": "457447274322",
    "ap-southeast-5": "550225433462",
    "ap-southeast-6": "633930458069",
    "ap-southeast-7": "590183813437",
    "ca-west-1": "204538143572",
    "cn-north-1": "727897471807",
    "cn-northwest-1": "727897471807",
    "eu-central-2": "380420809688",
    "eu-south-1": "692866216735",
    "eu-south-2": "503227376785",
    "il-central-1": "780543022126",
    "me-central-1": "914824155844",
    "me-south-1": "217643126080",
    "mx-central-1": "637423239942",
    "us-gov-east-1": "446045086412",
    "us-gov-west-1": "442386744353",
}
SINCE = {"pytorch": Version("1.2"), "tensorflow": Version("2.0")}  # images of earlier versions have other names
GPU = re.compile(r"ml\.[gp]\d")
ACCELERATOR = re.compile(r"ml\.(trn|inf)")  # which has images of its own
PYTHON = re.compile(r"py\d+")
SDK = "pip install 'tunekit-sagemaker[sdk]'"


def has_gpu(instance_type: str) -> bool:
    """Whether a type of instances has GPUs, so that its image has to be one for GPUs."""
    return GPU.match(instance_type) is not None


def split_framework(framework: str, path: str = "backend") -> tuple[str, str, str | None]:
    """Name and version of a framework, and the version of Python, which may be left to the SDK.

    Args:
        framework: As in ``"pytorch 2.3 py311"``.
        path: What stands before the name of the option when it is typed.

    Raises:
        InvalidOption: If it is something else.
    """
    match framework.split():
        case [name, version]:
            return name, version, None
        case [name, version, python] if PYTHON.fullmatch(python):
            return name, version, python
    raise InvalidOption(
        "framework",
        framework,
        f"has to be a framework, its version and that of Python: type {path}.framework='pytorch 2.3 py311'",
    )


def image_for(framework: str, region: str, instance_type: str) -> str:
    """The URI of the image of AWS for training with a framework.

    Args:
        framework: With its version, and that of Python unless that is left to the SDK: ``"pytorch 2.3 py311"``.
        region: Where jobs run.
        instance_type: On what.

    Raises:
        InvalidOption: If nobody knows of such an image.
    """
    ours = _of_table(framework, region, instance_type)
    return _of_sdk(framework, region, instance_type) if ours is None else ours


def _of_table(framework: str, region: str, instance_type: str) -> str | None:
    name, version, python = split_framework(framework)
    account = ACCOUNT if region in OF_ACCOUNT else OTHER_ACCOUNTS.get(region)
    suffix = _suffix(region)
    if None in (account, suffix, python) or name not in SINCE or ACCELERATOR.match(instance_type):
        return None
    try:
        if Version(version) < SINCE[name]:
            return None
    except InvalidVersion:
        return None
    unit = "gpu" if has_gpu(instance_type) else "cpu"
    return f"{account}.dkr.ecr.{region}.{suffix}/{name}-training:{version}-{unit}-{python}"


@cache
def _suffix(region: str) -> str | None:
    """What the names of servers end with in a region; ``None`` where botocore does not know it."""
    from botocore.loaders import Loader

    for partition in Loader().load_data("partitions")["partitions"]:
        if region in partition["regions"]:
            return str(partition["outputs"]["dnsSuffix"])
    return None


def _of_sdk(framework: str, region: str, instance_type: str) -> str:
    image_uris = _sdk()
    otherwise = "Type backend.image=URI with the image itself"
    if image_uris is None:
        raise InvalidOption(
            "backend.framework",
            framework,
            f"leaves open which image it is: for {region} and {instance_type} there is none in the table of tunekit, "
            f"which has {' and '.join(SINCE)} with versions as in 'pytorch 2.3 py311'. {otherwise}, or install the SDK "
            f"of SageMaker, which knows more: {SDK}",
        )
    name, version, python = split_framework(framework)
    asked = {"version": version, "py_version": python, "instance_type": instance_type, "image_scope": "training"}
    try:
        return str(image_uris.retrieve(name, region, **asked))
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = "it knows no framework of that name" if isinstance(error, OSError) else str(error).rstrip(".")
        raise InvalidOption(
            "backend.framework",
            framework,
            f"names no image: the SDK of SageMaker has none for {region} and {instance_type}: {reason}. {otherwise}",
        ) from error


def _sdk() -> ModuleType | None:
    """What of the SDK knows images, of either of its generations; ``None`` if it is not installed.

    It asks nobody: it is data. What of the SDK reports to AWS that it is used is never called.
    """
    os.environ.setdefault("SAGEMAKER_SUPPRESS_V2_WARNING", "1")  # it warns of its own age when it is imported
    try:
        from sagemaker.core import image_uris
    except ImportError:
        try:
            from sagemaker import image_uris
        except ImportError:
            return None
    module: ModuleType = image_uris
    return module
