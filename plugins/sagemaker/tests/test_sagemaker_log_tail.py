import json
import time

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber
from moto import mock_aws

from tunekit_sagemaker.aws.clients import Clients
from tunekit_sagemaker.jobs.log_tail import GROUP, LogTail
from tunekit_sagemaker.jobs.report_lines import LoggedEnd

NOW = int(1000 * time.time()) - 60_000  # what is older than two weeks is not taken


def report(seq, incarnation="aaaaaaaa"):
    return f"[tunekit-report] {json.dumps({'run': 0, 'incarnation': incarnation, 'seq': seq, 'report': {'x': seq}})}"


def end(n_reports, incarnation="aaaaaaaa", exit_code=0):
    content = {"incarnation": incarnation, "seq": n_reports, "exit_code": exit_code, "signal": None, "asked": False}
    return f"[tunekit-end] {json.dumps(content)}"


def numbers(logged):
    return [each.seq for each in logged if not isinstance(each, LoggedEnd)]


class Clock:
    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time


@pytest.fixture
def logs():
    with mock_aws():
        yield Clients("eu-west-1").logs


@pytest.fixture
def calls(logs):
    calls = []
    logs.meta.events.register("before-call", lambda model, **_: calls.append(model.name))
    return calls


def put(logs, *messages, stream="job/algo-1-1700000000", seconds=0):
    began = NOW + 1000 * seconds
    events = [{"timestamp": began + number, "message": message} for number, message in enumerate(messages)]
    for create in (
        lambda: logs.create_log_group(logGroupName=GROUP),
        lambda: logs.create_log_stream(logGroupName=GROUP, logStreamName=stream),
    ):
        try:
            create()
        except logs.exceptions.ResourceAlreadyExistsException:
            continue
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


@pytest.fixture
def stub(logs):
    """A service that answers as it is told; with one stream."""
    stub = Stubber(logs)
    stub.add_response("describe_log_streams", {"logStreams": [{"logStreamName": "job/algo-1-1"}]})
    with stub:
        yield stub
        stub.assert_no_pending_responses()


def page(stub, token, *messages, after=None):
    expected = {"logGroupName": GROUP, "logStreamName": "job/algo-1-1", "startFromHead": True}
    events = [{"timestamp": 1, "message": message} for message in messages]
    answer = {"events": events, "nextForwardToken": token, "nextBackwardToken": "b"}
    stub.add_response("get_log_events", answer, expected if after is None else {**expected, "nextToken": after})


def test_a_job_that_has_printed_nothing_has_nothing_yet(logs):
    tail = LogTail(logs)
    assert tail.read("job") == []
    logs.create_log_group(logGroupName=GROUP)
    assert tail.read("job") == []
    assert (tail.end("job"), tail.is_complete("job")) == (None, False)


def test_what_is_printed_is_told_once(logs):
    tail = LogTail(logs)
    put(logs, "hello", report(0))
    assert numbers(tail.read("job")) == [0]
    assert tail.read("job") == []
    put(logs, report(1), end(2), seconds=1)
    assert numbers(tail.read("job")) == [1]
    assert tail.end("job") == LoggedEnd("aaaaaaaa", 2, 0, None, False)
    assert tail.is_complete("job")


def test_jobs_whose_names_begin_alike_are_told_apart(logs):
    put(logs, report(0))
    put(logs, report(7), stream="job-2/algo-1-1700000000")
    assert numbers(LogTail(logs).read("job")) == [0]


def test_a_page_without_events_need_not_be_the_last(stub, logs):
    page(stub, "f1")
    page(stub, "f2", after="f1")
    page(stub, "f3", report(0), after="f2")
    page(stub, "f3", after="f3")
    tail = LogTail(logs)
    assert numbers(tail.read("job")) == [0]
    page(stub, "f3", after="f3")
    assert tail.read("job") == []


def test_a_job_that_prints_without_an_end_is_read_in_turns(stub, logs):
    page(stub, "f0", report(0))
    for number in range(1, 12):
        page(stub, f"f{number}", report(number), after=f"f{number - 1}")
    page(stub, "f11", after="f11")
    tail = LogTail(logs)
    assert numbers(tail.read("job")) == list(range(10))
    assert numbers(tail.read("job")) == [10, 11]


def test_a_quiet_job_costs_one_call(logs, calls):
    put(logs, report(0))
    tail = LogTail(logs)
    tail.read("job")
    calls.clear()
    tail.read("job")
    assert calls == ["GetLogEvents"]


def test_a_job_that_has_told_all_costs_none(logs, calls):
    put(logs, report(0), end(1))
    tail = LogTail(logs)
    tail.read("job")
    calls.clear()
    tail.read("job")
    assert calls == []


def test_streams_are_looked_for_every_30_seconds_and_when_asked(logs, calls):
    clock = Clock()
    tail = LogTail(logs, clock)
    put(logs, report(0))
    tail.read("job")
    clock.time = 29.0
    put(logs, report(0, "bbbbbbbb"), stream="job/algo-1-1700000060")
    assert tail.read("job") == []
    assert numbers(tail.read("job", thoroughly=True)) == [0]
    put(logs, report(0, "cccccccc"), stream="job/algo-1-1700000090")
    clock.time = 58.0
    assert tail.read("job") == []
    clock.time = 59.0
    assert numbers(tail.read("job")) == [0]


def test_a_job_that_was_begun_again_has_the_end_of_its_last_stream(logs):
    tail = LogTail(logs)
    put(logs, report(0), end(1, exit_code=3))
    tail.read("job")
    assert tail.end("job").exit_code == 3
    put(logs, report(0, "bbbbbbbb"), stream="job/algo-1-1700000060")
    tail.read("job", thoroughly=True)
    assert (tail.end("job"), tail.is_complete("job")) == (None, False)
    put(logs, end(1, "bbbbbbbb"), stream="job/algo-1-1700000060", seconds=1)
    tail.read("job")
    assert tail.end("job").exit_code == 0
    assert tail.is_complete("job")


def test_of_several_machines_the_one_that_failed_says_how_the_job_ended(logs):
    put(logs, end(0))
    put(logs, end(0, "bbbbbbbb", exit_code=3), stream="job/algo-2-1700000000")
    tail = LogTail(logs)
    tail.read("job")
    assert tail.end("job").exit_code == 3


@pytest.mark.parametrize(
    ("code", "status"),
    [("ThrottlingException", 400), ("Throttling", 400), ("ServiceUnavailableException", 503), ("InternalFailure", 500)],
)
def test_a_refusal_for_now_skips_a_round(stub, logs, code, status):
    page(stub, "f1", report(0))
    stub.add_client_error("get_log_events", code, http_status_code=status)
    page(stub, "f1", after="f1")
    tail = LogTail(logs)
    assert numbers(tail.read("job")) == [0]
    assert tail.is_behind("job")
    assert tail.read("job") == []
    assert not tail.is_behind("job")


def test_a_log_of_many_pages_is_not_read_to_its_end_at_once(stub, logs):
    for number in range(10):
        page(stub, f"f{number + 1}", report(number), after=f"f{number}" if number else None)
    page(stub, "f10", after="f10")
    tail = LogTail(logs)
    assert numbers(tail.read("job")) == list(range(10))
    assert tail.is_behind("job")
    assert tail.read("job") == []
    assert not tail.is_behind("job")


def test_a_list_that_is_refused_for_now_skips_a_round(logs):
    put(logs, report(0))
    stub = Stubber(logs)
    stub.add_client_error("describe_log_streams", "ThrottlingException")
    tail = LogTail(logs)
    with stub:
        assert tail.read("job") == []
    assert numbers(tail.read("job")) == [0]


@pytest.mark.parametrize("error", [ReadTimeoutError, ConnectTimeoutError, EndpointConnectionError])
def test_a_network_that_is_down_skips_a_round(logs, error):
    put(logs, report(0))
    tail = LogTail(logs)

    def fail(**_):
        raise error(endpoint_url="logs")

    logs.meta.events.register("before-call.cloudwatch-logs.GetLogEvents", fail, unique_id="down")
    assert tail.read("job") == []
    logs.meta.events.unregister("before-call.cloudwatch-logs.GetLogEvents", unique_id="down")
    assert numbers(tail.read("job")) == [0]


def test_a_refusal_for_good_is_raised_and_costs_no_report(stub, logs):
    page(stub, "f1", report(0))
    stub.add_client_error("get_log_events", "AccessDeniedException", http_status_code=400)
    stub.add_client_error("get_log_events", "AccessDeniedException", http_status_code=400)
    tail = LogTail(logs)
    assert numbers(tail.read("job")) == [0]
    with pytest.raises(logs.exceptions.ClientError):
        tail.read("job")


def test_a_token_that_has_expired_has_the_stream_read_again(stub, logs):
    page(stub, "f1", report(0))
    page(stub, "f1", after="f1")
    tail = LogTail(logs)
    tail.read("job")
    stub.add_client_error("get_log_events", "InvalidParameterException")
    page(stub, "g1", report(0), report(1))
    page(stub, "g1", after="g1")
    assert numbers(tail.read("job")) == [1]


def test_an_event_that_came_late_is_found_when_one_looks_thoroughly(logs, stub):
    page(stub, "f1", report(1), end(2))
    page(stub, "f1", after="f1")
    tail = LogTail(logs)
    assert numbers(tail.read("job")) == [1]
    assert not tail.is_complete("job")
    stub.add_response("describe_log_streams", {"logStreams": [{"logStreamName": "job/algo-1-1"}]})
    page(stub, "f2", report(0), report(1), end(2))
    page(stub, "f2", after="f2")
    assert numbers(tail.read("job", thoroughly=True)) == [0]
    assert tail.is_complete("job")


def test_another_process_goes_on_where_one_has_come_to(logs, calls):
    put(logs, report(0), report(1)[:40])
    tail = LogTail(logs)
    tail.read("job")
    state = json.loads(json.dumps(tail.state("job")))
    put(logs, report(1)[40:], end(2), seconds=1)
    again = LogTail(logs)
    again.restore("job", state)
    assert numbers(again.read("job")) == [1]
    assert again.is_complete("job")


def test_a_job_that_is_forgotten_is_read_from_its_beginning(logs):
    put(logs, report(0))
    tail = LogTail(logs)
    tail.read("job")
    tail.forget("job")
    assert tail.state("job") == {}
    assert numbers(tail.read("job")) == [0]
