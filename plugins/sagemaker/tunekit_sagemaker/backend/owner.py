"""Which process tunes an experiment: one alone, also where the folder of the experiment was copied to another machine.

On one machine the lock of the folder tells. Elsewhere an object in S3 does, which the process renews as long as it
lives.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from tunekit_core import as_json
from tunekit_sagemaker.aws.errors import Busy, NoAccess, Refused, asking, aws_errors, code_of, is_missing, meaning
from tunekit_sagemaker.backend.claims import TAKEN, ClaimedByAnother
from tunekit_sagemaker.backend.places import Places

SECONDS_OF_LEASE = 90.0  # without a renewal, after which an owner counts as dead
SECONDS_TO_RENEW = 20.0
BOOT = "/proc/sys/kernel/random/boot_id"


class Owner:
    """This process, as the one that tunes an experiment.

    Args:
        s3: The client of boto3.
        places: Of the experiment.
        folder: Of the experiment on this machine, whose lock this process has.
    """

    def __init__(self, s3: Any, places: Places, folder: Path) -> None:
        self._s3 = s3
        self._bucket, self._key = places.bucket, places.owner
        self._place = {"host": platform.node(), "boot": _boot(), "folder": str(folder.resolve())}
        self._nonce = os.urandom(8).hex()
        self._renew_at = 0.0  # on the monotonic clock

    def take(self) -> None:
        """Become the owner.

        Raises:
            ClaimedByAnother: If another process is, and lives.
            Busy, NoAccess, Refused: If S3 cannot be asked.
        """
        found, seconds = self._read()
        said = found or {}
        is_here = {name: said.get(name) for name in self._place} == self._place  # then it is dead: we have its lock
        if said.get("nonce") not in (None, self._nonce) and not is_here and seconds < SECONDS_OF_LEASE:
            raise ClaimedByAnother(
                f"This experiment is tuned by another process, on {said.get('host')} in {said.get('folder')}, which "
                f"was seen {seconds:.0f} seconds ago. Two processes cannot tune the same experiment. If that one has "
                f"ended, type the command again in {SECONDS_OF_LEASE - seconds:.0f} seconds."
            )
        self._write(once=found is None)  # what is damaged is nobody's

    def renew(self) -> None:
        """Say that this process lives, if it is time to. Where S3 is busy that is done later.

        Raises:
            ClaimedByAnother: If another process has become the owner, since this one was taken for dead.
        """
        if time.monotonic() < self._renew_at:
            return
        try:
            said = self._said()
            if said.get("nonce") not in (None, self._nonce):
                raise ClaimedByAnother(
                    f"Another process tunes this experiment now, on {said.get('host')} in {said.get('folder')}: this "
                    "one stops."
                )
            self._write(once=False)
        except Busy:
            return

    def release(self) -> None:
        """Be it no more, so that another machine need not wait."""
        with contextlib.suppress(Busy, NoAccess, Refused), asking():  # it ends by itself
            if self._said().get("nonce") == self._nonce:
                self._s3.delete_object(Bucket=self._bucket, Key=self._key)

    def _said(self) -> Mapping[str, Any]:
        return self._read()[0] or {}

    def _read(self) -> tuple[Mapping[str, Any] | None, float]:
        """What is said of the owner, and how many seconds ago, by the clock of S3.

        ``None`` if there is no object, and nothing if it is damaged.
        """
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=self._key)
            content = answer["Body"].read()
        except aws_errors() as error:
            if is_missing(error):
                return None, 0.0
            raise meaning(error) from error
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        try:
            said = json.loads(content)
        except ValueError:
            said = {}
        return said if isinstance(said, dict) else {}, (now - answer["LastModified"]).total_seconds()

    def _write(self, *, once: bool) -> None:
        said = as_json({"nonce": self._nonce, **self._place}).encode()
        condition = {"IfNoneMatch": "*"} if once else {}
        try:
            self._s3.put_object(Bucket=self._bucket, Key=self._key, Body=said, **condition)
        except aws_errors() as error:
            if code_of(error) != TAKEN:
                raise meaning(error) from error
            if self._said().get("nonce") != self._nonce:  # else the answer to the first of several tries was lost
                raise ClaimedByAnother("Another process has begun to tune this experiment just now.") from error
        self._renew_at = time.monotonic() + SECONDS_TO_RENEW


def _boot() -> str:
    """What tells one start of this machine from others; empty where that is not known."""
    try:
        return Path(BOOT).read_text(encoding="ascii").strip()
    except OSError:
        return ""
