import time
from functools import cache

import boto3
import pytest

ROLE = "arn:aws:iam::123456789012:role/tunekit"
GROUP = "/aws/sagemaker/TrainingJobs"


def job_request(name="job", script="true", **changes):
    """A request for a job that runs a shell script; ``None`` leaves a member out."""
    plain = {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["sh", "-c", script],
        },
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not None}


@cache
def session():
    return boto3.session.Session()


class Aws:
    """A user of the emulator, with a bucket."""

    def __init__(self, environment):
        self._environment = environment
        self.sagemaker, self.s3, self.logs = (self.client(name) for name in ("sagemaker", "s3", "logs"))
        self.s3.create_bucket(Bucket="bucket")

    def client(self, service, region=None, key=None, **options):
        """A client; all are of one session, since each session reads the descriptions of services again."""
        environment = self._environment
        return session().client(
            service,
            region_name=region or environment["AWS_DEFAULT_REGION"],
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=key or environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            **options,
        )

    def create(self, name="job", script="true", **changes):
        if "\n" in script or len(script) > 256:  # more than an argument may be
            self.put(f"scripts/{name}/script.sh", script.encode())
            changes["InputDataConfig"] = [
                *changes.get("InputDataConfig", []),
                self.channel("script", f"scripts/{name}/"),
            ]
            script = "exec sh /opt/ml/input/data/script/script.sh"
        return self.sagemaker.create_training_job(**job_request(name, script, **changes))["TrainingJobArn"]

    def describe(self, name="job"):
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def stop(self, name="job"):
        self.sagemaker.stop_training_job(TrainingJobName=name)

    def wait(self, name="job", until=("Completed", "Failed", "Stopped")):
        """Until its status or its secondary status is one of these; its description."""
        return eventually(lambda: self.if_in(name, until))

    def if_in(self, name, statuses):
        found = self.describe(name)
        return found if found["TrainingJobStatus"] in statuses or found["SecondaryStatus"] in statuses else None

    def run(self, name="job", script="true", **changes):
        """The description of a job that has ended."""
        self.create(name, script, **changes)
        return self.wait(name)

    def streams(self, name="job"):
        try:
            answer = self.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [stream["logStreamName"] for stream in answer["logStreams"]]

    def lines(self, name="job"):
        """All messages of all its streams, the streams in the order of their names."""
        return [
            event["message"]
            for stream in sorted(self.streams(name))
            for event in self.logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)[
                "events"
            ]
        ]

    def wait_for_lines(self, count, name="job"):
        return eventually(lambda: lines if len(lines := self.lines(name)) >= count else None)

    @staticmethod
    def history(description):
        """All its secondary statuses."""
        return [entry["Status"] for entry in description["SecondaryStatusTransitions"]]

    @staticmethod
    def channel(name, prefix):
        """A channel of a job."""
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://bucket/{prefix}"}
        return {"ChannelName": name, "DataSource": {"S3DataSource": source}}

    def put(self, key, content=b""):
        self.s3.put_object(Bucket="bucket", Key=key, Body=content)

    def keys(self, prefix=""):
        found = self.s3.list_objects_v2(Bucket="bucket", Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", [])]

    def content(self, key):
        return self.s3.get_object(Bucket="bucket", Key=key)["Body"].read()


def eventually(ask, seconds=60.0):
    """The first answer that is something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError("it has not come to that")


@pytest.fixture
def aws(emulator):
    return Aws(emulator.environment)


@pytest.fixture
def aws_of():
    """A user of any emulator."""
    return lambda emulator: Aws(emulator.environment)


@pytest.fixture(name="eventually")
def eventually_():
    return eventually
