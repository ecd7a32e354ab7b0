"""Coordinate search, for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from tunekit_core.contracts.searchers import Searcher


@hookimpl
def tunekit_register_searchers() -> list[type[Searcher]]:
    """Coordinate search."""
    from tunekit_coordinate_search.coordinate_search import CoordinateSearch

    return [CoordinateSearch]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Its options."""
    return ["tunekit_coordinate_search.conf"]
