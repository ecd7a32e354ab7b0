import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tunekit_core import ConfigurationError, Streams, Tuner, create
from tunekit_core.testing import ObserverContract, ToyBackend, ToyBenchmark, toy_problem
from tunekit_webhook.webhook import Webhook, WebhookOptions


@pytest.fixture
def posted():
    """A server on this machine: its URL, and what was posted to it."""
    messages = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", messages
    server.shutdown()
    server.server_close()


class TestWebhook(ObserverContract):
    @pytest.fixture
    def make(self, posted):
        url, _ = posted
        return lambda problem, folder: Webhook(problem, folder, WebhookOptions(url=url))


def run_toy_with(url, *, fail_at=None, metadata=None):
    benchmark, streams = ToyBenchmark(), Streams(0)
    problem = toy_problem(benchmark)
    searcher = create("searcher", "random", problem, streams)
    tuner = Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, searcher),
        backend=ToyBackend(problem, benchmark, None, streams, fail_at=fail_at),
        stopping=[create("stopping", "max_num_trials_started", problem, count=5)],
        observers=[Webhook(problem, None, WebhookOptions(url=url))],
        metadata=metadata,
        n_workers=1,
    )
    return tuner.run()


def test_every_improvement_is_posted_with_what_is_known_of_the_run(posted):
    url, messages = posted
    result = run_toy_with(url, metadata={"method": "RS", "seed": 0, "other": [1]})
    scores = [message["metrics"]["score"] for message in messages]
    assert scores == sorted(scores, reverse=True)
    assert messages[-1]["configuration"] == result.incumbent.configuration
    assert {(message["method"], message["seed"], "other" in message) for message in messages} == {("RS", 0, False)}


def test_when_the_trial_of_the_incumbent_fails_the_next_best_is_posted(posted):
    url, messages = posted
    result = run_toy_with(url, fail_at={0: 5, 1: 5, 2: 5, 3: 5, 4: 5})
    assert result.incumbent is None
    assert {message["trial_id"] for message in messages} == {0, 1, 2, 3, 4}


def test_where_nobody_answers_there_is_one_warning_and_the_experiment_goes_on():
    with pytest.warns(RuntimeWarning, match="improvements could not be posted to http://127.0.0.1:1/") as warned:
        result = run_toy_with("http://127.0.0.1:1/")
    assert (result.n_trials, len(warned)) == (5, 1)


def test_what_is_no_url_is_refused_before_anything_starts():
    with pytest.raises(ConfigurationError, match="must begin with http:// or https://"):
        Webhook(toy_problem(ToyBenchmark()), None, WebhookOptions(url="localhost:8000"))
