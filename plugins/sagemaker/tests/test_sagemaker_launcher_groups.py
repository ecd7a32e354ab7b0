"""Which runs share a job, what jobs take at most, and what is asked of SageMaker for one."""

from pathlib import Path, PurePosixPath

import pytest

from tunekit_core import ConfigurationError, InvalidOption, Launch, LaunchedRun
from tunekit_core.testing import LauncherContract
from tunekit_sagemaker.launcher.groups import groups_of
from tunekit_sagemaker.launcher.launcher import SageMakerLauncher
from tunekit_sagemaker.launcher.options import SageMakerLauncherOptions

CHEAP, EXPENSIVE = ("RS", "ASHA", "ASHA-STOP", "PASHA"), ("BO", "MOBSTER", "KDE", "HYPERTUNE")


def run_of(method="ASHA", problem="fcnet-digits", seed=0, **other):
    values = {
        "hash": f"{problem}-{seed}",
        "folder": PurePosixPath("study", method, f"{problem}-{seed}"),
        "dataset": problem.partition("-")[2],
        "n_workers": 4,
        "seconds": None,
        "is_expensive": method in EXPENSIVE,
        "backend": "simulator",
        "spec": {},
    }
    return LaunchedRun(method=method, problem=problem, seed=seed, **{**values, **other})


def demo_study(n_problems):
    problems = [f"fcnet-{number}" for number in range(n_problems)]
    return [run_of(m, p, seed) for m in (*CHEAP, *EXPENSIVE) for p in problems for seed in range(20)]


def launch_of(runs):
    return Launch(
        runs=tuple(runs),
        experiment_tag="study",
        results_dir=Path("/results"),
        distributions=("tunekit-hpo",),
        scripts=(),
        inputs=(),
        command="python -m tunekit",
    )


def plan(runs, **options):
    return SageMakerLauncher(SageMakerLauncherOptions(**options)).plan(launch_of(runs))


@pytest.mark.parametrize(("n_problems", "n_runs"), [(2, 320), (4, 640)])
def test_the_demo_study_is_84_jobs(n_problems, n_runs):
    runs = demo_study(n_problems)
    jobs = plan(runs)
    assert (len(runs), len(jobs)) == (n_runs, 84)
    assert sorted(run.folder for job in jobs for run in job.runs) == sorted(run.folder for run in runs)


def test_titles_say_what_is_in_a_job():
    titles = [group.title for group in groups_of(demo_study(2), None)]
    assert (titles[0], titles[4], titles[-1]) == ("RS, seeds 0 to 19", "BO, seed 0", "HYPERTUNE, seed 19")
    assert groups_of([run_of(seed=seed) for seed in (3, 5)], None)[0].title == "ASHA, fcnet-digits, seeds 3, 5"


def test_a_run_in_real_time_has_a_job_of_its_own():
    runs = [run_of(seed=seed, backend="local", seconds=3600.0, is_expensive=True) for seed in (0, 1)]
    assert [job.runs for job in plan(runs)] == [(run,) for run in runs]


@pytest.mark.parametrize(
    ("group_by", "n_jobs"),
    [(("method",), 8), (("method", "problem"), 16), (("seed",), 20), (("dataset", "seed"), 40), (("run",), 320)],
)
def test_runs_are_grouped_as_is_said(group_by, n_jobs):
    assert len(plan(demo_study(2), group_by=group_by)) == n_jobs


def test_hours_and_dollars_are_those_of_the_time_limit():
    run = run_of(backend="local", seconds=3000.0, is_expensive=True)
    (job,) = plan([run], prices={"ml.m5.large": 0.5})
    assert (job.place, job.hours, job.dollars) == ("1 x ml.m5.large", 4200 / 3600, 4200 / 3600 * 0.5)
    assert job.note == ("For all jobs at the same time the quota 'ml.m5.large for training job usage' has to be 1.")


def test_a_simulated_run_takes_what_such_runs_have_taken_here():
    (job,) = plan([run_of(usual_seconds=600.0), run_of(seed=1, usual_seconds=300.0)], prices={"ml.m5.large": 0.5})
    assert (job.hours, job.dollars, job.is_estimate) == (1200 / 3600, 1200 / 3600 * 0.5, True)
    (job,) = plan([run_of(usual_seconds=600.0), run_of(seed=1)])
    assert job.hours is None


def test_what_is_not_known_is_not_said():
    (job,) = plan([run_of()], prices={"ml.m5.large": 0.5})
    assert (job.hours, job.dollars) == (None, None)
    (job,) = plan([run_of(backend="local", seconds=60.0, is_expensive=True)], instance_type="ml.p2.xlarge")
    assert job.dollars is None
    (job,) = plan([run_of()], prices={"ml.m5.large": 0.5}, max_run=7200)
    assert (job.hours, job.dollars) == (2.0, 1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"hydra\.launcher\.image=None leaves open in which image jobs run. Type hydra\.launcher\.image=URI"),
        ({"image": "any", "instance_type": "ml.m5.larg"}, "hydra.launcher.instance_type='ml.m5.larg' is no type"),
        ({"image": "any", "role": "me"}, "hydra.launcher.role='me' is no role"),
        ({"image": "any", "subnets": ("x y",), "security_groups": ("z",)}, "hydra.launcher.subnets=.*would refuse"),
        ({"image": "any", "overrides": {"Nothing": 1}}, "hydra.launcher.overrides=.*Nothing"),
        ({"image": "any", "environment": {"A": "x" * 600}}, "hydra.launcher.environment is what SageMaker would ref"),
        (
            {"image": "any", "spot": True, "max_wait": 60},
            "hydra.launcher.max_wait=60 must be at least hydra.launcher.m",
        ),
    ],
)
def test_what_cannot_be_launched_is_told_with_the_option_before_anything_is_asked(options, message):
    launcher = SageMakerLauncher(SageMakerLauncherOptions(**options))
    with pytest.raises(ConfigurationError, match=message):
        launcher.check(launch_of([run_of()]))
    if options:  # what it costs does not depend on the image
        with pytest.raises(ConfigurationError, match=message):
            launcher.plan(launch_of([run_of()]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_wait": 60}, r"max_wait=60 is for spot instances: add hydra\.launcher\.spot=true"),
        ({"spot": True, "max_wait": 60, "max_run": 90}, r"must be at least hydra\.launcher\.max_run=90"),
        ({"subnets": ("a",)}, r"and hydra\.launcher\.security_groups go together"),
        ({"overrides": {"TrainingJobName": "x"}}, r"overrides.TrainingJobName='x' cannot be given, which is made for"),
        (
            {"overrides": {"CheckpointConfig": {"S3Uri": "s3://x"}}},
            r"overrides.CheckpointConfig=.* cannot be given, where results",
        ),
        (
            {"overrides": {"ResourceConfig": {"InstanceCount": 2}}},
            r"overrides.ResourceConfig.InstanceCount=2 cannot be given: each job runs on one instance",
        ),
        (
            {"overrides": {"ResourceConfig": {"InstanceType": "ml.m5.large"}}},
            r"cannot be given: type hydra\.launcher\.instance_type=TYPE",
        ),
        ({"framework": "pytorch"}, r"type hydra\.launcher\.framework='pytorch 2\.3 py311'"),
    ],
)
def test_options_that_exclude_each_other_are_told(options, message):
    with pytest.raises(InvalidOption, match=message):
        SageMakerLauncherOptions(**options)


class TestContract(LauncherContract):
    @pytest.fixture
    def make(self):
        return lambda: SageMakerLauncher(SageMakerLauncherOptions(prices={"ml.m5.large": 0.5}))
