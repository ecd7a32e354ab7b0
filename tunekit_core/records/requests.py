"""Requests to an experiment that runs, as files in its folder: who can write there can steer it, from any machine.

``requests/<nonce>.json`` is a request, written under another name and renamed. When it was carried out or refused it is
gone, and ``requests/<nonce>.answer.json`` says which. A request that lies there when a process begins was meant for one
before it, and is refused: a stop is for the process that somebody saw running. Whoever asks sees when that process has
ended, and takes the request away.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs

from tunekit_core.engine.steering import Kind, Request
from tunekit_core.errors import RecordError, shown
from tunekit_core.records.files import write_whole
from tunekit_core.records.foreign_files import checked, regular_file_itself
from tunekit_core.records.lock import is_locked

REQUESTS = "requests"
ANSWER = ".answer.json"
NAME = re.compile(r"([0-9a-z-]{1,80})\.json")
SECONDS_BETWEEN_LOOKS = 0.5
MOST_BYTES = 1_000_000  # of a request
SECONDS_BETWEEN_ANSWERS = 0.1
LOOKS_BETWEEN_LOCKS = 10  # for an answer, between two at the lock, which touch more files
SECONDS_TO_FETCH = 3600.0  # that an answer lies there for whoever asked
TOO_LATE = "The process that it was meant for has ended before it answered."


@attrs.frozen
class Unreadable:
    """A file that is no request.

    Attributes:
        nonce: Of its name.
        reason: What is wrong with it.
    """

    nonce: str
    reason: str


@attrs.frozen
class Reply:
    """What has become of a request.

    Attributes:
        refusal: Why it was refused; empty if it was carried out.
        is_held: Whether the experiment is paused now.
    """

    refusal: str
    is_held: bool = False


class Sender:
    """Asks something of the experiment in a folder, and waits for the answer, wherever the folder is moved meanwhile.

    Args:
        folder: Of the experiment.

    Raises:
        OSError: If nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        self._experiment = folder
        self._folder = folder / REQUESTS
        self._folder.mkdir(exist_ok=True)
        self._opened = os.open(self._folder, os.O_RDONLY)

    def send(self, kind: Kind, given: Mapping[str, Any]) -> str:
        """Ask.

        Args:
            kind: What is asked.
            given: What belongs to it, in values of JSON.

        Returns:
            The nonce of the request.

        Raises:
            OSError: If it cannot be written.
        """
        nonce = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        content = json.dumps({"nonce": nonce, "kind": kind.value, "given": given})
        write_whole(self._folder / f"{nonce}.json", content)
        return nonce

    def wait(self, nonce: str, seconds: float) -> Reply | None:
        """Wait until a request is answered.

        Returns:
            What has become of it; ``None`` if there is no answer after so many seconds, or as soon as no process is
            left to answer: see :meth:`withdraw`.

        Raises:
            RecordError: If the answer is none.
        """
        end, n_looks, is_heard = time.monotonic() + seconds, 0, True
        while time.monotonic() < end:
            if n_looks % LOOKS_BETWEEN_LOCKS == 0:
                is_heard = self._is_heard()  # before the answer is looked for: a process may answer and end
            reply = self._reply(f"{nonce}{ANSWER}")
            if reply is not None or not is_heard:
                return reply
            time.sleep(SECONDS_BETWEEN_ANSWERS)
            n_looks += 1
        return None

    def withdraw(self, nonce: str) -> bool:
        """Take a request back for which no process is left: whether there is none.

        Else it stays, and is answered by the one that runs the experiment.
        """
        if self._is_heard():
            return False
        with suppress(OSError):  # one that stays is refused by the next process
            os.unlink(f"{nonce}.json", dir_fd=self._opened)
        return True

    def close(self) -> None:
        """Look no longer for answers."""
        os.close(self._opened)

    def _is_heard(self) -> bool:
        """Whether a process runs the experiment, as far as that is seen: not where its folder was moved."""
        try:
            is_there = os.path.samestat(os.stat(self._folder), os.fstat(self._opened))
        except OSError:
            is_there = False
        return not is_there or is_locked(self._experiment)

    def _reply(self, name: str) -> Reply | None:
        try:
            with open(name, encoding="utf-8", opener=self._open) as file:
                told = json.load(file)
                reply = Reply(str(told["refusal"]), told.get("is_held") is True)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RecordError(f"{self._folder / name} is no answer: {error}") from error
        with suppress(OSError):
            os.unlink(name, dir_fd=self._opened)
        return reply

    def _open(self, name: str, flags: int) -> int:
        return checked(os.open(name, flags | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=self._opened))


class RequestsInFolder:
    """Reads the requests to an experiment, in the order of their nonces, and answers them.

    Args:
        folder: Of the experiment, which this process runs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / REQUESTS
        self._looked = time.monotonic()
        self._answered: set[str] = set()
        self._forget_answers()
        for each in self._read():
            self.answer(each.nonce, TOO_LATE)

    def take(self) -> list[Request]:
        """The requests that have come; looked for twice a second at most. What is no request is refused."""
        now = time.monotonic()
        if now - self._looked < SECONDS_BETWEEN_LOOKS:
            return []
        self._looked = now
        found = self._read()
        for each in found:
            if isinstance(each, Unreadable):
                self.answer(each.nonce, each.reason)
        return [each for each in found if isinstance(each, Request)]

    def answer(self, nonce: str, refusal: str, *, is_held: bool = False) -> None:
        """Say what has become of a request; it is gone then.

        Where nothing can be written or removed, as in a folder that somebody else has made, that is left out: no
        experiment ends for a request, and what lies there is looked at once.

        Args:
            nonce: Of the request.
            refusal: Why it was refused; empty if it was carried out.
            is_held: Whether the experiment is paused now.
        """
        self._answered.add(nonce)
        with suppress(OSError):
            told = {"refusal": refusal, "is_held": is_held}
            write_whole(self._folder / f"{nonce}{ANSWER}", json.dumps(told))
        with suppress(OSError):
            (self._folder / f"{nonce}.json").unlink(missing_ok=True)

    def _forget_answers(self) -> None:
        """Remove the answers that nobody waits for any more."""
        with suppress(OSError):
            for answer in self._folder.glob(f"*{ANSWER}"):
                if time.time() - answer.lstat().st_mtime > SECONDS_TO_FETCH:
                    answer.unlink()

    def _read(self) -> list[Request | Unreadable]:
        try:
            names = sorted(os.listdir(self._folder))
        except OSError:  # hardly any experiment is asked anything
            return []
        nonces = [match[1] for name in names if (match := NAME.fullmatch(name)) is not None]
        return [self._request(nonce) for nonce in nonces if nonce not in self._answered]

    def _request(self, nonce: str) -> Request | Unreadable:
        try:
            read = json.loads(_content(self._folder / f"{nonce}.json"))
            kind, given = Kind(read["kind"]), read["given"]
            if read["nonce"] != nonce or not isinstance(given, dict):
                raise ValueError(f"its nonce is {shown(read['nonce'])}")
            if kind is Kind.TRY and not isinstance(given["configuration"], dict):
                raise ValueError("its configuration is none")
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            return Unreadable(nonce, f"It is no request: {error}.")
        return Request(nonce, kind, given)


def _content(path: Path) -> bytes:
    with open(path, "rb", opener=regular_file_itself) as file:
        return file.read(MOST_BYTES)
