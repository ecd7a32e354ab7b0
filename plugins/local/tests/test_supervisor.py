import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest

from tunekit_core import PORTABLE_MODULES
from tunekit_local import supervisor
from tunekit_local.memory_use import memory_of
from tunekit_local.run_records import read_exit, read_processes
from tunekit_local.supervisor import ALREADY_CLAIMED, identity, is_alive, launch

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
SHELL = ["sh", "-c"]


def until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)


class Run:
    """A run of the command in a folder of its own, and what became of it."""

    def __init__(self, home, command, **options):
        self.folder = Path(home)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.processes = []
        self.stdout = Path(options.get("stdout", self.folder / "stdout.log"))
        self.stderr = Path(options.get("stderr", self.folder / "stderr.log"))
        spec = {
            "command": command,
            "folder": str(self.folder),
            "environment": {},
            "stdout": str(self.stdout),
            "stderr": str(self.stderr),
            "log_bytes": 100_000,
            "grace_period": 5.0,
            "timeout": None,
            "memory": None,
            "cpus": None,
            "notices": None,
            "printed": {
                "modules": str(PORTABLE_MODULES),
                "patterns": {"loss": "loss ([0-9.]+)"},
                "needed": ["loss"],
                "resource": None,
                "file": str(self.folder / "reports.jsonl"),
            },
        }
        (self.folder / "spec.json").write_text(json.dumps(spec | options))

    def launch(self, lifeline=None):
        self.processes.append(launch(str(self.folder), lifeline))
        return self.processes[-1]

    def ready(self):
        """Wait until the command has printed something."""
        until(lambda: self.stdout.exists() and self.stdout.stat().st_size)

    def terminate(self):
        self.processes[-1].send_signal(signal.SIGTERM)

    def ending(self):
        """Wait for the end and return what was recorded, less the time."""
        assert self.processes[-1].wait(60) == 0
        record = read_exit(self.folder)
        assert abs(record.pop("time") - time.time()) < 60
        if record["message"].startswith("it ended without a report: "):
            record["message"] = ""  # few of these commands report anything
        return record

    def output(self):
        return self.stdout.read_bytes().decode()


def ended(exit_code=0, *, signal=None, cause="ended", message="", oom_killed=False, survivors_killed=0, lost=""):
    return {
        "exit_code": exit_code,
        "signal": signal,
        "cause": cause,
        "message": message,
        "oom_killed": oom_killed,
        "survivors_killed": survivors_killed,
        "lost_output": lost,
    }


@pytest.fixture(autouse=True)
def mark(monkeypatch):
    """Every process of a test inherits its mark, and none may be left when the test is over."""
    value = uuid.uuid4().hex
    monkeypatch.setenv("TUNEKIT_TEST_MARK", value)

    def left():
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.pid != os.getpid() and process.environ().get("TUNEKIT_TEST_MARK") == value:
                    yield process

    yield value
    found, deadline = list(left()), time.monotonic() + 20
    while found and time.monotonic() < deadline:  # what a killed supervisor leaves needs a moment to end
        time.sleep(0.01)
        found = list(left())
    for process in found:
        process.kill()
    assert found == []


@pytest.fixture
def start(tmp_path):
    runs = []

    def start(command, lifeline=None, **options):
        run = Run(tmp_path / f"run {len(runs)}", command, **options)
        runs.append(run)
        run.launch(lifeline)
        return run

    yield start
    for process in (process for run in runs for process in run.processes):
        if process.poll() is None:  # the test has failed
            process.kill()
        process.wait()


def descriptor(pipe_end):
    return contextlib.closing(os.fdopen(pipe_end, "rb", buffering=0))


# How the command ends


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_the_exit_code_is_recorded(start, code):
    assert start([*SHELL, f"exit {code}"]).ending() == ended(code)


@pytest.mark.usefixtures("memory_lasts")
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGTERM, signal.SIGKILL])
def test_the_signal_is_recorded(start, number):
    assert start([*SHELL, f"ulimit -c 0; kill -{int(number)} $$"]).ending() == ended(None, signal=int(number))


def test_both_processes_are_recorded_before_the_command_runs(start):
    run = start([*SHELL, "cat process.jsonl; echo $$; ps -o pgid= -o sid= -p $$"])
    run.ending()
    *lines, pid, groups = run.output().splitlines()
    assert [json.loads(line) for line in lines] == read_processes(run.folder)
    assert [json.loads(line)["pid"] for line in lines] == [run.processes[0].pid, int(pid)]
    assert {json.loads(line)["host"] for line in lines} == {socket.gethostname()}
    assert groups.split() == [pid, pid]


def test_the_record_of_the_end_is_blank_until_then_and_keeps_its_size(start):
    run = start([*SHELL, "cat exit.json"])
    run.ending()
    assert run.output() == " " * 4096
    assert (run.folder / "exit.json").stat().st_size == 4096


def test_a_run_that_has_not_ended_has_no_ending(start):
    run = start([*SHELL, "echo ready; exec sleep 60"])
    assert read_exit(run.folder) is None
    run.ready()
    assert read_exit(run.folder) is None
    assert all(is_alive(record) for record in read_processes(run.folder))
    run.terminate()
    run.ending()


def test_a_message_of_any_characters_fits(start):
    run = start(["\0\x01\U0001f600\udc80" * 2000])
    assert run.ending()["cause"] == "not started"
    assert (run.folder / "exit.json").stat().st_size == 4096


# When it is asked to end


def test_a_script_has_time_to_save_its_work(start):
    run = start([*SHELL, "trap 'sleep 0.2; echo saved > saved; exit 5' TERM; echo ready; while :; do sleep 0.01; done"])
    run.ready()
    run.terminate()
    assert run.ending() == ended(5, cause="asked")
    assert (run.folder / "saved").read_text() == "saved\n"


def test_a_script_below_a_shell_has_time_to_save_its_work(start):
    save = "trap 'sleep 0.2; echo saved > saved; exit' TERM; echo ready; while :; do sleep 0.01; done"
    run = start([*SHELL, f'sh -c "{save}"; echo done'])
    run.ready()
    run.terminate()
    assert run.ending() == ended(None, signal=15, cause="asked")
    assert (run.folder / "saved").read_text() == "saved\n"


def test_a_second_sigterm_changes_nothing(start):
    run = start([*SHELL, "trap 'echo; sleep 0.2; exit 5' TERM; echo ready; while :; do sleep 0.01; done"])
    run.ready()
    run.terminate()
    until(lambda: run.output() != "ready\n")
    run.terminate()
    assert run.ending() == ended(5, cause="asked")


def test_a_script_that_ignores_sigterm_is_killed_after_the_grace_period(start):
    run = start([*SHELL, "trap '' TERM; echo ready; exec sleep 60"], grace_period=0.2)
    run.ready()
    asked = time.time()
    run.terminate()
    assert run.ending() == ended(None, signal=9, cause="asked")
    assert 0.2 <= read_exit(run.folder)["time"] - asked < 30


def test_other_signals_are_ignored(start):
    run = start([*SHELL, "echo ready; sleep 0.2; exit 3"])
    run.ready()
    run.processes[0].send_signal(signal.SIGINT)
    run.processes[0].send_signal(signal.SIGHUP)
    assert run.ending() == ended(3)


def test_a_run_that_is_asked_to_end_before_it_begins_never_begins(tmp_path):
    run = Run(tmp_path, [*SHELL, "echo ran > ran"])
    command = [sys.executable, "-I", "-S", supervisor.__file__, str(tmp_path)]
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:  # the signal is there before the interpreter is
        process = subprocess.Popen([*SHELL, 'kill -TERM $$; exec "$@"', "sh", *command])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    run.processes.append(process)
    assert run.ending() == ended(None, cause="asked")
    assert not (tmp_path / "ran").exists()
    assert len(read_processes(tmp_path)) == 1


def test_sigterm_is_honoured_at_every_moment(start):
    for milliseconds in range(0, 52, 2):
        run = start(["sleep", "60"])
        time.sleep(milliseconds / 1000)
        run.terminate()
        ending = run.ending()
        assert ending == ended(None, signal=ending["signal"], cause="asked")
        assert ending["signal"] in (None, 15)
        assert not any(is_alive(record) for record in read_processes(run.folder))


def test_a_timeout_ends_the_run(start):
    run = start(["sleep", "60"], timeout=0.2)
    assert run.ending() == ended(None, signal=15, cause="timeout")


HOG = "x = b'x' * 200_000_000; import time; time.sleep(600)"
LITTLE = {"bytes": 100_000_000, "option": "limit=100MB"}


def test_what_uses_too_much_memory_is_killed(start):
    run = start([*SHELL, "trap '' TERM; exec \"$@\"", "sh", sys.executable, "-c", HOG], memory=LITTLE)
    ending = run.ending()
    assert re.fullmatch("it used [0-9]+ MB of memory, more than limit=100MB allows", ending["message"])
    assert ending == ended(None, signal=9, cause="too much memory", message=ending["message"])


@linux
def test_memory_of_processes_that_left_the_group_counts(start):
    run = start(
        [*SHELL, '(setsid "$@" &); (setsid sleep 600 &); sleep 600', "sh", sys.executable, "-c", HOG], memory=LITTLE
    )
    assert run.ending()["cause"] == "too much memory"


def test_what_uses_less_memory_ends_by_itself(start):
    run = start([*SHELL, "sleep 0.2; exit 3"], memory=LITTLE)
    assert run.ending() == ended(3)


@linux
def test_memory_that_processes_share_counts_once():
    code = (
        "import os, sys, time; x = b'x' * 60_000_000; print(*[os.fork() or time.sleep(600) for _ in 'abc'], flush=True)"
    )
    parent = subprocess.Popen([sys.executable, "-c", f"{code}; time.sleep(600)"], stdout=subprocess.PIPE, text=True)
    with parent:
        pids = [parent.pid, *map(int, parent.stdout.readline().split())]
        try:
            assert len(pids) == 4
            if Path(f"/proc/{parent.pid}/smaps_rollup").exists():
                assert 60_000_000 < memory_of(pids, 100_000_000) < 100_000_000
            assert memory_of(pids, 10**12) > 240_000_000  # a quick look
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
    until(lambda: memory_of(pids, 0) == 0)  # they have ended


def test_the_run_ends_with_the_tuner(start):
    read, write = os.pipe()
    with descriptor(read):
        run = start([*SHELL, "trap 'echo saved > saved; exit 5' TERM; echo ready; while :; do sleep 0.01; done"], read)
        run.ready()
        os.close(write)
        assert run.ending() == ended(5, cause="tuner died")
    assert (run.folder / "saved").exists()


def test_bytes_on_the_lifeline_mean_nothing(start):
    read, write = os.pipe()
    with descriptor(read):
        run = start([*SHELL, "echo ready; sleep 0.1; exit 3"], read)
        os.write(write, b"alive")
        assert run.ending() == ended(3)
        os.close(write)


def test_a_run_of_a_tuner_that_is_dead_already_never_begins(start):
    read, write = os.pipe()
    os.close(write)
    with descriptor(read):
        run = start([*SHELL, "echo ran > ran"], read)
        assert run.ending() == ended(None, cause="tuner died")
    assert not (run.folder / "ran").exists()


@linux
def test_a_supervisor_that_is_killed_takes_the_command_along(start):
    run = start([*SHELL, "echo ready; exec sleep 60"])
    run.ready()
    _, child = read_processes(run.folder)
    run.processes[0].kill()
    run.processes[0].wait()
    until(lambda: not is_alive(child))
    assert read_exit(run.folder) is None


@linux
@pytest.mark.parametrize("child_is_known", [False, True])
def test_a_supervisor_that_is_killed_at_any_moment_leaves_no_command(start, child_is_known):
    for i in range(10):
        run = start(["sleep", "60"])
        folder = run.folder
        while child_is_known and len(read_processes(folder)) < 2:
            pass
        time.sleep(i * (0.0002 if child_is_known else 0.005))
        run.processes[0].kill()
        run.processes[0].wait()
        records = read_processes(folder)
        until(lambda records=records: not any(is_alive(record) for record in records), 20.0)
        assert read_exit(folder) is None


# What the command leaves running


def test_a_background_process_does_not_outlive_the_script(start):
    run = start([*SHELL, "sleep 60 & echo done; exit 4"])
    assert run.ending() == ended(4, survivors_killed=1)
    assert run.output() == "done\n"


@linux
def test_processes_that_left_the_group_are_found_and_counted(start):
    leave = "(setsid sleep 60 &) ; (setsid sh -c 'trap \"\" TERM HUP; sleep 60; true' >/dev/null 2>&1 &)"
    run = start([*SHELL, f"{leave}; sleep 1; echo done"])
    assert run.ending() == ended(0, survivors_killed=3)


@linux
def test_processes_that_left_the_group_are_asked_too(start):
    save = "trap 'sleep 0.1; echo saved > saved; exit' TERM; echo ready; while :; do sleep 0.01; done"
    run = start([*SHELL, f'(setsid sh -c "{save}" &); exec sleep 60'])
    run.ready()
    run.terminate()
    assert run.ending() == ended(None, signal=15, cause="asked")
    assert (run.folder / "saved").exists()


@linux
def test_a_helper_that_ends_by_itself_is_left_alone(start):
    run = start([*SHELL, "(setsid sh -c 'sleep 0.1; echo tidy' &); echo done"])
    assert run.ending() == ended(0)
    assert run.output() == "done\ntidy\n"


@linux
def test_survivors_of_the_grace_period_are_killed_and_counted(start):
    run = start([*SHELL, "trap '' TERM; setsid sleep 60 & sleep 60 & echo ready; wait; wait"], grace_period=0.1)
    run.ready()
    run.terminate()
    assert run.ending() == ended(None, signal=9, cause="asked", survivors_killed=2)


def test_processes_that_multiply_are_killed_too(start):
    run = start([*SHELL, "breed() { while :; do sleep 0.01 & sleep 0.01; done; }; breed & breed & exit 2"])
    ending = run.ending()
    assert ending == ended(2, survivors_killed=ending["survivors_killed"])
    assert ending["survivors_killed"] >= 2


# Logs


def test_logs_are_bounded_and_hold_the_end(start):
    n = 3_700_000  # 28 MB each
    run = start([*SHELL, f"seq 1 {n} & seq 1 {n} >&2; wait"], log_bytes=100_001)
    assert run.ending() == ended(0)
    end = "".join(f"{i}\n" for i in range(n - 20_000, n + 1)).encode()
    for log in (run.stdout, run.stderr):
        old = log.with_name(log.name + ".old").read_bytes()
        kept = old + log.read_bytes()
        assert 50_000 <= len(kept) <= 100_001
        assert end.endswith(kept)


def test_runs_of_one_trial_share_the_logs(start, tmp_path):
    logs = {"stdout": str(tmp_path / "out"), "stderr": str(tmp_path / "err"), "log_bytes": 8}
    for word in ("one", "two", "six"):
        start(["echo", word], **logs).ending()
    assert (tmp_path / "out.old").read_text() + (tmp_path / "out").read_text() == "one\ntwo\nsix\n"[-8:]


def test_logs_that_cannot_be_written_do_not_matter(start):
    run = start([*SHELL, "seq 1 100000; exit 6"], stdout="/nowhere/stdout.log")
    assert run.ending() == ended(6, lost="stdout.log: No such file or directory")


@linux
def test_the_end_says_which_logs_could_not_be_written_and_why(start, tmp_path):
    full = {"stdout": tmp_path / "out.log", "stderr": tmp_path / "err.log"}
    for path in full.values():
        path.symlink_to("/dev/full")
    run = start([*SHELL, "echo a; echo b >&2"], **{name: str(path) for name, path in full.items()})
    why = "Too many levels of symbolic links"
    assert run.ending() == ended(0, lost=f"out.log: {why}, err.log: {why}")


def test_a_script_that_closes_its_output_goes_on(start):
    assert start([*SHELL, "exec >&- 2>&-; sleep 0.1; exit 6"]).ending() == ended(6)


def test_a_script_that_stopped_itself_ends_when_it_is_asked_to(start):
    run = start([*SHELL, "trap 'exit 5' TERM; echo x; kill -STOP $$; sleep 60"], grace_period=60.0)
    run.ready()
    until(lambda: len(read_processes(run.folder)) == 2)
    until(lambda: supervisor.is_stopped(read_processes(run.folder)[1]))
    run.terminate()
    assert run.ending() == ended(5, cause="asked")


def test_a_script_that_stopped_itself_runs_until_its_timeout(start):
    run = start([*SHELL, "trap '' TERM; kill -STOP $$; exec sleep 60"], timeout=0.5, grace_period=0.2)
    assert run.ending() == ended(None, signal=9, cause="timeout")


# Claims


def test_a_run_that_is_claimed_is_not_touched(start, tmp_path):
    run = Run(tmp_path, [*SHELL, "echo ran > ran"])
    (tmp_path / "process.jsonl").write_text("claimed")
    before = {path: path.stat() for path in [tmp_path, *tmp_path.iterdir()]}
    with run.launch() as process:
        assert process.wait(20) == ALREADY_CLAIMED == 3
    after = {path: path.stat() for path in [tmp_path, *tmp_path.iterdir()]}
    assert [(path, stat.st_mtime_ns, stat.st_size) for path, stat in after.items()] == [
        (path, stat.st_mtime_ns, stat.st_size) for path, stat in before.items()
    ]


def test_one_of_several_supervisors_runs_the_command(tmp_path):
    run = Run(tmp_path, ["echo", "ran"])
    processes = [run.launch() for _ in range(6)]
    assert sorted(process.wait(20) for process in processes) == [0, 3, 3, 3, 3, 3]
    assert run.output() == "ran\n"


# A command that cannot be started


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["trian"], "The command 'trian' cannot be run: no folder of PATH has it, which is '/usr/bin:/bin'."),
        (["./trian"], "The command './trian' cannot be run: No such file or directory."),
        (
            ["./plain"],
            "The command './plain' cannot be run: Permission denied. Make it executable, with an interpreter in its "
            "first line, or put the interpreter in front of it.",
        ),
        (
            ["./lost"],
            "The command './lost' cannot be run: the interpreter that its first line names does not exist.",
        ),
        (["true", "a\0b"], "The command 'true' cannot be run: ValueError('embedded null byte')."),
        ([], "The command '' cannot be run: IndexError('list index out of range')."),
    ],
)
def test_a_command_that_cannot_be_run_says_why(start, tmp_path, command, message):
    (tmp_path / "plain").write_text("true")
    (tmp_path / "lost").write_text("#!/nowhere/python\n")
    (tmp_path / "lost").chmod(0o755)
    run = start(command, folder=str(tmp_path), environment={"PATH": "/usr/bin:/bin"})
    assert run.ending() == ended(None, cause="not started", message=message)


def test_a_folder_that_does_not_exist_is_named(start):
    message = "The folder '/nowhere' cannot be entered: No such file or directory."
    assert start(["true"], folder="/nowhere").ending() == ended(None, cause="not started", message=message)


def test_a_spec_that_cannot_be_used_is_reported(start):
    message = """The run could not be set up: ValueError("could not convert string to float: 'long'")"""
    assert start(["true"], grace_period="long").ending() == ended(None, cause="not started", message=message)


# What the command finds


def test_the_environment_is_that_of_the_tuner_with_the_given_changes(start, monkeypatch):
    monkeypatch.setenv("GOES", "away")
    monkeypatch.setenv("OTHER", "before")
    changes = {
        "GOES": None,
        "NOT_THERE": None,
        "OTHER": "after",
        "EMPTY": "",
        "A B": " x=y\n'\"$HOME",
        "SCHLÜSSEL": "größe\udc80",
    }
    run = start(["env", "-0"], environment=changes)
    assert run.ending() == ended(0)
    lines = run.stdout.read_bytes().split(b"\0")[:-1]
    expected = {**os.environ, "OTHER": "after", "EMPTY": "", "A B": " x=y\n'\"$HOME", "SCHLÜSSEL": "größe\udc80"}
    del expected["GOES"]
    assert sorted(lines) == sorted(os.fsencode(f"{name}={value}") for name, value in expected.items())


def test_arguments_arrive_as_they_are(start):
    arguments = [
        "--lr",
        "-1",
        "",
        " two  words ",
        "'\"`$HOME`\\",
        "line\nline",
        "größe 测试 😀",
        "bytes\udcff",
        "--",
        "*",
    ]
    run = start([*SHELL, 'printf "%s\\0" "$@"', "sh", *arguments])
    assert run.ending() == ended(0)
    assert run.stdout.read_bytes() == b"".join(os.fsencode(argument) + b"\0" for argument in arguments)


def test_the_command_runs_in_its_folder(start, tmp_path):
    (tmp_path / "größe\n").mkdir()
    (tmp_path / "größe\n" / "script").write_text("#!/bin/sh\npwd -P\n")
    (tmp_path / "größe\n" / "script").chmod(0o755)
    run = start(["./script"], folder=str(tmp_path / "größe\n"))
    assert run.ending() == ended(0)
    assert run.output() == f"{(tmp_path / 'größe').resolve()}\n\n"


def test_standard_input_is_empty(start):
    assert start(["cat"]).ending() == ended(0)


@linux
def test_the_command_inherits_no_descriptors(start):
    read, write = os.pipe()
    with descriptor(read):
        run = start(["ls", "/proc/self/fd"], read)
        assert run.ending() == ended(0)
        os.close(write)
    assert run.output().split() == ["0", "1", "2", "3"]  # the last is the folder that is listed


@linux
def test_the_command_inherits_no_signal_settings(start):
    run = start(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"])
    assert run.ending() == ended(0)
    _, blocked, _, ignored = run.output().split()
    assert int(blocked, 16) == 0
    # Signals 32 and 33 belong to glibc, which ignores them in what Python 3.13 spawns; nobody else can set them.
    assert int(ignored, 16) & ~(0b11 << 31) == 0


@linux
def test_the_command_keeps_to_its_processors(start):
    cpu = max(os.sched_getaffinity(0))
    run = start(["grep", "Cpus_allowed_list", "/proc/self/status"], cpus=[cpu])
    assert run.ending() == ended(0)
    assert run.output().split() == ["Cpus_allowed_list:", str(cpu)]


@linux
def test_processors_that_do_not_exist_are_named(start):
    message = f"No processor of [4000] can be used: Invalid argument. There are {sorted(os.sched_getaffinity(0))}."
    assert start(["true"], cpus=[4000]).ending() == ended(None, cause="not started", message=message)


# Notices


@pytest.mark.parametrize("command", [["true"], ["trian"]])
def test_a_notice_comes_after_the_record(start, tmp_path, command):
    path = str(tmp_path / "notices")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.settimeout(20)
        notices.bind(path)
        run = start(command, notices=path)
        assert notices.recv(4096) == os.fsencode(run.folder)
        assert read_exit(run.folder) is not None
        run.ending()


def test_a_notice_that_nobody_takes_does_not_matter(start, tmp_path):
    assert start(["true"], notices=str(tmp_path / "nobody")).ending() == ended(0)
    assert start(["true"], notices="/too long" * 50).ending() == ended(0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.bind(str(tmp_path / "full"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, contextlib.suppress(BlockingIOError):
            other.setblocking(False)
            while True:
                other.sendto(b"x", str(tmp_path / "full"))
        assert start(["true"], notices=str(tmp_path / "full")).ending() == ended(0)


# Trouble


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        not shutil.which("mount")
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], stderr=subprocess.DEVNULL, check=False
        ).returncode
    ):
        pytest.skip("cannot mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_neither_blocks_the_script_nor_costs_its_exit_code(small_disk):
    run = Run(small_disk / "run", [*SHELL, "cat /dev/zero > ../fill; seq 1 200000; exit 7"], log_bytes=10**6)
    run.launch()
    why = "No space left on device"
    assert run.ending() == ended(7, lost=f"stdout.log: {why}, stderr.log: {why}")


def test_nothing_is_started_where_its_end_cannot_be_recorded(small_disk, tmp_path):
    run = Run(small_disk / "run", [*SHELL, f"echo ran > '{tmp_path}/ran'"])
    subprocess.run([*SHELL, f"cat /dev/zero > '{small_disk}/fill'"], stderr=subprocess.DEVNULL, check=False)
    with run.launch() as process:
        assert process.wait(20) == 1
    assert read_exit(run.folder) is None
    assert not (tmp_path / "ran").exists()


@linux
@pytest.mark.usefixtures("memory_runs_out")
def test_a_command_that_used_up_the_memory_is_known(start):
    group = Path("/sys/fs/cgroup/memory") / f"tunekit-{uuid.uuid4().hex}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text("20000000")
    except OSError:
        pytest.skip("cannot limit memory")
    try:
        run = start([*SHELL, f"echo $$ > {group}/cgroup.procs; exec tail /dev/zero"])
        assert run.ending() == ended(None, signal=9, oom_killed=True)
    finally:
        until(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


# Processes told apart


@pytest.fixture(params=["with proc", "without proc"])
def proc(request, monkeypatch):
    if request.param == "without proc":
        if not shutil.which("ps"):
            pytest.skip("needs ps")
        monkeypatch.setattr(supervisor, "PROC", "/nowhere")


@pytest.mark.usefixtures("proc")
def test_a_process_is_known_again():
    record = identity(os.getpid())
    assert record["pid"] == os.getpid()
    assert is_alive(record)
    assert identity(os.getpid()) | {"time": 0} == record | {"time": 0}


@pytest.mark.usefixtures("proc")
@pytest.mark.parametrize("change", [{"start_time": "0"}, {"boot_id": "another"}, {"pid": 2**22 + 1}])
def test_a_process_with_a_recycled_pid_is_another(change):
    assert not is_alive(identity(os.getpid()) | change)


@pytest.mark.usefixtures("proc")
def test_a_process_that_has_ended_is_not_alive_before_and_after_it_is_collected():
    with subprocess.Popen(["sleep", "60"]) as process:
        record = identity(process.pid)
        assert is_alive(record)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(record)
        assert identity(process.pid) is None
        process.wait()
        assert not is_alive(record)
        assert identity(process.pid) is None


def test_where_there_is_no_proc_the_group_is_swept(tmp_path):
    if not shutil.which("ps"):
        pytest.skip("needs ps")
    text = Path(supervisor.__file__).read_text().replace('PROC = "/proc"', 'PROC = "/nowhere"')
    text = text.replace('sys.platform != "linux"', "True")
    (tmp_path / "supervisor.py").write_text(text)
    run = Run(tmp_path, [*SHELL, "(sleep 60 &); (sleep 60 &); exit 4"])
    run.processes.append(subprocess.Popen([sys.executable, "-I", "-S", str(tmp_path / "supervisor.py"), str(tmp_path)]))
    assert run.ending() == ended(4, survivors_killed=2)


def test_records_that_are_missing_or_half_written_are_none(tmp_path):
    assert read_exit(tmp_path) is None
    assert read_processes(tmp_path) == []
    (tmp_path / "exit.json").write_text('{"exit_code": 0, "si')
    whole = {"pid": 2, "start_time": "3", "boot_id": "4"}
    (tmp_path / "process.jsonl").write_text(json.dumps(whole) + '\n{"pi')
    assert read_exit(tmp_path) is None
    assert read_processes(tmp_path) == [whole]
