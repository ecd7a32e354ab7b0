"""Which distribution offers what, for names that are asked for and not installed.

Only distributions of tunekit are known: a hint of the form "pip install …" names no other. The index is written from
what they register, by ``nox -s docs``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

INDEX = Path(__file__).with_name("known.json")


def where_to_find(group: str, name: str, *, installed: Collection[str] = ()) -> str:
    """Where a component or an options file is that is not installed, as a sentence to append; or nothing.

    Args:
        group: Kind of component, or group of options files such as ``"method"``.
        name: Its name.
        installed: Distributions that are there.
    """
    home = _index().get(group, {}).get(name)
    return "" if home is None or home in installed else f" '{name}' is in {home}: pip install {home}."


def distributions_with(group: str) -> list[str]:
    """The known distributions that offer something of that group, sorted."""
    return sorted(set(_index().get(group, {}).values()))


def is_known(distribution: str) -> bool:
    """Whether a distribution is in the index."""
    return any(distribution in homes.values() for homes in _index().values())


@cache
def _index() -> Mapping[str, Mapping[str, str]]:
    index: Mapping[str, Mapping[str, str]] = json.loads(INDEX.read_text(encoding="utf-8"))
    return index
