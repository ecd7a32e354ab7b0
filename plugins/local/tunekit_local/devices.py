"""Hands the GPUs and processor cores of this machine to trials."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from tunekit_core import THREAD_VARIABLES, InvalidOption
from tunekit_local.core_leases import CoreLeases
from tunekit_local.cores import Cores
from tunekit_local.gpus import Gpu, find_gpus, visible_gpus
from tunekit_local.options import LocalOptions

NO_GPU = "-1"  # an empty value would do for CUDA, but Windows has no empty variables


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


def _numbers(values: Iterable[int]) -> tuple[int, ...]:
    return tuple(values)


@attrs.frozen
class Assignment:
    """What a trial runs on. ``attrs.asdict`` and JSON there, :meth:`of` back.

    Attributes:
        gpus: Entries of its ``CUDA_VISIBLE_DEVICES``.
        cpus: The cores that it is pinned to; ``None`` leaves it where the system puts it.
        environment: What these add to the user's environment, or change in it.
    """

    gpus: tuple[str, ...] = attrs.field(converter=_texts)
    cpus: tuple[int, ...] | None = attrs.field(converter=attrs.converters.optional(_numbers))
    environment: Mapping[str, str]

    @classmethod
    def of(cls, values: Any) -> Assignment | None:
        """What was written as JSON; ``None`` if it is no assignment, since a script may have written there."""
        if not isinstance(values, dict) or values.keys() != {"gpus", "cpus", "environment"}:
            return None
        gpus, cpus, environment = values["gpus"], values["cpus"], values["environment"]
        is_one = (
            isinstance(gpus, list)
            and all(isinstance(gpu, str) for gpu in gpus)
            and (cpus is None or (isinstance(cpus, list) and all(type(core) is int for core in cpus)))
            and isinstance(environment, dict)
            and all(isinstance(value, str) for value in environment.values())
        )
        return cls(gpus, cpus, environment) if is_one else None


class Devices:
    """Hands the GPUs and cores of this machine to trials. The same calls give the same devices.

    Without ``share_gpus`` a GPU is held by one trial at a time, or by as many as fit on it where each gets a part.
    The one comes first that fewest hold, and among these the one that fewest trials of the experiment got so far, then
    the lower index.

    Where nvidia-smi lists no GPU, ``CUDA_VISIBLE_DEVICES`` is left as it is: it may be nvidia-smi that is missing.

    Args:
        options: Those of the backend.
        environment: The user's. ``os.environ`` is not: the core has set the thread variables there to 1, and a
            variable that is set here is left to the user.
        leases: The cores that other experiments hold.

    Attributes:
        gpus: Entries of ``CUDA_VISIBLE_DEVICES`` that can be assigned.

    Raises:
        InvalidOption: If an option asks for a GPU that is not there, or for more than there are.
    """

    def __init__(self, options: LocalOptions, environment: Mapping[str, str], leases: CoreLeases | None = None) -> None:
        self._cores = Cores(options.num_cpus_per_trial, leases or CoreLeases(None))
        per_trial, gpus_to_use = math.ceil(options.num_gpus_per_trial), options.gpus_to_use
        self._per_gpu = math.inf if options.share_gpus else options.trials_per_gpu
        self._thread_variables = [variable for variable in THREAD_VARIABLES if variable not in environment]
        self._held: dict[int, Assignment] = {}
        self._times_assigned: Counter[str] = Counter()
        self.gpus: tuple[str, ...] = ()
        self._n_gpus = 0
        self._hides_gpus = per_trial == 0
        if not options.rotate_gpus:
            self._hides_gpus = False
            return
        if per_trial == 0 and gpus_to_use is None:
            return  # nvidia-smi can take seconds
        listed = find_gpus(environment)
        visible = environment.get("CUDA_VISIBLE_DEVICES")
        there = _describe_gpus(listed, visible)
        self.gpus = visible_gpus(listed, visible)
        if gpus_to_use is not None:
            self.gpus = _chosen_gpus(self.gpus, gpus_to_use, there)
        self._n_gpus = per_trial if self.gpus or per_trial > 1 else 0
        self._hides_gpus = self._n_gpus == 0 and (per_trial == 0 or bool(listed))
        if self._n_gpus > (n := len(self.gpus)):
            if gpus_to_use is not None:
                there += f" backend.gpus_to_use={list(gpus_to_use)} leaves {n}."
            raise InvalidOption(
                "num_gpus_per_trial",
                per_trial,
                f"is more than a trial can get, which is {n}. {there} Type backend.num_gpus_per_trial={n}",
            )

    def split_cpus(self, n_workers: int) -> None:
        """Divide the cores among so many trials that run at once; before anything is assigned."""
        self._cores.split(n_workers)

    def assign(self, trial_id: int) -> Assignment | None:
        """Give a trial that holds nothing its devices, until it is released.

        Returns:
            The devices; ``None``, and nothing has changed, if too few are free now.
        """
        assert trial_id not in self._held, trial_id
        gpus = self._next_gpus()
        taken = None if gpus is None else self._cores.take(trial_id)
        if gpus is None or taken is None:
            return None
        cpus, n_threads = taken
        environment = dict.fromkeys(self._thread_variables, str(n_threads))
        if gpus:
            environment |= {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": ",".join(gpus)}
        elif self._hides_gpus:
            environment["CUDA_VISIBLE_DEVICES"] = NO_GPU
        assignment = Assignment(gpus, cpus, environment)
        self._hold(trial_id, assignment)
        return assignment

    def claim(self, trial_id: int, devices: Assignment) -> None:
        """Let a trial hold what it has, even if another holds it too.

        For trials that another process started, before anything is assigned. Options may have changed meanwhile:
        what is not among the devices any more is no error.
        Claimed and released at once, a trial that has ended counts for which GPU comes next.
        """
        assert trial_id not in self._held, trial_id
        self._cores.claim(trial_id, devices.cpus)
        self._hold(trial_id, devices)

    def release(self, trial_id: int) -> None:
        """Free what a trial holds, if it holds something."""
        self._held.pop(trial_id, None)
        self._cores.release(trial_id)

    def close(self) -> None:
        """Nothing is held any more."""
        self._cores.close()

    def describe(self, trial_id: int) -> str:
        """What a trial holds, for people; empty if nothing. From any thread."""
        held = self._held.get(trial_id)
        if held is None:
            return ""
        if held.gpus:
            return f"GPU {', '.join(held.gpus)}"
        return "" if held.cpus is None else f"CPU {', '.join(str(core) for core in held.cpus)}"

    def _hold(self, trial_id: int, devices: Assignment) -> None:
        self._held[trial_id] = devices
        self._times_assigned.update(devices.gpus)

    def _next_gpus(self) -> tuple[str, ...] | None:
        holders = Counter(gpu for assignment in self._held.values() for gpu in assignment.gpus)
        candidates = [gpu for gpu in self.gpus if holders[gpu] < self._per_gpu]
        if len(candidates) < self._n_gpus:
            return None
        # Sorting is stable, so ties fall to the lower index.
        candidates.sort(key=lambda gpu: (holders[gpu], self._times_assigned[gpu]))
        return tuple(sorted(candidates[: self._n_gpus], key=self.gpus.index))


def _describe_gpus(listed: Sequence[Gpu], visible: str | None) -> str:
    """What GPUs there are, in sentences."""
    if not listed:
        return "nvidia-smi lists no GPU here: see what `nvidia-smi -L` says."
    sentence = f"nvidia-smi lists GPU {', '.join(str(gpu.index) for gpu in listed)}."
    if visible is None:
        return sentence
    left = ", ".join(visible_gpus(listed, visible)) or "none"
    return f"{sentence} CUDA_VISIBLE_DEVICES={visible} leaves {left}."


def _chosen_gpus(gpus: tuple[str, ...], gpus_to_use: Sequence[int], there: str) -> tuple[str, ...]:
    """The GPUs that the user chose.

    Raises:
        InvalidOption: If one is not there.
    """
    wanted = [str(index) for index in gpus_to_use]
    possible = [gpu for gpu in gpus if gpu in wanted]
    missing = [gpu for gpu in wanted if gpu not in gpus]
    if missing:
        possible = possible or [gpu for gpu in gpus if not gpu.startswith("MIG-")]
        advice = f"Type backend.gpus_to_use=[{','.join(possible)}], or leave" if possible else "Leave"
        raise InvalidOption(
            "gpus_to_use",
            list(gpus_to_use),
            f"names GPU {', '.join(missing)}, which cannot be used. {there} {advice} the option out",
        )
    return tuple(possible)
