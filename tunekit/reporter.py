"""Report metrics from a training script to whatever tunes it, and publish checkpoints.

This file needs nothing but Python 3.8, and can be copied beside a script whose environment has no tunekit:

    from tunekit import Reporter

    report = Reporter()
    for epoch in range(1, 11):
        ...
        report(epoch=epoch, loss=loss)
"""

from __future__ import annotations

import json
import operator
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

REPORTS = "TUNEKIT_REPORTS"  # path of the file that reports are appended to
NOTICES = "TUNEKIT_NOTICES"  # path of the socket that a notice goes to after each
CHECKPOINTS = "TUNEKIT_CHECKPOINTS"  # path of the folder that holds what was published
TAG = "[tunekit-report]"  # begins a line on the standard output, where no file is named; it is a report there too
RESERVED = "st_"
COST = "st_worker_cost"  # the one of these names that a script may give itself
LONGEST_LINE = 1 << 20  # that a backend reads


class Reporter:
    """Sends metrics, one line of JSON for each call.

    Where a backend of tunekit runs the script, a line goes to a file that the backend names, whole or not at all, and
    the backend is told at once; the script never waits for it. Elsewhere the line is printed.

    Beside the metrics a line holds ``st_worker_timestamp`` (seconds since 1970), ``st_worker_time`` (seconds since the
    reporter was made) and ``st_worker_iter`` (0, 1, 2, …).

    Raises:
        OSError: If the file that the backend names cannot be written.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._iteration = 0
        self._line_is_open = False
        path = os.environ.get(REPORTS)
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)

    def __reduce__(self) -> tuple[type[Reporter], tuple[()]]:
        """A copy opens the file itself: in another process the number of an open file is that of another one."""
        return Reporter, ()

    def __call__(self, metrics: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        """Report the metrics that were reached so far: ``report(epoch=1, loss=0.5)``, ``report({"val/loss": 0.5})``.

        Args:
            metrics: A mapping from names to values, for names that are no keywords. Values are numbers, text, ``None``,
                or lists and dicts of these; scalars of numpy and torch just work.
            **named: Metrics by keyword, beside those of the mapping. ``st_worker_cost`` is what the trial has cost so
                far, all its runs together: ``stopping.max_cost`` counts that.

        Raises:
            ValueError: If there is no metric, one is given twice or has another name that begins with ``st_``, or it is
                more than a megabyte.
            TypeError: If what is given is no mapping with names, or a value cannot be written as JSON.
            OSError: If the disk is full. The report is lost; later ones are not.
        """
        line = {}
        for name, value in _together(metrics, named).items():
            if name.startswith(RESERVED) and name != COST:
                raise ValueError(
                    f"The metric '{name}' cannot be reported: names that begin with '{RESERVED}' are those of "
                    f"tunekit, and {COST} is the only one that a script may report. Give it another name."
                )
            line[name] = _plain(value, name)
        line[RESERVED + "worker_timestamp"] = time.time()
        line[RESERVED + "worker_time"] = time.monotonic() - self._began
        line[RESERVED + "worker_iter"] = self._iteration
        text = json.dumps(line)
        if len(text) > LONGEST_LINE:
            raise ValueError(
                f"The report has {len(text):,} bytes, and may have {LONGEST_LINE:,}. Write what is large to a file."
            )
        self._send(text)
        self._iteration += 1

    @contextmanager
    def checkpoint(self, resource: int) -> Iterator[Path]:
        """Give an empty folder for a checkpoint, and publish it when the block ends: whole, or not at all.

        >>> with report.checkpoint(epoch) as folder:
        ...     torch.save(model.state_dict(), folder / "model.pt")
        >>> report(epoch=epoch, loss=loss)

        Before the report of the same resource, which may be answered by a pause. In the next run of the trial, or of
        one that is started from it, a copy of the folder is what ``TUNEKIT_CHECKPOINT_DIR`` names. What was published
        is never changed: a second checkpoint of a resource is thrown away. Where several processes train together,
        one of them publishes. Outside of tunekit the folder is a temporary one.

        Args:
            resource: How far the training has come, in what the objective names as its resource, such as epochs.

        Raises:
            ValueError: If the resource is no whole number from 1 on.
            OSError: If the disk is full. Nothing is published.
        """
        try:
            number = operator.index(resource)
        except TypeError:
            number = 0
        if number < 1:
            raise ValueError(
                f"checkpoint({resource!r}): give how far the training has come, a whole number from 1 on, as epochs are"
            )
        import shutil  # only here: they take longer to import than all the rest
        from pathlib import Path

        home = os.environ.get(CHECKPOINTS)
        if home is None:
            import tempfile

            with tempfile.TemporaryDirectory(prefix="tunekit-checkpoint-") as temporary:
                yield Path(temporary)
            return
        folder = Path(home, f".new-{os.getpid()}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
            version = folder.with_name(str(number))
            if not version.exists():
                _sync(folder)
                folder.rename(version)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _send(self, text: str) -> None:
        if self._file is None:
            print(f"{TAG} {text}\n", end="", flush=True)  # in one piece: other processes may print too
            return
        data = text.encode("ascii") + b"\n"  # json.dumps escapes everything else
        if self._line_is_open:
            data = b"\n" + data
        while data:
            self._line_is_open = True  # until all of it is written: the disk may be full in the middle
            data = data[os.write(self._file, data) :]
        self._line_is_open = False
        self._notify()

    def _notify(self) -> None:
        """Tell the backend that there is something to read. It may have ended, which is no error for the script."""
        address = os.environ.get(NOTICES)
        if address is None:
            return
        import socket  # only here: it takes longer to import than all the rest

        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto(os.environ[REPORTS].encode(), address)
        except OSError:
            pass


def _together(metrics: Mapping[str, Any] | None, named: Mapping[str, Any]) -> dict[str, Any]:
    """What is reported, from a mapping and from keywords."""
    if metrics is not None and not hasattr(metrics, "keys"):
        raise TypeError(
            f"report({metrics!r}) names no metric. Type report(epoch=1, loss=0.5), or give a mapping: "
            'report({"epoch": 1, "loss": 0.5}).'
        )
    together = {} if metrics is None else dict(metrics)
    for name in together:
        if not isinstance(name, str):
            raise TypeError(f"The metric {name!r} has a name that is no text. Type report({{'{name}': …}}).")
        if name in named:
            raise ValueError(f"The metric '{name}' is given twice, in the mapping and as a keyword: leave one out.")
    together.update(named)
    if not together:
        raise ValueError("There is nothing to report. Name at least one metric: report(epoch=1, loss=0.5).")
    return together


def _sync(folder: Path) -> None:
    """Have the files of a folder on the disk: else a machine that goes down may leave the name and lose the content."""
    for path in [*folder.rglob("*"), folder]:
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            continue
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _plain(value: Any, name: str) -> Any:
    """The value in types that JSON knows."""
    if value is None or isinstance(value, (bool, int, float, str)):
        # subclasses, such as numpy.float64 and enumerations of numbers, as what they are
        return next((kind(value) for kind in (bool, int, float, str) if isinstance(value, kind)), None)
    if isinstance(value, dict):
        return {str(key): _plain(item, name) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, name) for item in value]
    item = getattr(value, "item", None)
    if callable(item):  # of numpy, torch and others; those with several elements refuse
        try:
            found = item()
        except (ValueError, RuntimeError):
            found = value
        if found is not value and not callable(getattr(found, "item", None)):
            return _plain(found, name)
    raise TypeError(
        f"The metric '{name}' is of type {type(value).__name__}, which cannot be written as JSON. Report a number, "
        "text, or lists and dicts of these: for an array its mean, or .tolist()."
    )
