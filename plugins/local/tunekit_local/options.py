"""The options of the local backend."""

from __future__ import annotations

from typing import Literal

import attrs

from tunekit_core import InvalidOption, option


@attrs.frozen(kw_only=True)
class LocalOptions:
    """What trials get of this machine, how they are ended, and what is kept of them.

    Raises:
        InvalidOption: If ``gpus_to_use`` names a GPU twice.
    """

    num_gpus_per_trial: int = option(
        1, help="GPUs that each trial gets. With 0 a trial sees none; 1 also fits a machine without any.", at_least=0
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

    def __attrs_post_init__(self) -> None:
        gpus = self.gpus_to_use or ()
        if len(set(gpus)) < len(gpus):
            once = ",".join(str(gpu) for gpu in sorted(set(gpus)))
            raise InvalidOption(
                "gpus_to_use",
                list(gpus),
                f"names a GPU twice. Type backend.gpus_to_use=[{once}]; with backend.share_gpus=true several trials "
                "run on one GPU",
            )
