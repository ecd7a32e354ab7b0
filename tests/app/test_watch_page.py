"""The page of what runs: to whom it answers, what it may do, and that what is shown is text alone."""

import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import time
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from tests.app.test_watch_study import add
from tunekit.pages.live import live_page
from tunekit.watch.experiment import WatchedExperiment
from tunekit.watch.page_state import state_of
from tunekit.watch.server import NAMES, serving
from tunekit.watch.study import WatchedStudy
from tunekit_core.errors import ConfigurationError
from tunekit_core.records.files import read_metadata, write_metadata

NASTY = "<script>alert(1)</script></script>\"'-->&\u2028\u202e\x1b[2J"
BROWSER = shutil.which("chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--enable-logging=stderr"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="module")
def server():
    with serving(0) as server:
        server.show({"title": NASTY, "status": "", "sections": []})
        yield server


def ask(server, path, method="GET", **headers):
    """The status, the headers and the content of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_the_address_is_of_this_machine_with_a_token_that_nobody_guesses(server):
    address = urlsplit(server.address)
    assert (address.scheme, address.hostname, address.port) == ("http", "127.0.0.1", server.server_port)
    assert len(address.path) > 40
    assert server.socket.getsockname()[0] == "127.0.0.1"
    with serving(0) as other:
        assert other.token != server.token


def test_with_the_token_there_are_the_page_and_the_state_and_nothing_else(server):
    token = server.token
    status, headers, page = ask(server, f"/{token}/")
    assert (status, page.decode()) == (200, live_page().html)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    status, headers, state = ask(server, f"/{token}/state.json")
    assert (status, json.loads(state)["title"]) == (200, NASTY)
    assert state.isascii()
    assert headers["Content-Type"] == "application/json"
    for name in ("live.js", "state.json/", "../", "?", "%2e", "state.json?x"):
        assert ask(server, f"/{token}/{name}")[::2] == (404, b"")


@pytest.mark.parametrize("path", ["/", "/state.json", "//", "/TOKEN", "/TOKE/", "/xTOKEN/", "/t/TOKEN/", "/%C3%A9/"])
def test_without_the_token_there_is_nothing(server, path):
    typed = path.replace("TOKEN", server.token).replace("TOKE", server.token[:-1])
    assert ask(server, typed)[::2] == (404, b"")


@pytest.mark.parametrize(
    "request_line", [b"GET /\xc3\xa9/ HTTP/1.0", b"GET /\xff\xfe HTTP/1.0", b"JUMP / HTTP/1.0", b"rubbish"]
)
def test_what_no_browser_asks_gets_nothing(server, request_line):
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as asking:
        asking.sendall(request_line + b"\r\nHost: 127.0.0.1:%d\r\n\r\n" % server.server_port)
        answer = b"".join(iter(lambda: asking.recv(1000), b""))
    assert b" 200 " not in answer
    assert answer.endswith(b"\r\n\r\n") or not answer


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
def test_nothing_but_get_is_answered(server, method):
    status, headers, content = ask(server, f"/{server.token}/", method)
    assert (status, headers["Allow"], content) == (405, "GET", b"")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "evil.example:PORT", "127.0.0.1.evil.example:PORT", "[::1]:PORT", ""]
)
def test_whoever_calls_the_server_by_another_name_gets_nothing(server, host):
    status, _, content = ask(server, f"/{server.token}/state.json", Host=host.replace("PORT", str(server.server_port)))
    assert (status, content) == (403, b"")


@pytest.mark.parametrize("name", NAMES)
def test_its_own_names_are_known(server, name):
    assert ask(server, f"/{server.token}/", Host=f"{name}:{server.server_port}")[0] == 200


@pytest.mark.parametrize("path", ["/TOKEN/", "/TOKEN/state.json", "/wrong/"])
def test_every_answer_forbids_what_a_browser_could_do_with_it(server, path):
    _, headers, _ = ask(server, path.replace("TOKEN", server.token))
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert not [name for name in headers if name.startswith("Access-Control")]
    assert headers["Server"] == "tunekit"


def test_a_request_that_never_ends_does_not_hold_up_others(server):
    with socket.create_connection(("127.0.0.1", server.server_port)) as slow:
        slow.sendall(b"GET /")
        assert ask(server, f"/{server.token}/")[0] == 200


class Parts(HTMLParser):
    """What a page has in it."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_refers_to_nothing_and_puts_no_text_into_its_markup():
    page = live_page()
    assert not re.search(
        r"https?:|//[a-z]|url\(|@import|src=|innerHTML|outerHTML|insertAdjacent|document\.write|eval", page.html
    )
    parts = Parts()
    parts.feed(page.html)
    assert not [name for name in parts.attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert "unsafe" not in page.policy
    assert page.policy.count("sha256-") == 2


def texts_of(state):
    for section in state["sections"]:
        yield from section["lines"]
        yield from section["columns"]
        for row in section["rows"]:
            yield from row


def test_what_is_shown_of_an_experiment_is_text(ended):
    metadata = read_metadata(ended)
    write_metadata(ended, {**metadata, "method": NASTY, "benchmark": "b", "seed": 1})
    state = state_of(WatchedExperiment(ended).look())
    assert state["title"] == f"{NASTY} on b, seed 1"
    assert all(isinstance(text, str) for text in texts_of(state))
    assert {section["heading"] for section in state["sections"]} >= {"Trials", "The best so far", "Notes"}
    assert json.loads(json.dumps(state, allow_nan=False)) == state


def test_what_is_shown_of_a_study_is_text(tmp_path):
    add(tmp_path, "ASHA", 0)
    add(tmp_path, "RS", 1, "failed", reason=NASTY)
    state = state_of(WatchedStudy(tmp_path).look())
    assert state["status"].startswith("2 runs: 1 complete, 1 failed")
    runs, failures = state["sections"]
    assert runs["columns"] == ["setup", "benchmark", "complete", "failed", "missing", "best"]
    assert runs["rows"] == [["ASHA", "toy", "1", "", "1", "loss 0.5"], ["RS", "toy", "", "1", "1", ""]]
    assert failures["kind"] == "failure"
    assert all(isinstance(text, str) for text in texts_of(state))


def test_a_simulated_experiment_that_has_ended_shows_its_end(tunekit, results):
    tunekit("method=RS", "benchmark=fcnet", "stopping.max_wallclock_time=50")
    state = state_of(WatchedExperiment(results.folders()[0]).look())
    texts = "\n".join(texts_of(state))
    assert " trials, " in texts
    assert "It ends: 50 s are over." in texts
    assert "The best: 0." in texts


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
def test_in_a_browser_the_page_is_filled_and_what_is_shown_runs_nothing(tmp_path):
    nasty = "</script><script>document.title=1</script><img src=x onerror='document.title=2'>"
    section = {"heading": nasty, "kind": "failure", "lines": [nasty], "columns": [nasty, "n"], "rows": [[nasty, "1"]]}
    command = [BROWSER, *FLAGS, f"--user-data-dir={tmp_path}", "--virtual-time-budget=1000", "--dump-dom"]
    with serving(0) as server:
        server.show({"title": nasty, "status": nasty, "sections": [section]})
        browser = subprocess.run([*command, server.address], capture_output=True, text=True, timeout=60)
    parts = Parts()
    parts.feed(browser.stdout)
    assert "img" not in parts.tags
    assert parts.tags.count("script") == 1
    assert parts.texts.count(nasty) == 7  # titles of window and page, status, heading, line, column, cell
    assert "CONSOLE" not in browser.stderr


def test_the_command_serves_until_it_is_left(start, tmp_path):
    folder = add(tmp_path / "results", "ASHA", 0)
    process = start("watch", "results", "--serve")
    address = urlsplit(process.stdout.readline().strip())

    def state():
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
        connection.request("GET", f"{address.path}state.json")
        text = connection.getresponse().read()
        connection.close()
        return json.loads(text)

    def wait_for(status):
        limit = time.monotonic() + 30
        while state().get("status") != status:
            assert time.monotonic() < limit
            time.sleep(0.1)

    wait_for("1 run: 1 complete")
    add(tmp_path / "results", "ASHA", 1, "failed")
    wait_for("2 runs: 1 complete, 1 failed")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.startswith("Left. What runs goes on")
    assert folder.exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("port=8000",), "port=8000 is of the page: type --serve too."),
        (("--serve", "--once"), "--once ends at once, and --serve goes on: type one of them."),
        (("--serve", "port=0"), "port=0 must be a whole number from 1 to 65535. Leave it out for any that is free."),
        (("--serve", "port=many"), "port=many must be a whole number from 1 to 65535."),
        (("--serve", "port=٣"), "port=٣ must be a whole number from 1 to 65535."),
        (("--serve", "prot=1"), "`watch` has no option 'prot'. Did you mean 'port'?"),
    ],
)
def test_what_cannot_be_served_is_refused(tunekit, tmp_path, words, expected):
    add(tmp_path / "results", "ASHA", 0)
    finished = tunekit("watch", *words)
    assert (finished.status, finished.out) == (2, "")
    assert expected in finished.err


def test_a_port_that_is_taken_is_refused(server):
    taken = f"port={server.server_port} cannot be had on this machine"
    with pytest.raises(ConfigurationError, match=taken), serving(server.server_port):
        pass
