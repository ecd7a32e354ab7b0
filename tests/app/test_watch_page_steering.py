"""What the page asks of the experiment that it shows: from whom it is taken, and that it is what ``steer`` asks."""

import http.client
import json

import pytest

from tests.app.test_watch_study import add
from tunekit.watch.controls import Controls, EndField, TrialField
from tunekit.watch.experiment import WatchedExperiment
from tunekit.watch.page_requests import ask_watched
from tunekit.watch.page_state import state_of
from tunekit.watch.server import MOST_BYTES, serving
from tunekit_core.plugins.names import BUILT_IN
from tunekit_core.space import SearchSpace

PAUSE = json.dumps({"kind": "pause", "values": []}).encode()
TIME = {f"{BUILT_IN}/max_wallclock_time": {"seconds": 600.0, "distribution": BUILT_IN}}


@pytest.fixture(scope="module")
def asked():
    return []


@pytest.fixture(scope="module")
def server(asked):
    def steer(request):
        asked.append(request)
        return {"is_done": True, "text": "paused"}

    with serving(0, steer) as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_asked(asked):
    asked.clear()


def post(server, name="steer", content=PAUSE, method="POST", **headers):
    """The status, the headers and the content of an answer to what the page would send, but for what is given."""
    own = f"127.0.0.1:{server.server_port}"
    sent = {
        "Host": own,
        "Origin": f"http://{own}",
        "Content-Type": "application/json",
        "Sec-Fetch-Site": "same-origin",
        "Content-Length": str(len(content)),
    }
    sent |= {key.replace("_", "-"): value for key, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        connection.putrequest(method, f"/{server.token}/{name}", skip_host=True)
        for key, value in sent.items():
            if value is not None:
                connection.putheader(key, value.replace("PORT", str(server.server_port)))
        connection.endheaders(content)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_what_the_page_asks_for_is_passed_on_and_answered(server, asked):
    status, headers, content = post(server)
    assert (status, json.loads(content)) == (200, {"is_done": True, "text": "paused"})
    assert (headers["Referrer-Policy"], headers["Content-Type"]) == ("no-referrer", "application/json")
    assert asked == [{"kind": "pause", "values": []}]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": None}, 403),
        ({"Origin": "https://127.0.0.1:PORT"}, 403),
        ({"Origin": "http://localhost:PORT"}, 403),  # another origin than the one that was asked
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Host": "evil.example:PORT", "Origin": "http://evil.example:PORT"}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Type": None}, 415),
        ({"Content_Length": None}, 411),
        ({"Content_Length": "-1"}, 411),
        ({"Transfer_Encoding": "chunked"}, 411),
        ({"Content_Length": str(MOST_BYTES + 1)}, 413),
        ({"Content_Length": "9" * 5000}, 413),
        ({"content": b"{"}, 400),
        ({"content": b"\xff"}, 400),
        ({"content": b"[" * 50_000}, 400),
        ({"name": "state.json"}, 405),
        ({"name": ""}, 405),
        ({"method": "GET"}, 405),
        ({"method": "PUT"}, 405),
        ({"method": "OPTIONS"}, 405),  # what a browser asks before it sends JSON from the page of somebody else
    ],
)
def test_what_any_other_page_could_send_is_refused(server, asked, changed, status):
    found, headers, content = post(server, **changed)
    assert (found, content, asked) == (status, b"", [])
    assert not [name for name in headers if name.startswith("Access-Control")]


def test_without_the_token_nothing_can_be_asked(server, asked):
    assert post(server, name="../wrong/steer")[0] in (404, 405)
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("POST", "/wrong/steer", PAUSE, {"Content-Type": "application/json"})
    assert connection.getresponse().status == 404
    connection.close()
    assert asked == []


def test_where_there_is_nothing_to_steer_nothing_is_taken():
    with serving(0) as server:
        assert post(server)[0] == 405


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ([], "This is no request"),
        ({"kind": "pause"}, "This is no request"),
        ({"kind": "fly", "values": []}, "There are: continue, extend, pause, stop, try."),
        ({"kind": ["pause"], "values": []}, "There is no such request."),
        ({"kind": "try", "values": "x=1"}, "a list of texts"),
        ({"kind": "try", "values": [1]}, "a list of texts"),
        ({"kind": "pause", "values": []}, "does not run: it is completed"),
    ],
)
def test_what_cannot_be_asked_is_answered_in_words(tmp_path, request_, told):
    folder = add(tmp_path, "ASHA", 0)
    answer = ask_watched(WatchedExperiment(folder), request_)
    assert answer["is_done"] is False
    assert told in answer["text"]
    assert not (folder / "requests").exists()


def test_what_is_over_has_no_controls(ended):
    assert state_of(WatchedExperiment(ended).look())["controls"] is None


def test_the_fields_are_the_ends_that_are_numbers_and_what_is_searched():
    space = SearchSpace.parse({"lr": "loguniform(1e-4, 1e-2)", "act": "choice(['relu', 'tanh'])", "depth": 3})
    controls = Controls.of({"benchmark": "script", "config": {"stopping": TIME}}, space)
    assert controls.ends == (EndField("stopping.max_wallclock_time", "600", "s"),)
    assert controls.hyperparameters == (
        TrialField("lr", "loguniform(0.0001, 0.01)", "0.001"),
        TrialField("act", "choice(['relu', 'tanh'])", "relu"),
    )
    assert not controls.is_held


@pytest.mark.parametrize("metadata", [{"benchmark": "function", "config": {"stopping": TIME}}, {}, {"config": []}])
def test_of_a_call_no_end_can_be_moved(metadata):
    assert Controls.of(metadata, SearchSpace.parse({"x": "uniform(0, 1)"})).ends is None
