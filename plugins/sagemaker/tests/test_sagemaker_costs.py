"""Dollars: of reports, of trials with all their runs, and as the end of an experiment."""

import boto3
import pytest

from tunekit_core import load_experiment
from tunekit_sagemaker.aws.prices import price_list
from tunekit_sagemaker.backend.costs import Costs
from tunekit_sagemaker.jobs.statuses import end_of

from .experiment import Setup, tune
from .observing import events_of, run_of
from .test_sagemaker_restore import CREATE, dies

A_DOLLAR_A_SECOND = {"prices": {"ml.m5.large": 3600.0}}
ENDED = {"TrainingJobStatus": "Completed", "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}

pytestmark = pytest.mark.usefixtures("at_any_rate")


def test_what_a_trial_has_cost_rises_with_its_reports_and_is_what_is_billed_at_its_end(tmp_path, emulator):
    tune(tmp_path, Setup(count=1, epochs=4, seconds=0.3, options=A_DOLLAR_A_SECOND))
    costs = list(load_experiment(tmp_path).results["st_worker_cost"])
    assert costs == sorted(costs)
    assert 0.0 < costs[0] < costs[1] < costs[2] < costs[3] < 10.0
    (end,), (job,) = events_of(tmp_path, "ended"), emulator.jobs
    described = boto3.client("sagemaker").describe_training_job(TrainingJobName=job.name)
    assert end["cost"] == described["BillableTimeInSeconds"]


def test_a_run_whose_checkpoint_cannot_be_looked_for_at_once_is_paid_once(tmp_path, emulator):
    emulator.add_fault("ListObjectsV2", "ThrottlingException", times=3)
    tune(tmp_path, Setup(count=1, epochs=2, options=A_DOLLAR_A_SECOND))
    (end,), (job,) = events_of(tmp_path, "ended"), emulator.jobs
    described = boto3.client("sagemaker").describe_training_job(TrainingJobName=job.name)
    assert end["cost"] == described["BillableTimeInSeconds"]


def test_each_instance_of_a_job_is_paid(tmp_path, emulator):
    tune(tmp_path, Setup(count=1, epochs=2, options={**A_DOLLAR_A_SECOND, "instance_count": 2}))
    (end,), (job,) = events_of(tmp_path, "ended"), emulator.jobs
    described = boto3.client("sagemaker").describe_training_job(TrainingJobName=job.name)
    assert end["cost"] == 2 * described["BillableTimeInSeconds"]


def test_without_a_price_nothing_is_said_of_costs(tmp_path, emulator):
    tune(tmp_path, Setup(count=1, epochs=2, options={"instance_type": "ml.t3.medium"}))
    assert "st_worker_cost" not in load_experiment(tmp_path).results
    assert [event["cost"] for event in events_of(tmp_path, "ended")] == [None]
    cost = load_experiment(tmp_path).metadata["cost"]
    assert (cost["basis"], cost["total"], cost["n_unknown"]) == ("billable seconds", 0.0, 1)


@pytest.mark.parametrize("seed", [1, 2])
def test_runs_of_a_trial_that_was_paused_when_the_tuner_died_are_paid(tmp_path, emulator, seed):
    setup = Setup(scheduler="asha_promotion", count=1, seed=seed, epochs=3, seconds=0.1, options=A_DOLLAR_A_SECOND)
    dies(tmp_path, setup, f"{CREATE}:after:2")
    tune(tmp_path, setup)
    (resumed,) = [job for job in emulator.jobs if run_of(job)[1] == 1]
    trial = run_of(resumed)[0]
    client = boto3.client("sagemaker")
    jobs = [client.describe_training_job(TrainingJobName=job.name) for job in emulator.jobs if run_of(job)[0] == trial]
    ends = [event for event in events_of(tmp_path, "ended") if event["trial_id"] == trial]
    assert ends[-1]["cost"] == sum(job["BillableTimeInSeconds"] for job in jobs)


def test_an_experiment_ends_at_its_cost_also_after_its_tuner_died(tmp_path, emulator):
    setup = Setup(count=9, epochs=4, seconds=0.25, options=A_DOLLAR_A_SECOND, limits={"max_cost": {"cost": 6.0}})
    dies(tmp_path, setup, f"{CREATE}:after:2")
    spent = load_experiment(tmp_path).results["st_worker_cost"].max()
    assert 0.7 < spent < 6.0
    result = tune(tmp_path, setup)
    assert result.reason == "the cost reached 6"
    assert result.n_trials < 9


def test_what_ended_before_the_tuner_died_counts_for_an_end_in_dollars(tmp_path, emulator):
    """Two trials have ended: those that follow have less left."""
    setup = Setup(count=9, epochs=4, seconds=0.3, options=A_DOLLAR_A_SECOND, limits={"max_cost": {"cost": 7.0}})
    dies(tmp_path, setup, f"{CREATE}:after:3")
    before = load_experiment(tmp_path).metadata["cost"]
    assert set(before["of_trials"]) >= {"0", "1"}
    assert 2.0 <= before["total"] < 7.0
    result = tune(tmp_path, setup)
    after = load_experiment(tmp_path).metadata["cost"]
    assert result.reason == "the cost reached 7"
    assert [after["of_trials"][trial] for trial in "01"] == [before["of_trials"][trial] for trial in "01"]
    assert after["total"] - before["total"] < 7.0 <= after["total"]
    assert after["total"] == pytest.approx(sum(after["of_trials"].values()))


def test_a_price_is_of_all_instances_for_the_seconds_that_are_billed():
    costs = Costs(price_list({"ml.m5.large": 36.0}, "us-east-1"))
    assert costs.of_run(end_of({**ENDED, "BillableTimeInSeconds": 100})) == 2.0
    assert costs.of_run(end_of(ENDED)) == 0.0
    assert costs.of_run(None) == 0.0
    unknown = {**ENDED, "ResourceConfig": {"InstanceType": "ml.t3.medium"}, "BillableTimeInSeconds": 100}
    assert costs.of_run(end_of(unknown)) is None
