"""What goes wrong with AWS, and what becomes of the trials then."""

import boto3
import pytest

from tunekit_core import ConfigurationError, InvalidOption, Trial, TrialEnded, TunekitError
from tunekit_sagemaker.aws import errors
from tunekit_sagemaker.backend import connection, endings, starter

from .experiment import Setup, sagemaker, tune
from .observing import beside, epochs_of, events_of, running, until

ONE = Setup(count=1, epochs=3)
BACKED_OFF = "tunekit_sagemaker.backend.starter.FIRST_PAUSE"


@pytest.fixture(autouse=True)
def quick(at_any_rate, monkeypatch):
    monkeypatch.setattr(BACKED_OFF, 0.1)
    monkeypatch.setattr(starter, "FIRST_CAPACITY_PAUSE", 0.1)
    monkeypatch.setattr(errors, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(connection, "SECONDS_BETWEEN_TRIES", 0.1)


OPERATIONS = [
    "CreateTrainingJob",
    "DescribeTrainingJob",
    "ListTrainingJobs",
    "GetLogEvents",
    "DescribeLogStreams",
    "PutObject",
    "ListObjectsV2",
]


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "lost answer"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_fails_for_now_is_asked_again(tmp_path, emulator, operation, code):
    after = 4 if operation == "PutObject" else 0  # the first are those of the program, before anything begins
    emulator.add_fault(operation, code, times=3, after=after)
    result = tune(tmp_path, ONE)
    assert (result.n_trials, result.n_failed, result.n_reports) == (1, 0, 3)
    assert epochs_of(tmp_path) == {0: [1, 2, 3]}
    assert len(emulator.jobs) == 1


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "lost answer"])
def test_a_stop_that_fails_for_now_is_asked_again(tmp_path, emulator, code):
    emulator.add_fault("StopTrainingJob", code, times=3)
    setup = Setup(count=9, epochs=400, seconds=0.2, limits={"max_num_evaluations": {"count": 2}})
    tune(tmp_path, setup)
    assert running(emulator) == []


def test_a_trial_that_is_stopped_before_the_answer_to_its_creation_came_leaves_no_job(tmp_path, emulator, monkeypatch):
    monkeypatch.setattr(BACKED_OFF, 60.0)
    backend = sagemaker(tmp_path, Setup(epochs=400, seconds=0.2))
    backend.open(1)
    trial = Trial(0, backend.problem.space.default())
    emulator.add_fault("CreateTrainingJob", "lost answer")
    backend.start(trial, None, None)
    backend.wait(0.0)
    backend.stop(trial)
    events = []
    until(lambda: events.extend(backend.wait(0.0)) or any(isinstance(event, TrialEnded) for event in events))
    assert [job.status for job in emulator.jobs] == ["Stopped"]
    backend.close()


def test_an_experiment_that_ends_before_the_answer_to_a_creation_came_leaves_no_job(tmp_path, emulator, monkeypatch):
    monkeypatch.setattr(BACKED_OFF, 60.0)
    backend = sagemaker(tmp_path, Setup(epochs=400, seconds=0.2))
    backend.open(1)
    emulator.add_fault("CreateTrainingJob", "lost answer")
    backend.start(Trial(0, backend.problem.space.default()), None, None)
    backend.wait(0.0)
    assert len(running(emulator)) == 1
    backend.close()
    assert running(emulator) == []


def test_beyond_its_quota_trials_wait_for_those_before(tmp_path, emulator):
    emulator.settings.quotas = {"ml.m5.large": 2}
    result = tune(tmp_path, Setup(count=4, n_workers=4, epochs=2))
    assert result.n_failed == 0
    assert [epochs_of(tmp_path)[trial] for trial in range(4)] == [[1, 2]] * 4
    assert running(emulator) == []


def test_a_trial_without_an_instance_waits_as_often_as_it_takes(tmp_path, emulator):
    emulator.add_job_fault(".", "CapacityError", times=5)
    result = tune(tmp_path, ONE)
    assert (result.n_trials, result.n_failed) == (1, 0)
    assert epochs_of(tmp_path) == {0: [1, 2, 3]}
    assert [job.status for job in emulator.jobs] == ["Failed"] * 5 + ["Completed"]
    assert len({job.name for job in emulator.jobs}) == 6
    assert events_of(tmp_path, "restarted") == []


def test_where_no_spot_instance_of_a_type_is_left_the_next_type_is_asked_for(tmp_path, emulator):
    emulator.add_job_fault(".", "CapacityError", times=3)
    types = ("ml.g5.xlarge", "ml.g4dn.xlarge")
    result = tune(tmp_path, Setup(count=1, epochs=3, options={"spot": True, "instance_types": types}))
    assert result.n_failed == 0
    assert [job.instance_type for job in emulator.jobs] == ["ml.g5.xlarge", "ml.g4dn.xlarge"] * 2


def test_other_trials_go_on_while_one_waits_for_an_instance(tmp_path, emulator, monkeypatch):
    monkeypatch.setattr(starter, "FIRST_CAPACITY_PAUSE", 60.0)
    emulator.add_job_fault(".", "CapacityError")
    result = tune(tmp_path, Setup(count=3, n_workers=2, epochs=2))
    assert result.n_failed == 0
    assert sum(epochs == [1, 2] for epochs in epochs_of(tmp_path).values()) == 3


def test_for_instances_that_nobody_gets_an_experiment_waits_an_hour(tmp_path, emulator, monkeypatch):
    monkeypatch.setattr(starter, "SECONDS_TO_WAIT", 0.5)
    emulator.add_job_fault(".", "CapacityError", times=1000)
    advice = "CapacityError: .*Type the same command again later, or choose another backend.instance_type"
    with pytest.raises(starter.NoInstances, match=advice):
        tune(tmp_path, ONE)


def test_a_tuner_that_died_while_it_waited_for_an_instance_goes_on(tmp_path, emulator):
    emulator.add_job_fault(".", "CapacityError", times=1)
    backend = sagemaker(tmp_path, ONE)
    backend.open(1)
    backend.start(Trial(0, backend.problem.space.default()), None, None)
    until(lambda: backend.wait(0.0) or any(job.status == "Failed" for job in emulator.jobs))
    backend.close()
    result = tune(tmp_path, ONE)
    assert (result.n_trials, result.n_failed) == (1, 0)
    assert epochs_of(tmp_path) == {0: [1, 2, 3]}


def test_a_job_that_aws_could_not_run_is_begun_again(tmp_path, emulator):
    emulator.add_job_fault(".", "InternalServerError")
    result = tune(tmp_path, ONE)
    assert (result.n_trials, result.n_failed) == (1, 0)
    assert epochs_of(tmp_path) == {0: [1, 2, 3]}
    assert [each["cause"] for each in events_of(tmp_path, "restarted")] == ["infrastructure"]


def test_an_internal_error_in_the_middle_loses_and_repeats_no_epoch(tmp_path, emulator):
    emulator.add_job_fault(".", "InternalServerError", after=0.7)
    it_may_end = tmp_path / "it may end"

    def let_it_end():
        until(lambda: emulator.jobs and emulator.jobs[0].status == "Failed")
        it_may_end.touch()

    beside(let_it_end)
    result = tune(tmp_path, Setup(count=1, epochs=8, seconds=0.15, arguments=(f"--ends_after={it_may_end}",)))
    assert (result.n_trials, result.n_failed) == (1, 0)
    assert epochs_of(tmp_path) == {0: [1, 2, 3, 4, 5, 6, 7, 8]}
    assert [job.status for job in emulator.jobs] == ["Failed", "Completed"]


def test_after_an_interruption_of_a_spot_instance_each_epoch_is_told_once(tmp_path, emulator):
    emulator.add_job_fault(".", "SpotInterruption", after=0.7)
    it_may_end = tmp_path / "it may end"

    def let_it_end():
        until(lambda: emulator.jobs and "Interrupted" in [each.status for each in emulator.jobs[0].transitions])
        it_may_end.touch()

    beside(let_it_end)
    arguments = (f"--ends_after={it_may_end}",)
    result = tune(tmp_path, Setup(count=1, epochs=8, seconds=0.15, options={"spot": True}, arguments=arguments))
    assert (result.n_trials, result.n_failed) == (1, 0)
    assert epochs_of(tmp_path) == {0: [1, 2, 3, 4, 5, 6, 7, 8]}
    assert [job.status for job in emulator.jobs] == ["Completed"]


def test_a_trial_that_takes_longer_than_allowed_has_met_a_limit(tmp_path, emulator):
    result = tune(tmp_path, Setup(count=1, epochs=400, seconds=0.2, options={"max_run": 1}))
    assert result.n_failed == 1
    end = next(each for each in events_of(tmp_path, "ended") if each["status"] == "Failed")
    assert (end["cause"], end["reason"]) == ("limit", "it ran longer than backend.max_run allows.")


def test_a_job_that_somebody_else_stops_frees_its_worker(tmp_path, emulator):
    others_may_end = tmp_path / "others may end"

    def stop_the_first():
        until(lambda: emulator.jobs and emulator.jobs[0].secondary_status == "Training")
        boto3.client("sagemaker").stop_training_job(TrainingJobName=emulator.jobs[0].name)
        until(lambda: emulator.jobs[0].status == "Stopped")
        others_may_end.touch()

    beside(stop_the_first)
    result = tune(tmp_path, Setup(count=2, epochs=6, arguments=(f"--ends_after={others_may_end}",)))
    assert (result.n_trials, result.n_failed) == (2, 1)
    end = next(each for each in events_of(tmp_path, "ended") if each["status"] == "Failed")
    assert (end["cause"], end["reason"]) == ("limit", "its training job was stopped by somebody else.")


def test_a_job_that_somebody_deletes_frees_its_worker(tmp_path, emulator):
    def delete_the_first():
        until(lambda: emulator.jobs and emulator.jobs[0].status == "InProgress")
        name = emulator.jobs[0].name
        boto3.client("sagemaker").stop_training_job(TrainingJobName=name)
        until(lambda: emulator.jobs[0].status == "Stopped")
        boto3.client("sagemaker").delete_training_job(TrainingJobName=name)

    beside(delete_the_first)
    options = {"settle_time": 0.2, "poll_interval": 1.5}
    result = tune(tmp_path, Setup(count=1, epochs=400, seconds=0.3, options=options))
    assert result.n_failed == 1
    end = next(each for each in events_of(tmp_path, "ended") if each["status"] == "Failed")
    assert end["cause"] == "limit"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredToken", "ValidationException"])
def test_what_no_job_would_be_spared_ends_the_experiment_at_once(tmp_path, emulator, code):
    emulator.add_fault("CreateTrainingJob", code, times=99)
    with pytest.raises(TunekitError, match=f"{code}: ") as raised:
        tune(tmp_path, Setup(count=9, n_workers=4))
    assert len(str(raised.value).splitlines()) == 1
    assert [call.operation for call in emulator.calls].count("CreateTrainingJob") == 1
    assert emulator.jobs == []


def test_with_credentials_that_have_expired_jobs_go_on_and_are_found_again(tmp_path, emulator):
    it_may_end = tmp_path / "it may end"
    setup = Setup(count=1, epochs=8, seconds=0.05, arguments=(f"--ends_after={it_may_end}",))

    def expire():
        until(lambda: emulator.jobs and emulator.jobs[0].secondary_status == "Training")
        for operation in ("ListTrainingJobs", "StopTrainingJob"):
            emulator.add_fault(operation, "ExpiredToken")

    beside(expire)
    with pytest.raises(TunekitError, match="ExpiredToken"):
        tune(tmp_path, setup)
    assert len(running(emulator)) == 1
    it_may_end.touch()
    result = tune(tmp_path, setup)
    assert (result.n_trials, result.n_failed, len(emulator.jobs)) == (1, 0, 1)
    assert epochs_of(tmp_path) == {0: [1, 2, 3, 4, 5, 6, 7, 8]}


def test_a_request_that_fits_no_trial_ends_the_experiment(tmp_path, emulator):
    missing = [
        {
            "ChannelName": "data",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://no-such-bucket/data"}},
        }
    ]
    setup = Setup(count=9, options={"overrides": {"InputDataConfig": missing}})
    with pytest.raises(TunekitError, match=r"SageMaker cannot run any of these trials: ClientError: .*no-such-bucket"):
        tune(tmp_path, setup)
    assert len(emulator.jobs) == 1


@pytest.mark.parametrize(
    "reason", ["ClientError: Cannot pull the image 763104351884.dkr.ecr/nobody:1", "ClientError: no such image"]
)
def test_a_failure_before_the_start_meets_every_trial(reason):
    from tunekit_sagemaker.jobs.statuses import end_of

    job = {"TrainingJobStatus": "Failed", "SecondaryStatus": "Failed", "FailureReason": reason}
    assert endings.meets_every_trial(end_of(job))


@pytest.mark.parametrize(
    ("option", "value"), [("instance_type", "ml.m5.larg"), ("instance_types", ("ml.m5.large", "ml.m5.larg"))]
)
def test_an_unknown_type_of_instance_is_refused_before_anything_is_created(tmp_path, emulator, option, value):
    with pytest.raises(InvalidOption, match=rf"{option}='ml.m5.larg' is no .*Did you mean 'ml.m5.large'\?") as raised:
        tune(tmp_path, Setup(options={option: value}))
    assert isinstance(raised.value, ConfigurationError)
    assert emulator.calls == []


def test_logs_that_come_late_and_in_pieces_lose_nothing(tmp_path, emulator):
    emulator.log_delay, emulator.cut_events_at = 1.0, 30
    result = tune(tmp_path, Setup(count=2, n_workers=2, epochs=5))
    assert result.n_failed == 0
    assert [epochs_of(tmp_path)[trial] for trial in range(2)] == [[1, 2, 3, 4, 5]] * 2


def test_a_log_that_cannot_be_read_is_waited_for_longer_than_the_settle_time(tmp_path, emulator):
    it_may_end = tmp_path / "it may end"

    def refuse():
        until(lambda: emulator.jobs and emulator.jobs[0].secondary_status == "Training")
        emulator.add_fault("GetLogEvents", "ThrottlingException", times=15)
        it_may_end.touch()

    beside(refuse)
    setup = Setup(count=1, epochs=4, options={"settle_time": 0.05}, arguments=(f"--ends_after={it_may_end}",))
    result = tune(tmp_path, setup)
    assert result.n_failed == 0
    assert epochs_of(tmp_path) == {0: [1, 2, 3, 4]}


def test_a_job_whose_log_has_no_end_is_over_after_the_settle_time(tmp_path, emulator):
    setup = Setup(count=1, epochs=30, seconds=0.1, arguments=("--kills_all_at", "3"), options={"settle_time": 0.5})
    result = tune(tmp_path, setup)
    assert result.n_failed == 1
    assert epochs_of(tmp_path) == {0: [1, 2]}


def test_reports_after_the_decision_to_pause_are_late(tmp_path, emulator):
    emulator.log_delay = 0.3
    result = tune(tmp_path, Setup(scheduler="asha_stopping", count=4, n_workers=2, seed=2, seconds=0.1))
    assert result.n_failed == 0
    for epochs in epochs_of(tmp_path).values():
        assert epochs == list(range(1, len(epochs) + 1))
    assert running(emulator) == []
