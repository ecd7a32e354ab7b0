"""Which competitors there are, and what each needs; their libraries are imported when one is built."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import attrs

from tunekit_core import Problem, Scheduler, Streams, create


@attrs.frozen
class Peer:
    """Where a competitor is.

    Attributes:
        module: The module of this room whose class bears its name: a searcher, whose trials all run to their end, or a
            scheduler. It is built from problem and streams.
        libraries: What the module needs to be importable.
        requirements: The file beside the README that lists these libraries.
    """

    module: str
    libraries: tuple[str, ...]
    requirements: str


PEERS: Mapping[str, Peer] = {
    "OptunaGP": Peer("optuna", ("optuna", "torch"), "requirements.txt"),
    "OptunaTPE": Peer("optuna", ("optuna",), "requirements.txt"),
    "OptunaSH": Peer("optuna", ("optuna",), "requirements.txt"),
    "StockBoTorch": Peer("botorch", ("botorch",), "requirements.txt"),
    "SMAC": Peer("smac", ("smac",), "requirements-smac.txt"),
    "SMACMF": Peer("smac", ("smac",), "requirements-smac.txt"),
}


def build_peer(name: str, problem: Problem, streams: Streams) -> Scheduler:
    """The scheduler of a competitor with its searcher.

    Raises:
        ValueError: If its libraries are not installed.
        KeyError: If there is no such competitor.
    """
    peer = PEERS[name]
    try:
        for library in peer.libraries:
            importlib.import_module(library)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{name} needs {error.name}, which is not installed here. Type, in an environment for it: "
            f"pip install -r benchmarks/performance/{peer.requirements}, or leave {name} out with --methods."
        ) from error
    component = getattr(importlib.import_module(f"runs.peers.{peer.module}"), name)(problem, streams)
    if isinstance(component, Scheduler):
        return component
    return create("scheduler", "fifo", problem, streams, component)
