"""The launcher: what it is asked by the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import attrs

from tunekit_core import ConfigurationError, Launch, LaunchedJob, Launcher
from tunekit_sagemaker.aws.errors import NoAccess, Refused, asking, patiently
from tunekit_sagemaker.aws.limits import require_valid
from tunekit_sagemaker.code.upload import upload
from tunekit_sagemaker.jobs.account import account_of, image_of, said_to_use, typed_after
from tunekit_sagemaker.jobs.checks import EXAMPLE, PLACE, SOME_ROLE, check_job_options, check_job_request
from tunekit_sagemaker.launcher.account import StudyAccount, find_study_account, note_address
from tunekit_sagemaker.launcher.deciding import Decided, decide
from tunekit_sagemaker.launcher.groups import folder_of, groups_of
from tunekit_sagemaker.launcher.options import SageMakerLauncherOptions
from tunekit_sagemaker.launcher.packing import Packed, pack
from tunekit_sagemaker.launcher.planning import max_run_of, plan_of
from tunekit_sagemaker.launcher.requests import environment_of, request_for, shown_of
from tunekit_sagemaker.launcher.starting import create_all
from tunekit_sagemaker.observer.metrics import metric_names
from tunekit_sagemaker.study.collecting import collect
from tunekit_sagemaker.study.log import StudyJob
from tunekit_sagemaker.study.places import StudyPlaces
from tunekit_sagemaker.study.study import Study
from tunekit_sagemaker.study.text import counted

CHOSEN_BY = "hydra/launcher=sagemaker"


class SageMakerLauncher(Launcher):
    """Runs the runs of a sweep in training jobs of Amazon SageMaker, a group of them in each.

    What is needed to run them travels along: tunekit and plugins as they are installed here, programs, inputs. Results
    are copied to S3 while the jobs run.
    """

    name: ClassVar[str] = "sagemaker"
    Options: ClassVar[type[Any]] = SageMakerLauncherOptions

    def __init__(self, options: SageMakerLauncherOptions) -> None:
        super().__init__(options)
        self._options = options
        self._packed: Packed | None = None
        self._account: StudyAccount | None = None

    def check(self, launch: Launch) -> None:
        """See that SageMaker would take each job, that all can travel, and that there are a role and a bucket."""
        with typed_after(f"{self._options.PATH}."):
            self._check_options(launch, self._options)
            self._packed = pack(launch, self._options)
        account = self._find_account(launch)
        with typed_after(f"{self._options.PATH}."):
            image_of(self._options, account.study.clients.region, self._options.instance_type)

    def plan(self, launch: Launch) -> list[LaunchedJob]:
        options = self._options
        has_image = options.image is not None or options.framework is not None  # what it costs does not depend on it
        with typed_after(f"{options.PATH}."):
            self._check_options(launch, options if has_image else attrs.evolve(options, image=EXAMPLE))
        return plan_of(groups_of(launch.runs, options.group_by), options)

    def collect(self, launch: Launch) -> None:
        study = self._find_account(launch).study
        with said_to_use(CHOSEN_BY):
            collect(study, launch.results_dir, {folder_of(run): run.hash for run in launch.runs})

    def launch(self, launch: Launch, tell: Callable[[str], None]) -> bool:
        options, account = self._options, self._find_account(launch)
        note_address(account, launch, options)
        packed = self._packed or pack(launch, options)
        with said_to_use(CHOSEN_BY):
            tell("Uploads what runs need, unless it is there.")
            code = patiently(partial(_upload, account, packed))
            decided = decide(account.study, launch, options, code, packed.moved)
        if decided.running:
            n_runs = sum(folder_of(run) in job.runs for job in decided.running for run in launch.runs)
            tell(f"{counted(n_runs, 'run')} in {counted(len(decided.running), 'job')} that are not over yet.")
        requests = self._requests(account, decided)
        for request in requests:
            require_valid("CreateTrainingJob", request)
        busy = self._create(account.study, requests, tell)
        tag = launch.experiment_tag
        if busy:
            tell(f"To begin the rest, type the same command again: {launch.command}")
        tell(f"To see how it goes, type: python -m tunekit remote status {tag}")
        tell(f"To bring home what is complete, type the same command again, or: python -m tunekit remote collect {tag}")
        return not busy

    def _requests(self, account: StudyAccount, decided: Decided) -> list[dict[str, Any]]:
        options, region = self._options, account.study.clients.region
        image = image_of(options, region, options.instance_type)
        whose = attrs.evolve(account_of(options, account.role), image=image)
        environment = environment_of(options, region, len(decided.running) + len(decided.to_create))
        return [request_for(job, account.study.places, options, whose, environment) for job in decided.to_create]

    def _check_options(self, launch: Launch, options: SageMakerLauncherOptions) -> None:
        check_job_options(options, "jobs")
        account = attrs.evolve(account_of(options, options.role or SOME_ROLE), image=options.image or EXAMPLE)
        places = StudyPlaces("bucket", options.prefix, launch.experiment_tag)
        for group in groups_of(launch.runs, options.group_by):
            options.check_max_wait(max_run_of(group, options))
            names = [name for run in group.runs for name in run.hyperparameters]
            job = StudyJob(
                name="tunekit",
                title=group.title,
                code=PLACE,
                runs={},
                max_run=max_run_of(group, options),
                hyperparameters=shown_of(group),
                metrics=metric_names(dict.fromkeys(names)),
            )
            request = request_for(job, places, options, account, environment_of(options, options.region, 1))
            check_job_request(request, options, f"{options.PATH}.environment", "")

    def _create(self, study: Study, requests: Sequence[dict[str, Any]], tell: Callable[[str], None]) -> bool:
        """Create jobs; whether SageMaker was too busy to take them all."""
        if not requests:
            return False
        tell(f"Begins {counted(len(requests), 'job')}.")
        try:
            return not create_all(study.jobs, requests, self._options.wait_for_quota, tell)
        except (NoAccess, Refused) as error:
            raise ConfigurationError(
                f"{CHOSEN_BY}: SageMaker refuses a job: {str(error).removesuffix('.')}. Change what it names, and type "
                "the same command again: what was begun is not begun twice.",
                option="hydra/launcher",
                value=self.name,
            ) from error

    def _find_account(self, launch: Launch) -> StudyAccount:
        if self._account is None:
            self._account = find_study_account(launch, self._options, CHOSEN_BY)
        return self._account


def _upload(account: StudyAccount, packed: Packed) -> str:
    study = account.study
    with asking():
        places = study.places
        return upload(study.clients, places.bucket, places.prefix, packed.files, packed.generated).uri
