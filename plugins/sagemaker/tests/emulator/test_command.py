"""The emulator as a command: what it prints, and that nothing is left when it ends, however it ends."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import boto3
import psutil
import pytest

from tunekit_sagemaker.emulator import Emulator
from tunekit_sagemaker.emulator.main import main

JOB = {
    "TrainingJobName": "job",
    "RoleArn": "arn:aws:iam::123456789012:role/tunekit",
    "AlgorithmSpecification": {
        "TrainingImage": "image",
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["sh", "-c", "trap '' TERM; setsid sleep 300 & (nohup sleep 300 &) ; sleep 300"],
    },
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
}


class Command:
    """The command in a process of its own, and the client that what it prints leads to."""

    def __init__(self, temporary, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tunekit_sagemaker.emulator", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(temporary)},
            start_new_session=True,
        )
        self.exported = {}
        while "AWS_DEFAULT_REGION" not in self.exported:
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            if line.startswith("export "):
                name, value = line.removeprefix("export ").strip().split("=")
                self.exported[name] = value
        self.sagemaker = boto3.client(
            "sagemaker",
            region_name=self.exported["AWS_DEFAULT_REGION"],
            endpoint_url=self.exported["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.exported["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.exported["AWS_SECRET_ACCESS_KEY"],
        )

    def end(self, number):
        """Send a signal; what it has printed since the beginning, and its errors."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=30)


@pytest.fixture
def command(tmp_path):
    started = []

    def start(*arguments):
        started.append(Command(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()
    for process in processes_of(tmp_path):  # of a test that has failed
        process.kill()


def processes_of(folder):
    """All whose working folder is in a folder, as is that of whatever a job starts."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_it_tells_of_each_change_of_a_job_and_ends_with_status_0(command, eventually, tmp_path):
    running = command()
    running.sagemaker.create_training_job(**JOB)
    eventually(lambda: len(processes_of(tmp_path)) >= 4)
    printed, errors = running.end(signal.SIGINT)
    assert errors == ""
    assert running.process.returncode == 0
    assert re.findall(r"^\d\d:\d\d:\d\d  job  (\w+)  \(1 x ml.m5.large\)$", printed, re.MULTILINE) == [
        "Starting",
        "Downloading",
        "Training",
    ]
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_killed_it_takes_all_processes_of_its_jobs_along(command, eventually, tmp_path):
    running = command()
    running.sagemaker.create_training_job(**JOB)
    eventually(lambda: len(processes_of(tmp_path)) >= 4)
    running.end(signal.SIGKILL)
    eventually(lambda: not processes_of(tmp_path))


def test_killed_with_all_of_its_group_it_takes_them_along_too(command, eventually, tmp_path):
    running = command()
    running.sagemaker.create_training_job(**JOB)
    eventually(lambda: len(processes_of(tmp_path)) >= 4)
    os.killpg(running.process.pid, signal.SIGKILL)
    eventually(lambda: not processes_of(tmp_path))


def test_sigterm_ends_it_with_status_143(command):
    running = command()
    running.end(signal.SIGTERM)
    assert running.process.returncode == 143


def test_quotas_are_those_that_were_given(command):
    running = command("--quota", "ml.m5.large=0")
    with pytest.raises(running.sagemaker.exceptions.ResourceLimitExceeded, match="is 0 Instances"):
        running.sagemaker.create_training_job(**JOB)


def test_files_of_jobs_stay_in_a_folder_that_was_given(command, eventually, tmp_path):
    running = command("--folder", str(tmp_path / "jobs"))
    running.sagemaker.create_training_job(**JOB)
    eventually(lambda: len(processes_of(tmp_path)) >= 4)
    running.end(signal.SIGINT)
    [folder] = (tmp_path / "jobs").iterdir()
    assert (folder / "ml" / "input" / "config" / "hyperparameters.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("quota", "problem"),
    [
        ("ml.m5.large", "'ml.m5.large' has to be TYPE=NUMBER, such as ml.m5.large=2"),
        ("ml.m5.large=two", "'ml.m5.large=two' has to be TYPE=NUMBER, such as ml.m5.large=2"),
    ],
)
def test_a_quota_that_cannot_be_read_is_refused(capsys, quota, problem):
    with pytest.raises(SystemExit) as ended:
        main(["--quota", quota])
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err


def test_a_quota_of_an_unknown_type_is_refused(capsys):
    assert main(["--port", "0", "--quota", "ml.m5.larg=2"]) == 2
    assert "quotas: Value 'ml.m5.larg' at 'instanceType' failed" in capsys.readouterr().err


def test_a_quota_below_0_is_refused(capsys):
    assert main(["--port", "0", "--quota", "ml.m5.large=-1"]) == 2
    assert "quotas: ml.m5.large=-1 has to be a whole number, and 0 at least." in capsys.readouterr().err


def test_a_port_that_is_taken_is_refused(capsys, use):
    with Emulator() as other:
        port = int(other.url.rpartition(":")[2])
        code = f"import sys; from tunekit_sagemaker.emulator.main import main; sys.exit(main(['--port', '{port}']))"
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr == (
        f"port={port} cannot be used: Address already in use. Another emulator? Type --port 0 for a free one.\n"
    )


@pytest.mark.parametrize("missing", ["moto", "flask", "flask_cors"])
def test_without_the_extra_it_says_what_to_install(missing):
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from tunekit_sagemaker.emulator.main import main\n"
        "sys.exit(main(['--port', '0']))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.endswith("Type: pip install 'tunekit-sagemaker[emulator]'\n")
    assert ended.stderr.count("\n") == 1


def test_it_is_reached_without_the_proxy_that_is_used_otherwise(monkeypatch, use):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "internal.example")
    with Emulator() as emulator:
        assert emulator.environment["NO_PROXY"] == "internal.example,127.0.0.1"
        use(emulator)
        assert boto3.client("s3").list_buckets()["Buckets"] == []


def test_there_is_one_emulator_in_a_process_at_a_time(emulator):
    with pytest.raises(ValueError, match="There is an emulator in this process already"), Emulator():
        pass


def test_one_can_follow_another_and_knows_nothing_of_it(emulator, use):
    boto3.client("s3").create_bucket(Bucket="bucket")
    emulator.__exit__(None, None, None)
    with Emulator() as following:
        use(following)
        assert boto3.client("s3").list_buckets()["Buckets"] == []


def test_closing_ends_jobs_at_once(aws, emulator, eventually):
    before = {child.pid for child in psutil.Process().children(recursive=True)}  # of tests that ran here earlier
    aws.create(script="trap '' TERM; echo started; while true; do sleep 0.05; done")
    aws.wait_for_lines(1)
    emulator.__exit__(None, None, None)
    left = [child.name() for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert left == []


def test_an_unknown_way_to_opt_ml_is_refused():
    with pytest.raises(ValueError, match="opt_ml='docker' has to be one of relocate, namespace"):
        Emulator(opt_ml="docker")
