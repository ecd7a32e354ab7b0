"""What a job writes becomes events, late and in pieces if asked for, and values of metrics."""

import re
import time

import boto3
from botocore.exceptions import ReadTimeoutError

from tunekit_sagemaker.emulator.instances.clients import Clients

METRICS = [{"Name": "loss", "Regex": r'"loss": ([-+]?[0-9][-+0-9.eE]*)'}]


def with_metrics(script):
    entry = {"ContainerEntrypoint": ["sh", "-c", script]}
    return {"TrainingImage": "image", "TrainingInputMode": "File", "MetricDefinitions": METRICS, **entry}


def test_output_and_errors_are_logged_in_one_stream(aws):
    aws.run(script="echo out; echo err >&2; printf 'no end'")
    assert aws.wait_for_lines(3) == ["out", "err", "no end"]
    [stream] = aws.streams()
    assert re.fullmatch(r"job/algo-1-\d{13}", stream)


def test_lines_come_while_the_job_runs(aws):
    aws.create(script="echo first; exec sleep 60")
    assert aws.wait_for_lines(1) == ["first"]
    assert aws.describe()["TrainingJobStatus"] == "InProgress"


def test_a_job_that_writes_nothing_has_no_stream(aws):
    aws.run()
    assert aws.streams() == []


def test_many_lines_come_in_their_order(aws):
    aws.run(script="seq 5000")
    assert aws.wait_for_lines(5000) == [str(number) for number in range(1, 5001)]


def test_what_cannot_be_logged_for_a_moment_is_logged_later_and_the_job_ends(aws, monkeypatch):
    get, left = Clients.get, [2]

    def fail_at_first(self, service, region):
        if service == "logs" and left[0]:
            left[0] -= 1
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1")
        return get(self, service, region)

    monkeypatch.setattr(Clients, "get", fail_at_first)
    aws.run(script="echo first; echo second")
    assert aws.wait_for_lines(2) == ["first", "second"]
    assert left == [0]


def test_events_may_come_late_also_after_the_end(aws, emulator):
    emulator.log_delay = 3.0
    aws.run(script="echo first; echo second")
    assert aws.lines() == []
    assert aws.wait_for_lines(2) == ["first", "second"]


def test_long_lines_are_cut_and_nothing_is_lost(aws, emulator):
    emulator.cut_events_at = 120
    line = "".join(f"{number:04}" for number in range(150))
    aws.put("data/line", f"{line}\nend\n".encode())
    aws.run(script="cat /opt/ml/input/data/lines/line", InputDataConfig=[aws.channel("lines", "data/")])
    events = aws.wait_for_lines(6)
    assert [len(event) for event in events] == [120, 120, 120, 120, 120, 3]
    assert "".join(events[:5]) == line


def test_bytes_that_are_no_text_are_replaced(aws):
    aws.run(script="printf 'a\\377b\\n'")
    assert aws.wait_for_lines(1) == ["a\ufffdb"]


def test_the_last_value_of_a_metric_is_described(aws):
    script = """echo '{"loss": 12.5}'; echo '{"loss": -3}'; echo '{"loss": 1e-05}'; echo '{"loss": nan}'"""
    found = aws.run(AlgorithmSpecification=with_metrics(script))
    [metric] = found["FinalMetricDataList"]
    assert metric["MetricName"] == "loss"
    assert metric["Value"] == 1e-05
    assert found["AlgorithmSpecification"]["EnableSageMakerMetricsTimeSeries"] is True


def test_the_values_of_a_metric_are_in_cloudwatch(aws, emulator, eventually):
    aws.run("valued", AlgorithmSpecification=with_metrics("""echo '{"loss": 12.5}'; echo '{"loss": 0.5}'"""))
    cloudwatch = boto3.client("cloudwatch")
    asked = {
        "Namespace": "/aws/sagemaker/TrainingJobs",
        "MetricName": "loss",
        "Dimensions": [{"Name": "TrainingJobName", "Value": "valued"}],
        "StartTime": time.time() - 600,
        "EndTime": time.time() + 600,
        "Period": 3600,
        "Statistics": ["Minimum", "Maximum"],
    }
    points = eventually(lambda: cloudwatch.get_metric_statistics(**asked)["Datapoints"])
    assert (points[0]["Minimum"], points[0]["Maximum"]) == (0.5, 12.5)


def test_the_log_of_a_region_is_in_that_region(aws, emulator):
    elsewhere = aws.client("sagemaker", region="eu-west-1")
    aws.create("here", script="echo here")
    aws.sagemaker, aws.logs = elsewhere, aws.client("logs", region="eu-west-1")
    aws.create("there", script="echo there")
    assert aws.wait_for_lines(1, "there") == ["there"]
    assert aws.streams("here") == []
