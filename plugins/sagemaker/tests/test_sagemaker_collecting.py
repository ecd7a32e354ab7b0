"""Results that jobs have left in S3 come home, and what is said of the jobs of a study."""

import json
import subprocess
import sys
from types import SimpleNamespace

import boto3
import pytest

from tunekit_core import ConfigurationError, ExperimentRecord, RecordError, Streams, Tuner, create, load_experiment
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem
from tunekit_sagemaker.aws.clients import Clients
from tunekit_sagemaker.remote import JobState, collect, launch, status, stop
from tunekit_sagemaker.remote.command import main
from tunekit_sagemaker.remote.states import states_of
from tunekit_sagemaker.study.address import Address
from tunekit_sagemaker.study.log import StudyJob
from tunekit_sagemaker.study.places import StudyPlaces
from tunekit_sagemaker.study.study import Study

HASH, FOLDER = "0123456789ab", "study/RANDOM/toy-0-0123456789ab"
BUCKET = "results-of-us"


@pytest.fixture(autouse=True)
def bucket(emulator, at_any_rate):
    boto3.client("s3").create_bucket(Bucket=BUCKET)


@pytest.fixture
def study(tmp_path):
    Address(bucket=BUCKET, prefix="ours/", region="us-east-1", command="typed").write(tmp_path / "home", "study")
    return Study(Clients("us-east-1"), StudyPlaces(BUCKET, "ours/", "study"))


@pytest.fixture
def experiment(tmp_path):
    """The folder of a complete experiment."""
    folder, benchmark, streams = tmp_path / "elsewhere", ToyBenchmark(), Streams(0)
    problem = toy_problem(benchmark)
    Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, create("searcher", "random", problem, streams)),
        backend=ToyBackend(problem, benchmark, None, streams),
        stopping=[create("stopping", "max_num_trials_finished", problem, count=3)],
        n_workers=1,
        record=ExperimentRecord(folder, keep_events=True),
        metadata={"hash": HASH},
    ).run()
    (folder / "charts").mkdir()
    (folder / "charts/one.txt").write_text("chart")
    return folder


def decide(study, *names):
    """Jobs with the one run."""
    jobs = [
        StudyJob(
            name=name,
            title="RANDOM, toy, seed 0",
            code="s3://code/",
            runs={FOLDER: HASH},
            max_run=60,
            hyperparameters={},
            metrics=(),
        )
        for name in names
    ]
    study.log.read()
    assert study.log.append(jobs)


def leave(study, job, experiment, without=(), **metadata):
    """What a job has left of the run."""
    path = experiment / "metadata.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **metadata}))
    for file in (path for path in experiment.rglob("*") if path.is_file() and path.name not in without):
        key = study.places.run(job, FOLDER) + file.relative_to(experiment).as_posix()
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=file.read_bytes())


def test_what_is_complete_comes_home_once(tmp_path, study, experiment):
    decide(study, "one")
    leave(study, "one", experiment)
    assert collect("study", results_dir=tmp_path / "home").completed == (FOLDER,)
    home = tmp_path / "home" / FOLDER
    assert load_experiment(home).metadata["n_completed"] == 3
    assert (home / "charts/one.txt").read_text() == "chart"
    assert (home / "results.csv.zip").read_bytes() == (experiment / "results.csv.zip").read_bytes()
    assert collect("study", results_dir=tmp_path / "home").completed == ()


def test_what_has_not_come_to_s3_as_a_whole_stays_there(tmp_path, study, experiment):
    decide(study, "one")
    leave(study, "one", experiment, without=("results.csv.zip",))
    assert collect("study", results_dir=tmp_path / "home").completed == ()
    assert not (tmp_path / "home" / FOLDER).exists()


def test_the_newest_job_that_has_come_to_an_end_counts(tmp_path, study, experiment):
    decide(study, "one", "two")
    leave(study, "one", experiment, status="failed")
    leave(study, "two", experiment, status="interrupted")
    assert collect("study", results_dir=tmp_path / "home").failed == ()
    leave(study, "two", experiment, status="failed")
    found = collect("study", results_dir=tmp_path / "home")
    assert (found.completed, found.failed) == ((), (FOLDER,))
    leave(study, "two", experiment, status="completed")
    assert collect("study", results_dir=tmp_path / "home").completed == (FOLDER,)


def test_a_study_of_another_machine_is_found_in_its_bucket(tmp_path, study, experiment):
    decide(study, "one")
    leave(study, "one", experiment)
    there = {"bucket": BUCKET, "prefix": "/ours", "region": "us-east-1"}
    assert collect("study", results_dir=tmp_path / "other", **there).completed == (FOLDER,)


def test_keys_that_would_lie_elsewhere_are_not_written(tmp_path, study, experiment):
    decide(study, "one")
    leave(study, "one", experiment)
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"{study.places.run('one', FOLDER)}../../../../out", Body=b"")
    collect("study", results_dir=tmp_path / "home")
    assert not (tmp_path / "home/out").exists()


@pytest.mark.parametrize("place", ["study/RANDOM", FOLDER])
def test_a_file_that_is_in_the_way_is_told(tmp_path, study, experiment, place):
    decide(study, "one")
    leave(study, "one", experiment)
    path = tmp_path / "home" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    with pytest.raises(ConfigurationError, match=rf"cannot be written to .*{FOLDER}: Not a directory: .*Remove"):
        collect("study", results_dir=tmp_path / "home")
    assert path.read_text() == "mine"


def test_an_address_that_cannot_be_noted_is_told(tmp_path):
    (tmp_path / "study").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"Results cannot be written to .*study: File exists: .*Remove what"):
        Address(bucket=BUCKET, prefix="", region="us-east-1", command="typed").write(tmp_path, "study")


@pytest.mark.parametrize(
    "change",
    [
        {"jobs": {}},
        {"jobs": ["one"]},
        {"jobs": [{"runs": [FOLDER]}]},
        {"jobs": [{"runs": {"../../out": HASH}}]},
        {"jobs": [{"runs": {"study/../out": HASH}}]},
        {"jobs": [{"runs": {FOLDER: 5}}]},
        {"jobs": [{"name": 5}]},
        {"jobs": [{"name": "a b"}]},
        {"jobs": [{"max_run": "60"}]},
        {"format": None},
    ],
)
def test_an_entry_of_the_log_that_is_damaged_is_told_and_nothing_follows_from_it(tmp_path, study, experiment, change):
    decide(study, "one")
    leave(study, "one", experiment)
    s3, key = boto3.client("s3"), study.places.entry(1)
    said = json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    if isinstance(change.get("jobs"), list) and isinstance(change["jobs"][0], dict):
        change = {"jobs": [{**said["jobs"][0], **change["jobs"][0]}]}
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps({**said, **change}).encode())
    for act in (collect, status, stop):
        with pytest.raises(RecordError, match=r"000001\.json (is damaged|was written by another version)"):
            act("study", results_dir=tmp_path / "home")
    assert not (tmp_path / "out").exists()


def test_an_entry_of_the_log_that_is_gone_is_told_since_its_runs_would_be_begun_again(tmp_path, study):
    decide(study, "one")
    decide(study, "two")
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=study.places.entry(1))
    with pytest.raises(RecordError, match=r"000001\.json is gone, which says which jobs were launched"):
        collect("study", results_dir=tmp_path / "home")


def test_a_job_that_was_not_created_is_not_begun_and_one_that_follows_counts_its_runs(tmp_path, study, experiment):
    decide(study, "one", "two")
    leave(study, "two", experiment)
    first, second = status("study", results_dir=tmp_path / "home")
    assert (first.status, first.n_runs, first.is_over) == ("not begun", 0, False)
    assert (second.n_runs, second.n_complete, second.dollars) == (1, 1, None)
    assert stop("study", results_dir=tmp_path / "home") == []


@pytest.mark.parametrize(
    ("secondary", "reason"),
    [
        ("MaxRuntimeExceeded", "it ran longer than hydra.launcher.max_run allows"),
        (
            "MaxWaitTimeExceeded",
            "it waited for a spot instance, and ran, longer than hydra.launcher.max_wait allows",
        ),
        ("Stopped", ""),
    ],
)
def test_the_limit_of_time_that_ended_a_job_is_told(study, secondary, reason):
    decide(study, "one")
    said = {"TrainingJobStatus": "Stopped", "SecondaryStatus": secondary}
    there = SimpleNamespace(
        log=study.log, left_behind=study.left_behind, jobs=SimpleNamespace(describe=lambda name: said)
    )
    (state,) = states_of(there)
    assert (state.status, state.is_over, state.reason) == ("Stopped", True, reason)


def test_what_to_type_is_told_where_a_job_was_not_begun(tmp_path, study, capsys):
    decide(study, "one")
    assert main(["status", "study", "--results-dir", str(tmp_path / "home")]) == 0
    assert "To begin what is missing, or to compare, type: typed\n" in capsys.readouterr().out


def test_the_end_of_each_reason_of_failures_is_told_once_and_steers_no_terminal(tmp_path, study, capsys, monkeypatch):
    reason = "Traceback" + "x" * 400 + "\x1b[2J\nValueError: nan"
    failed = {"title": "ASHA", "status": "Failed", "is_over": True, "n_complete": 0, "n_failed": 0}
    states = [JobState(name=name, n_runs=n, reason=reason, **failed) for name, n in [("a", 1), ("b", 1), ("old", 0)]]
    monkeypatch.setattr("tunekit_sagemaker.remote.command.states_of", lambda study: states)
    assert main(["status", "study", "--results-dir", str(tmp_path / "home")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[4] == "Not shown: 1 job that ended, whose runs later ones have."
    assert lines[5].startswith("a and 1 more: …xxx")
    assert lines[5].endswith("x [2J ValueError: nan")
    assert len(lines[5]) == 315


def test_a_study_without_jobs_has_none(tmp_path, study):
    assert status("study", results_dir=tmp_path / "home") == []
    assert collect("study", results_dir=tmp_path / "home").completed == ()


def test_a_tag_that_was_not_launched_is_told(tmp_path, study):
    with pytest.raises(
        ConfigurationError, match=r"other was not launched from .*home; what was: study\. Type --results"
    ):
        status("other", results_dir=tmp_path / "home")


def test_a_bucket_that_does_not_exist_is_told(tmp_path, study):
    with pytest.raises(ConfigurationError, match="python -m tunekit remote cannot use AWS: NoSuchBucket"):
        status("study", results_dir=tmp_path / "home", bucket="no-such-bucket-of-ours")


def test_a_region_that_is_not_known_is_told_as_it_is_typed_here(tmp_path, study, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigurationError, match=r"--region=None leaves open where jobs run: type --region=us-east-1"):
        status("study", results_dir=tmp_path / "other", bucket=BUCKET)


@pytest.mark.parametrize("typed", [["+method=RS"], ["+method=RS", "hydra/launcher=sagemaker"]])
def test_the_launcher_is_named_once_whether_it_was_typed_or_not(monkeypatch, typed):
    ran = []
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: ran.append(command) or subprocess.CompletedProcess([], 0)
    )
    assert launch(typed)
    assert ran == [[sys.executable, "-m", "tunekit", "+method=RS", "hydra/launcher=sagemaker"]]


def test_what_cannot_be_launched_is_an_error_that_says_where_to_look(monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 2))
    with pytest.raises(ConfigurationError, match=r"ended with status 2, and has printed why\."):
        launch(["+method=RS"])
