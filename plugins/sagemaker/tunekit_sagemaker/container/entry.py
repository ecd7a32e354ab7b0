"""Runs the program of one trial within a training job.

Uploaded with the program, and started as ``python3 /opt/ml/input/data/tunekit/entry.py`` in whatever image the job has.
It needs nothing but Python 3.8, and ``printed_reports.py`` and ``script_command.py``, which lie beside it. It unpacks
the program, installs what that requires, starts it in a process group of its own with the configuration in its command,
and prints what it reports as lines of the log, since that is the way from a job to the tuner:

============================================================== ==================================================
``[tunekit-report] {"run": 0, "incarnation": …, "seq": 3, …}`` a report: whole under ``report``, or a ``part`` of
                                                               ``parts`` of its JSON under ``text``; under
                                                               ``unreadable`` what was written there and is none
``[tunekit-end] {"incarnation": …, "seq": 4, …}``              the last line: how many reports there were, and how
                                                               the program ended
============================================================== ==================================================

An incarnation is one process of this program: a job whose machine was taken away is begun again with another.

What is under ``/opt/ml/checkpoints`` is copied to S3 while the job runs, file by file, and from there when the next run
of the trial begins:

=================== ====================================================================================================
``checkpoint/``     what the program finds when it begins. One that publishes nothing writes here itself
``<r>/``            a version, of resource r, that the program has published, and never changes
``<r>.json``        the files of that version and their sizes: one of which not all files have come is not gone on from
``taken.json``      which version ``checkpoint/`` was last made from
``told.json``       which run was begun here last, and the resource of the last report that it has printed
``reached.json``    of which resource ``checkpoint/`` is, while nothing runs: if the program has written it itself
=================== ====================================================================================================
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from importlib import metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

REPORT, END = "[tunekit-report]", "[tunekit-end]"
PRINTED = "[printed-report]"  # in place of the tag of what the program prints itself
LONGEST_PRINTED = 1900  # characters of a report in one line: escaped up to twice as many, and one write to a pipe
LONGEST_REPORT = 1 << 20  # bytes, as the local backend reads them
CHUNK_BYTES = 1 << 16
POLL_SECONDS = 0.1
SECONDS_TO_END = 100.0  # from SIGTERM to SIGKILL; that of SageMaker follows 120 seconds after its SIGTERM
SECONDS_FOR_HELPERS = 0.5  # that end by themselves once the program has, as those of multiprocessing do
LONGEST_FAILURE = 960  # characters: of 1024 that are shown SageMaker writes some itself, and cuts the end off
KEPT_ERRORS = 1 << 16  # bytes of standard error that these are taken from, once secrets are masked
LONGEST_VARIABLE = 1 << 16  # bytes; the system takes twice as much
CANNOT_RUN = 127  # exit status, as that of a shell
KEPT_VERSIONS = 3
SECONDS_UNTIL_KNOWN = 180.0  # in which the tuner has read that a version is there: it goes on from none that is newer
VERSION = re.compile(r"[1-9][0-9]{0,15}")
FRAMEWORKS = re.compile(r"torch(vision|audio|text)?|tensorflow([-_](cpu|gpu|io))?|keras|jax(lib)?|mxnet|smdistrib.*")
OUR_CHANNELS = ("tunekit", "trial")
PR_SET_PDEATHSIG = 1  # linux/prctl.h
# The names of secrets, as everywhere in tunekit.
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
SECRET_WORDS = {"key", "apikey", "accesskey", "authkey", "privatekey", "secretkey", "auth", "pass", "pwd"}
CURRENT_FOLDER = "PWD"  # a variable that shells set
URL_WITH_PASSWORD = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{0,30}://(?!\*\*\*)[^\s/:@$]*:(?!\*\*\*@|\$\{)[^\s/]+@[^\s'\",;)}\]]*"
)
SECRET_VARIABLE = re.compile(r"[A-Z]*(KEYS?|PASS|CREDS)")
SECRET_END = re.compile(r".*(secrets?|token|passwords?|passwd|passphrase|credentials?)")


class CannotRun(Exception):
    """The program cannot be started; the text says why, for people."""


class Log:
    """The standard streams of this process, to which everything is written from one thread.

    Attributes:
        errors: The end of what the program wrote to its standard error.
    """

    def __init__(self) -> None:
        self.errors = b""
        self._line_is_open = False  # what the program printed last did not end its line

    def pass_on(self, stream: int, data: bytes) -> None:
        """Write what the program wrote."""
        if stream == 2:
            self.errors = (self.errors + data)[-KEPT_ERRORS:]
        else:
            self._line_is_open = not data.endswith(b"\n")
        _write(stream, data)

    def line(self, tag: str, content: Mapping[str, Any]) -> None:
        """Write a line of ours. No tag is anywhere else in it: whoever finds one has found the beginning of a line."""
        text = json.dumps(content).replace("[tunekit-", "\\u005btunekit-")  # within texts: no list begins so
        data = f"{tag} {text}\n".encode("ascii")
        _write(1, b"\n" + data if self._line_is_open else data)
        self._line_is_open = False


class Reports:
    """Prints the reports that the program appends to a file, in their order.

    Args:
        path: Of the file, which is made here.
        run: Number of the run of the trial.
        incarnation: Of this process.
        log: Where they are printed.

    Attributes:
        run: Number of the run.
        n_printed: How many there were.
        reached: How far the last one says that the program has come.
        until: Where the program was sent, if it cannot be told itself: what it reports beyond that is not printed.
        resource: The metric that says how far it has come; ``None`` counts its reports.
        is_there: Whether it has reported that.
        unheard: Why there were none, for people, if it has ended well.
    """

    def __init__(self, path: str, run: int, incarnation: str, log: Log) -> None:
        self.n_printed = 0
        self.reached: object = None
        self.until: float | None = None
        self.resource: str | None = None
        self.is_there = False
        self.unheard = ""
        self.run = run
        self._names = {"run": run, "incarnation": incarnation}
        self._log = log
        self._part = b""
        self._is_lost = False  # something else was written there: the trial fails, and nothing that follows counts
        self._file = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o666)  # open from now on, whatever it becomes

    def print_new(self) -> bool:
        """Print what is new, and tell whether there was anything."""
        data = os.read(self._file, LONGEST_REPORT)
        *lines, self._part = (self._part + data).split(b"\n")
        for line in lines if len(self._part) <= LONGEST_REPORT else [*lines, self._part]:
            if line.strip() and not (self._is_lost or self.is_there):
                self._print(line)
        self._part = b"" if self._is_lost else self._part
        return bool(data)

    def print_rest(self) -> None:
        """Print all that is there by now, once the program has ended."""
        n_bytes = os.fstat(self._file).st_size
        for _ in range(n_bytes // LONGEST_REPORT + 1):  # and no more: another process may go on writing
            self.print_new()

    def _print(self, line: bytes) -> None:
        names = {**self._names, "seq": self.n_printed}
        self.n_printed += 1
        try:
            report = json.loads(line) if len(line) <= LONGEST_REPORT else None
        except (ValueError, RecursionError):
            report = None
        if not isinstance(report, dict):
            self._is_lost = True
            self._log.line(REPORT, {**names, "unreadable": line[:200].decode("utf-8", "replace")})
            return
        reached = self.n_printed if self.resource is None else report.get(self.resource)
        self.is_there = self.until is not None and isinstance(reached, (int, float)) and reached >= self.until
        self.reached = reached
        text = json.dumps(report)
        if len(text) <= LONGEST_PRINTED:
            self._log.line(REPORT, {**names, "report": report})
            return
        parts = [text[begin : begin + LONGEST_PRINTED] for begin in range(0, len(text), LONGEST_PRINTED)]
        for number, part in enumerate(parts):
            self._log.line(REPORT, {**names, "part": number, "parts": len(parts), "text": part})


class Printed:
    """What the program prints as reports, appended to the file where its Reporter would write them.

    Args:
        path: Of the file.
        patterns: By metric a regular expression.
        needed: The metrics without which there is no report.
        resource: The resource, if one is named.
    """

    def __init__(self, path: str, patterns: Mapping[str, str], needed: Sequence[str], resource: str | None) -> None:
        from printed_reports import PrintedReports  # of the core, beside this file

        self._path = path
        self._reader = PrintedReports(patterns, needed, resource)

    def read(self, data: bytes) -> None:
        """Read what it printed next."""
        self._append(self._reader.read(data))

    def read_errors(self, data: bytes) -> None:
        """Read what it wrote next to its standard error."""
        self._reader.read_errors(data)

    def read_rest(self) -> None:
        """Read a last line that has no end."""
        self._append(self._reader.read_rest())

    def unheard(self) -> str:
        """Why there was no report, for people."""
        return str(self._reader.unheard())

    def _append(self, reports: Sequence[bytes]) -> None:
        if reports:
            with open(self._path, "ab") as file:
                file.write(b"".join(report + b"\n" for report in reports))


class Processes:
    """Runs commands one after the other, each in a process group of its own, and passes on what they write.

    Attributes:
        asked: Whether this process got SIGTERM, which the command gets too.
    """

    def __init__(self, log: Log) -> None:
        self.asked = False
        self._log = log
        self._prctl = _prctl()
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True

    def run(
        self,
        command: Sequence[str],
        folder: str,
        environment: Mapping[str, str],
        each_time: Callable[[], object],
        printed: Printed | None = None,
    ) -> int:
        """Run a command to its end, and end what it leaves behind.

        Args:
            command: The program and its arguments.
            folder: Working directory.
            environment: All of its variables.
            each_time: What is done beside, ten times a second.
            printed: What reads its standard output, if anything does. In the log the lines of it that are reports have
                another tag then, since they come as lines of ours as well.

        Returns:
            Its exit status; the negative number of the signal that has ended it, or that came before it began.

        Raises:
            CannotRun: If the system cannot start it.
        """
        if self.asked:
            return -signal.SIGTERM
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                preexec_fn=self._begin,  # there is no other thread
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise CannotRun(f"The command {command[0]!r} cannot be run in the folder {folder}: {reason}.") from error
        assert process.stdout is not None
        assert process.stderr is not None
        streams = {process.stdout.fileno(): 1, process.stderr.fileno(): 2}
        told, kill_at, next_time = False, float("inf"), 0.0
        try:
            while process.poll() is None:
                if self.asked and not told:
                    told, kill_at = True, time.monotonic() + SECONDS_TO_END
                    _kill_group(process.pid, signal.SIGTERM)
                    _kill_group(process.pid, signal.SIGCONT)  # what is stopped acts on nothing before
                if time.monotonic() >= kill_at:
                    _kill_group(process.pid, signal.SIGKILL)
                self._pass_on(streams, printed)
                if time.monotonic() >= next_time:
                    each_time()
                    next_time = time.monotonic() + POLL_SECONDS
            self._pass_on_rest(streams, printed)
        finally:
            _kill_group(process.pid, signal.SIGKILL)
        self._pass_on_rest(streams, printed)  # longer only if one has left the group
        return process.wait()

    def _begin(self) -> None:
        os.setpgid(0, 0)
        if self._prctl is not None:
            self._prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)

    def _pass_on_rest(self, streams: dict[int, int], printed: Printed | None) -> None:
        limit = time.monotonic() + SECONDS_FOR_HELPERS
        while streams and time.monotonic() < limit:
            self._pass_on(streams, printed)

    def _pass_on(self, streams: dict[int, int], printed: Printed | None) -> None:
        """Pass on what is there, or wait a moment for it; a stream that has ended is taken out."""
        for file in select.select(list(streams), [], [], POLL_SECONDS)[0]:
            data = os.read(file, CHUNK_BYTES)
            if not data:
                del streams[file]
                continue
            if printed is not None and streams[file] == 1:
                printed.read(data)
                data = data.replace(REPORT.encode(), PRINTED.encode())
            elif printed is not None:
                printed.read_errors(data)
            self._log.pass_on(streams[file], data)


class Checkpoints:
    """What the trial goes on from.

    Args:
        folder: That which SageMaker copies to S3 and back.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.working = os.path.join(folder, "checkpoint")
        self._taken = os.path.join(folder, "taken.json")
        self._reached = os.path.join(folder, "reached.json")
        self._told = os.path.join(folder, "told.json")
        self._told_before: object = None
        self._reached_before: Any = None
        self._before: dict[str, tuple[int, int]] = {}  # what checkpoint/ was made of
        self._described: dict[int, float] = {}  # when, on the monotonic clock

    def prepare(self, run: int, reached: float) -> None:
        """Make ``checkpoint/`` from the newest version that is whole, unless it was made from it before.

        Args:
            run: Number of the run of the trial.
            reached: How far the trial had come before that, as the tuner knows it. Versions above what this run has
                reported are removed, if its machine was taken away: the tuner would never get the reports in between.
        """
        os.makedirs(self.working, exist_ok=True)
        told = _read_json(self._told) or {}
        if told.get("run") == run and _is_resource(told.get("resource")):
            reached = max(reached, told["resource"])
        self._reached_before = _read_json(self._reached)
        if self._reached_before is not None:
            _write_json(self._reached, {"resource": None})  # rather than removed: that might not come to S3
        for path in glob.glob(os.path.join(glob.escape(self.folder), ".*")):
            _remove(path)  # of a process that was cut off
        for resource in self._resources():
            if resource > reached or _read_json(self._list_of(resource)) != _sizes(self._version(resource)):
                self._remove_version(resource)
        self._described = dict.fromkeys(self._resources(), float("-inf"))
        if self._described:
            self._take(max(self._described))
        self._before = _states(self.working)

    def tell(self, run: int, reached: object) -> None:
        """Write down how far a run has come, once its report of that is printed."""
        if reached != self._told_before and _is_resource(reached) and self._described:
            self._told_before = reached
            with contextlib.suppress(OSError):
                _write_json(self._told, {"run": run, "resource": reached})

    def finish(self, reached: object) -> None:
        """Write down of which resource ``checkpoint/`` is, if the program has written it itself.

        Args:
            reached: The resource that it has reported last, if any.
        """
        with contextlib.suppress(OSError):
            states = _states(self.working)
            if states == self._before and self._reached_before is not None:
                _write_json(self._reached, self._reached_before)
            elif states not in ({}, self._before) and _is_resource(reached):
                _write_json(self._reached, {"resource": reached})

    def describe_new(self) -> None:
        """Write down what is in versions that were published since, and remove old ones: a disk is soon full.

        One that cannot be described, for want of room or since the program removes it, is none to go on from.
        """
        with contextlib.suppress(OSError):
            self._describe(self._resources())

    def _describe(self, resources: list[int]) -> None:
        for resource in resources:
            if resource not in self._described:
                self._described[resource] = time.monotonic()
                with contextlib.suppress(OSError):
                    _write_json(self._list_of(resource), _sizes(self._version(resource)))
        known_by_now = time.monotonic() - SECONDS_UNTIL_KNOWN
        known = [resource for resource in resources if self._described[resource] < known_by_now]
        for resource in known[:-KEPT_VERSIONS]:
            self._remove_version(resource)

    def _take(self, newest: int) -> None:
        taken = _read_json(self._taken)
        if isinstance(taken, dict) and taken.get("resource") == newest:
            return
        part = os.path.join(self.folder, ".checkpoint.part")
        shutil.copytree(self._version(newest), part)
        _remove(self.working)
        os.rename(part, self.working)
        _write_json(self._taken, {"resource": newest})

    def _resources(self) -> list[int]:
        with os.scandir(self.folder) as entries:
            return sorted(
                int(each.name)
                for each in entries
                if VERSION.fullmatch(each.name) and each.is_dir(follow_symlinks=False)
            )

    def _version(self, resource: int) -> str:
        return os.path.join(self.folder, str(resource))

    def _list_of(self, resource: int) -> str:
        return self._version(resource) + ".json"

    def _remove_version(self, resource: int) -> None:
        _remove(self._list_of(resource))  # first: then it is no whole version any more
        _remove(self._version(resource))


def main() -> int:
    """Run the program of the trial, and return the exit status of this process."""
    log = Log()
    processes = Processes(log)
    incarnation = os.urandom(4).hex()
    home = os.environ.get("TUNEKIT_OPT_ML", "/opt/ml")
    place = tempfile.mkdtemp(prefix="tunekit-", dir=home if os.access(home, os.W_OK) else None)
    reports = Reports(os.path.join(place, "reports.jsonl"), int(os.environ.get("TUNEKIT_RUN", "0")), incarnation, log)
    try:
        status = run_trial(home, place, processes, reports)
        message = f"The program was ended by signal {-status}." if status < 0 else f"The program ended with {status}."
    except (CannotRun, OSError, ValueError, KeyError, tarfile.TarError) as error:
        status = CANNOT_RUN
        message = str(error) if isinstance(error, CannotRun) else f"The job cannot be set up: {error!r}."
        log.errors = b""
        log.pass_on(2, f"{masked(message)}\n".encode("utf-8", "replace"))
    if reports.is_there:
        status = 0  # it was ended where it was sent
    if status and not processes.asked:
        write_failure(home, log.errors.decode("utf-8", "replace").strip() or message)
    code, number = (status, None) if status >= 0 else (None, -status)
    ending: dict[str, Any] = {"exit_code": code, "signal": number, "asked": processes.asked}
    if reports.unheard:
        ending["unheard"] = masked(reports.unheard)
    log.line(END, {"incarnation": incarnation, "seq": reports.n_printed, **ending})
    return status if status >= 0 else 128 - status


def run_trial(home: str, place: str, processes: Processes, reports: Reports) -> int:
    """Set up the program and run it.

    Args:
        home: The folder ``/opt/ml``, where it is here.
        place: A new folder outside of what is copied to S3.
        processes: What runs commands.
        reports: Where those of the program come from.

    Returns:
        As of `Processes.run`; that of pip if the requirements cannot be installed.
    """
    from script_command import render_command  # of the core, beside this file

    channels = os.path.join(home, "input", "data")
    trial = os.path.join(channels, "trial")
    text = os.environ.get("TUNEKIT_SPEC")
    spec = _read_json(os.path.join(trial, "spec.json")) if text is None else json.loads(text)
    if spec is None:
        raise CannotRun("There is neither a variable TUNEKIT_SPEC nor a file spec.json in the channel 'trial'.")
    source = unpack(os.path.join(channels, "tunekit", "source.tar.gz"), os.path.join(place, "source"))
    status = install_requirements(source, place, processes)
    if status:
        return status
    reports.until, reports.resource = spec.get("until"), spec.get("resource")
    configuration = read_configuration(home, trial)
    path = os.path.join(place, "config.json")
    _write_json(path, configuration)
    checkpoints = Checkpoints(os.path.join(home, "checkpoints"))
    checkpoints.prepare(reports.run, spec.get("reached", float("inf")))
    rendered = render_command(
        spec["command"],
        configuration,
        templates=spec.get("templates", {}),
        folder=place,
        checkpoint=checkpoints.working,
        seed=int(os.environ.get("TUNEKIT_SEED", "0")),
    )
    for name, text in rendered.files.items():
        with open(name, "w", encoding="utf-8") as file:
            file.write(text)
    command = [sys.executable if word in ("python", "python3") else word for word in rendered.words[:1]]
    command += rendered.words[1:]
    environment = {
        **os.environ,
        **sagemaker_variables(home, configuration),
        "PYTHONPATH": os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")])),
        "TUNEKIT_REPORTS": os.path.join(place, "reports.jsonl"),
        "TUNEKIT_CONFIGURATION": path,
        "TUNEKIT_CHECKPOINT_DIR": checkpoints.working,
        "TUNEKIT_CHECKPOINTS": checkpoints.folder,
    }

    def each_time() -> None:
        checkpoints.describe_new()  # first: a report says that the version of its resource is there
        reports.print_new()
        if reports.resource is not None:  # reports that are counted are counted anew by each process
            checkpoints.tell(reports.run, reports.reached)
        processes.asked |= reports.is_there

    metrics, needed = spec.get("metrics", {}), spec.get("needed", [])
    printed = Printed(environment["TUNEKIT_REPORTS"], metrics, needed, spec.get("resource"))
    status = processes.run(command, os.path.join(source, spec["folder"]), environment, each_time, printed)
    printed.read_rest()
    checkpoints.describe_new()
    reports.print_rest()
    reports.unheard = "" if reports.n_printed or status else printed.unheard()
    checkpoints.finish(reports.reached)
    return status


def unpack(archive: str, folder: str) -> str:
    """Unpack the program, if there is one, into a new folder, and return that."""
    os.mkdir(folder)
    if os.path.exists(archive):
        with tarfile.open(archive) as files:
            if hasattr(tarfile, "data_filter"):
                files.extractall(folder, filter="data")
            else:
                files.extractall(folder)
    return folder


def install_requirements(source: str, place: str, processes: Processes) -> int:
    """Install the requirements of the program, but no other framework than that of the image.

    Returns:
        The exit status of pip; 0 if there are none.
    """
    if not os.path.exists(os.path.join(source, "requirements.txt")):
        return 0
    installed = {f"{each.metadata['Name']}=={each.version}" for each in metadata.distributions()}
    kept = sorted(each for each in installed if FRAMEWORKS.fullmatch(each.partition("==")[0].lower()))
    constraints = os.path.join(place, "constraints.txt")
    with open(constraints, "w", encoding="utf-8") as file:
        file.writelines(f"{each}\n" for each in kept)
    settings = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    command = [sys.executable, "-m", "pip", "install", "-r", "requirements.txt", "-c", constraints]
    status = processes.run(command, source, {**os.environ, **settings}, lambda: None)
    if status > 0 and not processes.asked:
        held = f" No other version is taken than that of the image: {', '.join(kept)}." if kept else ""
        raise CannotRun(f"The requirements cannot be installed. The log has what pip says.{held}")
    return status


def read_configuration(home: str, trial: str) -> dict[str, Any]:
    """The configuration with its types. A hyperparameter is JSON where it can be read as that, and else text."""
    configuration = _read_json(os.path.join(trial, "configuration.json"))
    if configuration is None:
        texts = _read_json(os.path.join(home, "input", "config", "hyperparameters.json")) or {}
        configuration = {name: _value(text) for name, text in texts.items()}
    return dict(configuration)


def sagemaker_variables(home: str, configuration: Mapping[str, Any]) -> dict[str, str]:
    """What scripts for SageMaker read: its own toolkit sets these within a container, not the service."""
    data = os.path.join(home, "input", "data")
    config = os.path.join(home, "input", "config")
    resources = _read_json(os.path.join(config, "resourceconfig.json")) or {}
    names = sorted(os.listdir(data)) if os.path.isdir(data) else []
    channels = [name for name in names if name not in OUR_CHANNELS and os.path.isdir(os.path.join(data, name))]
    hosts = resources.get("hosts", ["algo-1"])
    variables = {
        "SM_MODEL_DIR": os.path.join(home, "model"),
        "SM_INPUT_DIR": os.path.join(home, "input"),
        "SM_INPUT_CONFIG_DIR": config,
        "SM_OUTPUT_DIR": os.path.join(home, "output"),
        "SM_OUTPUT_DATA_DIR": os.path.join(home, "output", "data"),
        "SM_HOSTS": json.dumps(hosts),
        "SM_CURRENT_HOST": resources.get("current_host", hosts[0]),
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": str(len(glob.glob("/dev/nvidia[0-9]*"))),
        "SM_CHANNELS": json.dumps(channels),
        "SM_HPS": json.dumps(configuration),
    }
    variables.update((f"SM_CHANNEL_{_variable(name)}", os.path.join(data, name)) for name in channels)
    for name, value in configuration.items():
        variables[f"SM_HP_{_variable(name)}"] = value if isinstance(value, str) else json.dumps(value)
    return {
        name: value for name, value in variables.items() if len(value.encode("utf-8", "replace")) < LONGEST_VARIABLE
    }


def write_failure(home: str, text: str) -> None:
    """Write what SageMaker shows as the reason: the end of a text, without secrets."""
    folder = os.path.join(home, "output")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "failure"), "w", encoding="utf-8") as file:
        file.write(masked(text)[-LONGEST_FAILURE:])


def masked(text: str) -> str:
    """A text without the secrets of the environment."""
    secrets = {value for name, value in os.environ.items() if len(value) >= 4 and is_secret_name(name)}
    for secret in sorted(secrets, key=len, reverse=True):  # one may be a part of another
        text = text.replace(secret, "***")
    return URL_WITH_PASSWORD.sub("***", text)


def is_secret_name(name: str) -> bool:
    """Whether the value of a variable is a secret."""
    words = [] if name == CURRENT_FOLDER else WORD.findall(name)
    return any(
        word.lower() in SECRET_WORDS or SECRET_END.fullmatch(word.lower()) or SECRET_VARIABLE.fullmatch(word)
        for word in words
    )


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _variable(name: str) -> str:
    return re.sub(r"[^A-Z0-9_]", "_", name.upper())


def _write(stream: int, data: bytes) -> None:
    """Write all of it, also where a process that shares the stream has set it to take only what it can at once."""
    while data:
        try:
            data = data[os.write(stream, data) :]
        except BlockingIOError:
            select.select([], [stream], [])


def _prctl() -> Any:
    """The call that has the system end a process together with its parent; ``None`` where there is none."""
    with contextlib.suppress(Exception):  # an image may lack any part of it
        import ctypes

        return ctypes.CDLL(None).prctl
    return None


def _kill_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _read_json(path: str) -> Any:
    """What a file says; ``None`` if there is none, or it was cut off."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (FileNotFoundError, ValueError):
        return None


def _write_json(path: str, value: Any) -> None:
    temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}")
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(temporary, path)


def _sizes(folder: str) -> dict[str, int]:
    """The files of a folder, in the only form in which S3 keeps them."""
    found = {}
    for parent, _, names in os.walk(folder):
        for path in (os.path.join(parent, name) for name in names):
            found[os.path.relpath(path, folder).replace(os.sep, "/")] = os.path.getsize(path)
    return found


def _states(folder: str) -> dict[str, tuple[int, int]]:
    """Time and size of each file of a folder, which change when it is written."""
    found = {}
    for name in _sizes(folder):
        state = os.stat(os.path.join(folder, name))
        found[name] = (state.st_mtime_ns, state.st_size)
    return found


def _is_resource(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.remove(path)


if __name__ == "__main__":
    sys.exit(main())
