"""The options of the local backend."""

from __future__ import annotations

import math
import re
from typing import Literal

import attrs

from tunekit_core import InvalidOption, option

LEAST_PART = 0.01  # of a GPU
ROUNDING = 1e-9  # 1 / (1 / 49) is below 49
UNITS = {"MB": 1000**2, "GB": 1000**3, "TB": 1000**4, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
AMOUNT = re.compile(rf"(?P<number>[0-9]{{1,9}}(\.[0-9]{{1,9}})?) ?(?P<unit>{'|'.join(UNITS)})", re.IGNORECASE)


def bytes_in(amount: str | float) -> int:
    """The bytes in an amount of memory, such as ``4GB``; 0 if it is none."""
    found = AMOUNT.fullmatch(str(amount).strip())
    factors = {unit.lower(): factor for unit, factor in UNITS.items()}
    return int(float(found["number"]) * factors[found["unit"].lower()]) if found else 0


@attrs.frozen(kw_only=True)
class LocalOptions:
    """What trials get of this machine, how they are ended, and what is kept of them.

    Raises:
        InvalidOption: If ``gpus_to_use`` names a GPU twice, no trial can have ``num_gpus_per_trial`` GPUs, or
            ``memory_per_trial`` is no amount of memory.
    """

    num_gpus_per_trial: int | float = option(
        1,
        help="GPUs that each trial gets. With 0 a trial sees none; 1 also fits a machine without any. A part of one, "
        "such as 0.5 or 0.33, has as many trials share a GPU as fit: two or three.",
        at_least=0,
    )
    gpus_to_use: tuple[int, ...] | None = option(
        None,
        help="The GPUs that trials may get, by their indices in ``nvidia-smi``. ``null`` takes all that "
        "``CUDA_VISIBLE_DEVICES`` leaves.",
    )
    share_gpus: bool = option(
        False,
        help="Whether several trials may have the same GPU at a time. If not, trials wait until enough GPUs are free.",
    )
    num_cpus_per_trial: int | None = option(
        None,
        help="Processor cores that each trial gets, and as many threads. No more trials run at a time than there are "
        "cores for. ``null`` divides the cores among ``n_workers``.",
        at_least=1,
    )
    memory_per_trial: str | int | float | None = option(  # a number is refused below, with the unit that it lacks
        None,
        help="Memory that a trial may use, with all that it starts, as a number with a unit, such as ``4GB`` or "
        "``512MiB``. One that uses more is killed, and has failed. ``null`` sets no limit.",
    )
    rotate_gpus: bool = option(
        True, help="Whether GPUs are handed out. If not, every trial sees all that ``CUDA_VISIBLE_DEVICES`` leaves."
    )
    grace_period: float = option(
        10.0, help="Seconds from SIGTERM, which asks a trial to end, to SIGKILL, which ends it.", at_least=0
    )
    trial_timeout: float | None = option(
        None,
        help="Seconds after which a run of a trial is ended and has failed; every start, resume and retry counts from "
        "0. ``null`` sets no limit.",
        at_least=0.001,
    )
    on_tuner_death: Literal["stop", "keep"] = option(
        "stop",
        help="What becomes of running trials when the process that tunes dies: ``stop`` ends them, and they go on from "
        "their checkpoints when the experiment does; ``keep`` lets them run.",
    )
    delete_checkpoints: bool = option(
        False,
        help="Whether the checkpoints of a trial are removed once it cannot be resumed any more. Those of the best "
        "trial stay.",
    )
    max_checkpoints: int | None = option(
        None,
        help="How many paused trials keep their checkpoints. Beyond that the least promising lose theirs, and start "
        "over if they are resumed after all. ``null`` keeps all.",
        at_least=0,
    )
    trial_retries: int = option(
        0,
        help="How often a trial that failed is started again, from its checkpoint, before it counts as failed.",
        at_least=0,
    )
    log_bytes: int = option(
        1_000_000,
        help="Bytes that are kept of what a trial writes to its standard output, and as many of its standard error: "
        "the last ones.",
        at_least=1000,
    )

    @property
    def trials_per_gpu(self) -> int:
        """How many trials hold a GPU at the same time, unless any number may."""
        parts = self.num_gpus_per_trial
        return math.floor(1 / parts + ROUNDING) if 0 < parts < 1 else 1

    def __attrs_post_init__(self) -> None:
        self._check_gpus_per_trial()
        memory = self.memory_per_trial
        if memory is not None and (not isinstance(memory, str) or bytes_in(memory) == 0):
            meant = f"{memory}GB" if bytes_in(f"{memory}GB") else "4GB"
            raise InvalidOption(
                "memory_per_trial",
                memory,
                f"must be a number above 0 with a unit: {', '.join(UNITS)}. Type backend.memory_per_trial={meant}",
            )
        gpus = self.gpus_to_use or ()
        if len(set(gpus)) < len(gpus):
            once = ",".join(str(gpu) for gpu in sorted(set(gpus)))
            raise InvalidOption(
                "gpus_to_use",
                list(gpus),
                f"names a GPU twice. Type backend.gpus_to_use=[{once}]; with backend.share_gpus=true several trials "
                "run on one GPU",
            )

    def _check_gpus_per_trial(self) -> None:
        parts, option = self.num_gpus_per_trial, "backend.num_gpus_per_trial"
        if float(parts).is_integer():
            return
        if not 0 < parts < math.inf:
            raise InvalidOption("num_gpus_per_trial", parts, f"is no number of GPUs. Type {option}=0 for none")
        if parts > 1:
            whole = f"{option}={math.floor(parts)} or {option}={math.ceil(parts)}"
            raise InvalidOption(
                "num_gpus_per_trial",
                parts,
                f"must be a whole number, or below 1: a trial has whole GPUs or a part of one. Type {whole}",
            )
        if parts < LEAST_PART:
            raise InvalidOption(
                "num_gpus_per_trial",
                parts,
                f"must be 0, or at least {LEAST_PART}. With backend.share_gpus=true any number of trials share a GPU",
            )
        if self.share_gpus:
            raise InvalidOption(
                "num_gpus_per_trial",
                parts,
                f"says that {self.trials_per_gpu} trials share a GPU, and backend.share_gpus=true that any number do. "
                "Leave one of them out",
            )
