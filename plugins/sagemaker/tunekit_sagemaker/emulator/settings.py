"""What of the emulator can be set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import attrs

from tunekit_core import ConfigurationError
from tunekit_sagemaker.aws.limits import check_instance_type

OptMl = Literal["relocate", "namespace"]


@attrs.frozen(kw_only=True)
class Delays:
    """How long things take, in seconds. With AWS each but the grace is longer.

    Attributes:
        starting: From the creation of a job, or an interruption, to its instances.
        downloading: What is added to the time that the download takes.
        uploading: What is added to the time that the upload takes.
        interrupted: Between the loss of an instance and the next start.
        checkpoint_sync: Between two uploads of what has changed in the folder of checkpoints.
        grace: From SIGTERM to SIGKILL.
        search: Until a new job is found by ``Search``, whose index lags.
    """

    starting: float = 0.2
    downloading: float = 0.1
    uploading: float = 0.1
    interrupted: float = 0.2
    checkpoint_sync: float = 1.0
    grace: float = 120.0
    search: float = 0.0


@attrs.define(kw_only=True)
class Settings:
    """How the emulator behaves; may be changed while it runs.

    Attributes:
        delays: How long things take.
        quotas: Instances of a type that may be in use at the same time, on demand and as spot instances each.
        default_quota: The same for types that ``quotas`` does not name.
        opt_ml: ``"relocate"`` replaces ``/opt/ml`` in the command of a job by the folder that stands for it;
            ``"namespace"`` gives the job a real ``/opt/ml``, for which the system has to allow ``unshare``.
        log_delay: Seconds from a line that a job writes to the event in its log.
        cut_events_at: Characters of the longest event; a longer line becomes several.
    """

    delays: Delays = attrs.field(factory=Delays)
    quotas: Mapping[str, int] = attrs.field(factory=dict)
    default_quota: int = 20
    opt_ml: OptMl = attrs.field(default="relocate")
    log_delay: float = 0.0
    cut_events_at: int = 16384

    @opt_ml.validator
    def _check_opt_ml(self, attribute: object, opt_ml: str) -> None:
        if opt_ml not in get_args(OptMl):
            text = f"opt_ml={opt_ml!r} has to be one of {', '.join(get_args(OptMl))}."
            raise ConfigurationError(text, option="opt_ml", value=opt_ml)

    @quotas.validator
    def _check_quotas(self, attribute: object, quotas: Mapping[str, int]) -> None:
        for name, quota in quotas.items():
            problem = check_instance_type(name)
            if problem:
                raise ConfigurationError(f"quotas: {problem}", option="quotas", value=name)
            if isinstance(quota, bool) or not isinstance(quota, int) or quota < 0:
                text = f"quotas: {name}={quota!r} has to be a whole number, and 0 at least."
                raise ConfigurationError(text, option="quotas", value=quota)
