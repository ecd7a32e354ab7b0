"""Coordinate search, for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import Searcher

API = 2


@hookimpl
def tunekit_register_searchers() -> list[type[Searcher]]:
    """Coordinate search."""
    from tunekit_coordinate_search.coordinate_search import CoordinateSearch

    return [CoordinateSearch]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Its options."""
    return ["tunekit_coordinate_search.conf"]
