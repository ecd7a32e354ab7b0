"""Report metrics from a training script to whatever tunes it.

This file needs nothing but Python 3.8, and can be copied beside a script whose environment has no tunekit:

    from tunekit import Reporter

    report = Reporter()
    for epoch in range(1, 11):
        ...
        report(epoch=epoch, loss=loss)
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

REPORTS = "TUNEKIT_REPORTS"  # path of the file that reports are appended to
NOTICES = "TUNEKIT_NOTICES"  # path of the socket that a notice goes to after each
TAG = "[tunekit-report]"  # begins a line on the standard output, where no file is named
RESERVED = "st_"


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
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def __call__(self, **metrics: Any) -> None:
        """Report the metrics that were reached so far.

        Args:
            **metrics: Numbers, text, ``None``, or lists and dicts of these; scalars of numpy and torch just work.

        Raises:
            ValueError: If there is no metric, or one has a name that begins with ``st_``.
            TypeError: If a value cannot be written as JSON.
            OSError: If the disk is full. The report is lost; later ones are not.
        """
        if not metrics:
            raise ValueError("There is nothing to report. Name at least one metric: report(epoch=1, loss=0.5).")
        line = {}
        for name, value in metrics.items():
            if name.startswith(RESERVED):
                raise ValueError(
                    f"The metric '{name}' cannot be reported: names that begin with '{RESERVED}' are those of "
                    "tunekit. Give it another name."
                )
            line[name] = _plain(value, name)
        line[RESERVED + "worker_timestamp"] = time.time()
        line[RESERVED + "worker_time"] = time.monotonic() - self._began
        line[RESERVED + "worker_iter"] = self._iteration
        self._send(json.dumps(line))
        self._iteration += 1

    def _send(self, text: str) -> None:
        if self._file is None:
            print(TAG, text, flush=True)
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
