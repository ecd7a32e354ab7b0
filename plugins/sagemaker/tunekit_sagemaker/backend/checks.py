"""What can be told of options before anything is asked of AWS, and before there is a folder."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from tunekit_core import ConfigurationError, Domain, InvalidOption, Listed, Problem, suggestion
from tunekit_sagemaker.aws.images import has_gpu
from tunekit_sagemaker.aws.limits import instance_types
from tunekit_sagemaker.aws.prices import VARIABLE, PriceList
from tunekit_sagemaker.backend.machines import machines_of
from tunekit_sagemaker.backend.options import SageMakerOptions
from tunekit_sagemaker.backend.program import Program, check_started_by_image, started_by_toolkit
from tunekit_sagemaker.jobs.account import account_of, image_of
from tunekit_sagemaker.jobs.checks import (
    EXAMPLE,
    PLACE,
    SOME_ROLE,
    check_job_options,
    check_job_request,
    check_type,
)
from tunekit_sagemaker.jobs.request import Bootstrap, Image, Job, Toolkit, request_of, variables_of_trial


def check_options(options: SageMakerOptions, problem: Problem, program: Program) -> None:
    """Check that SageMaker would take the jobs of an experiment.

    Raises:
        ConfigurationError: If an option is missing, or has a value that it would refuse.
    """
    check_job_options(options, "trials")
    for each in options.instance_types:
        check_type("backend.instance_types", each)
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
        configuration=dict(problem.space.default()),
        launch=_launch(options, program),
        environment={**program.environment, **variables_of_trial(0, 0, 0)},
        checkpoints=PLACE,
        output=PLACE,
        inputs=PLACE,
    )
    account = attrs.evolve(account_of(options, options.role or SOME_ROLE), image=options.image or EXAMPLE)
    request = request_of(job, machines_of(options, job.configuration), account)
    check_job_request(request, options, "benchmark.environment", "backend.launch=bootstrap")


def _launch(options: SageMakerOptions, program: Program) -> Bootstrap | Toolkit | Image:
    if options.launch == "image":
        check_started_by_image(program)
        return Image()
    if options.launch == "script":
        file, checkpoints = started_by_toolkit(program)
        return Toolkit(program=file, archive=PLACE, region="us-east-1", checkpoints=checkpoints)
    return Bootstrap(code=PLACE, spec={"command": list(program.command)})
