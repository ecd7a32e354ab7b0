"""What can be told of options before anything is asked of AWS, and before there is a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs
import numpy as np

from tunekit_core import ConfigurationError, Domain, InvalidOption, Listed, Problem, suggestion
from tunekit_sagemaker.aws.images import has_gpu
from tunekit_sagemaker.aws.limits import check_request, instance_types
from tunekit_sagemaker.aws.prices import VARIABLE, PriceList
from tunekit_sagemaker.aws.role import ROLE
from tunekit_sagemaker.backend.machines import account_of, image_of, machines_of
from tunekit_sagemaker.backend.options import SageMakerOptions
from tunekit_sagemaker.backend.program import Program, file_of
from tunekit_sagemaker.jobs.request import Bootstrap, Image, Job, Toolkit, request_of

PLACE = "s3://bucket/tunekit/"
SOME_ROLE = "arn:aws:iam::123456789012:role/NAME"
EXAMPLE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3-cpu-py311"
EXAMPLES = {
    "instance_type": "ml.m5.large",
    "instance_types": "[ml.m5.large]",
    "prices": "'{ml.m5.large: 0.115}'",
}
PROBLEM = re.compile(r"(?:Value .*)?\bat '([^']*)' failed to satisfy constraint: (.*)")
# Which option says what is at a place of the request; whatever else is there is in the overrides.
OPTIONS = {
    "algorithmSpecification.trainingImage": "image",
    "resourceConfig.instanceType": "instance_type",
    "resourceConfig.instanceCount": "instance_count",
    "resourceConfig.instancePreferences": "instance_types",
    "resourceConfig.volumeSizeInGB": "volume_gb",
    "resourceConfig.volumeKmsKeyId": "kms_key",
    "outputDataConfig.kmsKeyId": "kms_key",
    "vpcConfig.subnets": "subnets",
    "vpcConfig.securityGroupIds": "security_groups",
    "tags": "tags",
}


def check_options(options: SageMakerOptions, problem: Problem, program: Program) -> None:
    """Check that SageMaker would take the jobs of an experiment.

    Raises:
        ConfigurationError: If an option is missing, or has a value that it would refuse.
    """
    if options.image is None and options.framework is None:
        raise InvalidOption(
            "image",
            None,
            "leaves open in which image trials run. Type backend.image=URI with one that has python3 and what the "
            f"script needs, such as backend.image={EXAMPLE}, or let it be found: "
            "backend.framework='pytorch 2.3 py311'",
        )
    if options.role is not None and not ROLE.fullmatch(options.role):
        raise InvalidOption("role", options.role, f"is no role: give its ARN, as in backend.role={SOME_ROLE}")
    _check_type("instance_type", options.instance_type)
    for each in options.instance_types:
        _check_type("instance_types", each)
    for each in options.prices:
        _check_type("prices", each)
    _check_tuned_type(options, problem)
    _check_tuned_count(options, problem)
    _check_request(options, problem, program)


def types_of(options: SageMakerOptions, problem: Problem) -> list[str]:
    """All types of instances on which trials may run."""
    if options.instance_type_attr is not None:
        return [str(value) for value in _values("instance_type_attr", options.instance_type_attr, problem)]
    return list(options.instance_types or (options.instance_type,))


def check_images(options: SageMakerOptions, problem: Problem, region: str) -> None:
    """Check that there is an image for all types of instances on which trials may run.

    Raises:
        InvalidOption: If there is none, or types of one job would need two.
    """
    for each in types_of(options, problem):
        image_of(options, region, each)
    if options.image is None and len({has_gpu(each) for each in options.instance_types}) > 1:
        raise InvalidOption(
            "backend.instance_types",
            list(options.instance_types),
            "has types with GPUs and types without, which have other images, and a job has one. Name one kind, or the "
            "image: backend.image=URI",
        )


def check_prices(prices: PriceList, types: Sequence[str], option: str) -> None:
    """Check that the prices of some types of instances are known.

    Args:
        prices: What is known.
        types: All that may occur.
        option: What needs to know them, as it is typed.

    Raises:
        ConfigurationError: If one is not known.
    """
    unknown = prices.unknown(types)
    if unknown:
        example = ", ".join(f"{each}: DOLLARS" for each in unknown)
        raise ConfigurationError(
            f"{option} ends the experiment by what it costs, and the price of {', '.join(unknown)} is not known. Type "
            f"backend.prices='{{{example}}}' with what you pay, in dollars an hour, or name a file of prices in the "
            f"environment variable {VARIABLE}.",
            option="backend.prices",
            value=dict(prices.given),
        )


def _check_type(option: str, value: str) -> None:
    known = instance_types()
    if value not in known:
        raise InvalidOption(
            option,
            value,
            f"is no type of instances that the installed boto3 knows for training. {suggestion(value, known)}Type "
            f"backend.{option}={EXAMPLES[option]}, for example; for a "
            "newer type `pip install --upgrade boto3`",
        )


def _check_tuned_type(options: SageMakerOptions, problem: Problem) -> None:
    name = options.instance_type_attr
    if name is None:
        return
    wrong = [value for value in _values("instance_type_attr", name, problem) if value not in instance_types()]
    if wrong:
        raise InvalidOption(
            "instance_type_attr",
            name,
            f"names a hyperparameter that is no type of instances for training where it is {wrong[0]!r}. "
            f"{suggestion(str(wrong[0]), instance_types())}Declare it as choice(ml.m5.large, ml.m5.xlarge), "
            "for example",
        )


def _check_tuned_count(options: SageMakerOptions, problem: Problem) -> None:
    name = options.instance_count_attr
    if name is None:
        return
    values = _values("instance_count_attr", name, problem)
    wrong = [value for value in values if isinstance(value, bool) or not isinstance(value, int) or value < 1]
    if wrong:
        raise InvalidOption(
            "instance_count_attr",
            name,
            f"names a hyperparameter that is no number of instances where it is {wrong[0]!r}: it has to be a whole "
            f"number from 1 on. Declare it as randint(1, 4), for example",
        )


def _values(option: str, name: str, problem: Problem) -> list[object]:
    """All values of a hyperparameter; of numbers without a list, the smallest and the largest."""
    if name not in problem.space:
        raise InvalidOption(
            option,
            name,
            f"names no hyperparameter. {suggestion(name, problem.space)}They are {', '.join(problem.space)}",
        )
    domain = problem.space[name]
    if isinstance(domain, Listed):
        return list(domain.values())
    return list(domain.from_unit(np.array([0.0, 1.0]))) if isinstance(domain, Domain) else [domain]


def _check_request(options: SageMakerOptions, problem: Problem, program: Program) -> None:
    """Check the request for a job whose names and places are made up."""
    job = Job(
        name="tunekit",
        trial_id=0,
        run=0,
        configuration=dict(problem.space.default()),
        launch=_launch(options, program),
        environment=program.environment,
        checkpoints=PLACE,
        output=PLACE,
        inputs=PLACE,
    )
    account = attrs.evolve(account_of(options, options.role or SOME_ROLE), image=options.image or EXAMPLE)
    request = request_of(job, machines_of(options, job.configuration), account)
    for text in check_request("CreateTrainingJob", request):
        found = PROBLEM.fullmatch(text)
        place, allowed = ("", text) if found is None else (found[1], found[2])
        problem_text = f"is what SageMaker would refuse in `{place or 'the request'}`: {allowed}"
        if place.startswith("environment"):
            raise ConfigurationError(f"benchmark.environment {problem_text}.", option="benchmark.environment")
        if place.startswith("hyperParameters"):
            raise InvalidOption("launch", options.launch, f"{problem_text}. Type backend.launch=bootstrap")
        option = next((OPTIONS[each] for each in OPTIONS if place.startswith(each)), "overrides")
        raise InvalidOption(option, getattr(options, option), problem_text)


def _launch(options: SageMakerOptions, program: Program) -> Bootstrap | Toolkit | Image:
    if options.launch == "image":
        return Image()
    if options.launch == "script":
        return Toolkit(program=file_of(program), archive=PLACE, region="us-east-1")
    return Bootstrap(code=PLACE, spec={"command": list(program.command)})
