"""The request for a job of a launch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from tunekit_core import PARALLEL_RUNS, as_json
from tunekit_sagemaker.aws.prices import price_list
from tunekit_sagemaker.jobs.request import OF_TUNEKIT, Account, Bootstrap, Job, Machines, request_of
from tunekit_sagemaker.launcher import job as in_job
from tunekit_sagemaker.launcher.groups import Group
from tunekit_sagemaker.launcher.options import SageMakerLauncherOptions
from tunekit_sagemaker.observer.metrics import patterns_of
from tunekit_sagemaker.study.log import StudyJob
from tunekit_sagemaker.study.places import StudyPlaces

LONGEST_SHOWN = 250  # characters of a hyperparameter, which may get quotes
PRICE = "TUNEKIT_DOLLARS_PER_HOUR"  # a variable of jobs, which says what they cost


def request_for(
    job: StudyJob,
    places: StudyPlaces,
    options: SageMakerLauncherOptions,
    account: Account,
    environment: Mapping[str, str],
) -> dict[str, Any]:
    """The arguments of ``CreateTrainingJob`` for a job.

    Args:
        job: What is in it.
        places: Of its study.
        options: On what it runs.
        account: On whose behalf.
        environment: Its variables.
    """
    observers = [in_job.OBSERVER] if options.metrics else []
    command = ["python", "-m", in_job.__name__, *observers, "{none}"]
    asked = Job(
        name=job.name,
        configuration=job.hyperparameters,
        launch=Bootstrap(code=job.code, spec={"command": command, "folder": "."}),
        environment=environment,
        checkpoints=places.uri(places.results(job.name)),
        output=places.uri(places.output(job.name)),
        inputs=places.uri(places.inputs(job.name)),
        further_files={in_job.RUNS: "", in_job.MOVED_FILE: ""},  # which were written when it was decided on
        metrics=patterns_of(job.metrics) if options.metrics else {},
    )
    max_run = options.max_run or job.max_run
    machines = Machines(
        instance_type=options.instance_type,
        volume_gb=options.volume_gb,
        max_run=max_run,
        max_wait=options.max_wait_of(max_run),
    )
    tags = {**account.tags, f"{OF_TUNEKIT}experiment_tag": places.tag, f"{OF_TUNEKIT}study": places.study}
    return request_of(asked, machines, attrs.evolve(account, tags=tags))


def environment_of(options: SageMakerLauncherOptions, region: str | None, n_jobs: int) -> dict[str, str]:
    """The variables of jobs.

    Args:
        options: What was said of them.
        region: Where they run.
        n_jobs: How many of the study go on at the same time: they share the rates of an account.
    """
    price = price_list(options.prices, region).of(options.instance_type)
    known = {} if price is None else {PRICE: repr(float(price))}
    return {**options.environment, **known, PARALLEL_RUNS: str(n_jobs)}


def shown_of(group: Group) -> dict[str, Any]:
    """What the console shows of a job as its hyperparameters."""
    runs = group.runs
    shown = {
        "methods": " ".join(dict.fromkeys(run.method for run in runs)),
        "problems": " ".join(dict.fromkeys(run.problem for run in runs)),
        "seeds": " ".join(map(str, group.seeds)),
        "runs": len(runs),
    }
    return {name: value[:LONGEST_SHOWN] if isinstance(value, str) else value for name, value in shown.items()}


def files_of(group: Group, moved: Mapping[str, str]) -> dict[str, str]:
    """What a job reads of what it is to run, by names of files."""
    lines = [as_json(dict(run.spec)) for run in group.runs]
    return {in_job.RUNS: "".join(f"{line}\n" for line in lines), in_job.MOVED_FILE: as_json(dict(moved))}
