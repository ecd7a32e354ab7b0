"""Hooks through which plugins offer components and configuration to tunekit.

Hooks register; they neither decide nor watch, so an installed plugin changes nothing until a config names one of
its components. All are called in the main thread of the process that needs what they return. What is printed in them,
or while a plugin is imported or a component is built, goes to standard error: standard output is for results. The
working directory is afterwards what it was before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from tunekit_core.contracts.backends import Backend
    from tunekit_core.contracts.benchmarks import Benchmark
    from tunekit_core.contracts.composers import ResultComposer
    from tunekit_core.contracts.launchers import Launcher
    from tunekit_core.contracts.observers import Observer
    from tunekit_core.contracts.schedulers import Scheduler
    from tunekit_core.contracts.searchers import Searcher
    from tunekit_core.contracts.stopping import StoppingCriterion
    from tunekit_core.plugins.commands import Command

API = 2  # what a plugin module states that it was written for; it grows when plugins have to be changed
PROJECT = "tunekit"  # also the entry-point group
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)  # for plugins to import; a marker of another name is ignored


@hookspec
def tunekit_register_searchers() -> list[type[Searcher]]:
    """Offer searcher classes, each with its own ``name``.

    Called once per process, when the first component is looked up. The lists of all plugins are joined. Another
    distribution may offer the same name: then the bare name is refused where it is used, and ``distribution/name`` says
    which is meant. A name has letters, digits, ``_`` and ``-`` alone, and a distribution offers it once. An exception,
    ``SystemExit`` too, drops this plugin and is reported; the others go on.
    """
    raise NotImplementedError  # a hookspec is never run


@hookspec
def tunekit_register_schedulers() -> list[type[Scheduler]]:
    """Offer scheduler classes, each with its own ``name``. Called and joined as for searchers."""
    raise NotImplementedError  # a hookspec is never run


@hookspec
def tunekit_register_backends() -> list[type[Backend]]:
    """Offer backend classes, each with its own ``name``. Called and joined as for searchers."""
    raise NotImplementedError  # a hookspec is never run


@hookspec
def tunekit_register_benchmarks() -> list[type[Benchmark]]:
    """Offer benchmark classes, each with its own ``name``. Called and joined as for searchers."""
    raise NotImplementedError  # a hookspec is never run


@hookspec
def tunekit_register_composers() -> list[type[ResultComposer]]:
    """Offer classes that add columns to results, each with its own ``name``. Called and joined as for searchers."""
    raise NotImplementedError  # a hookspec is never run


@hookspec
def tunekit_register_stopping_criteria() -> list[type[StoppingCriterion]]:
    """Offer criteria that end an experiment, each with its own ``name``. Called and joined as for searchers."""
    raise NotImplementedError  # a hookspec is never run


@hookspec
def tunekit_register_observers() -> list[type[Observer]]:
    """Offer classes that watch an experiment, each with its own ``name``. Called and joined as for searchers."""
    raise NotImplementedError  # a hookspec is never run


@hookspec
def tunekit_register_launchers() -> list[type[Launcher]]:
    """Offer classes that run sweeps elsewhere, each with its own ``name``. Called and joined as for searchers."""
    raise NotImplementedError  # a hookspec is never run


@hookspec
def tunekit_register_commands() -> list[Command]:
    """Offer commands that stand beside runs, as ``python -m tunekit NAME …``.

    Called when the first word on the command line may be one of them, and for the help page. The lists of all plugins
    are joined. Where another distribution offers the same name, ``distribution/name`` says which is meant; the commands
    of tunekit itself come first. An exception drops this plugin and is reported; the others go on.
    """
    raise NotImplementedError  # a hookspec is never run


@hookspec
def tunekit_config_packages() -> list[str]:
    """Name importable packages that hold Hydra configuration, such as ``"tunekit_asha.conf"``.

    Called once per process, before the configuration is composed; the packages need an ``__init__.py``. A file
    belongs to the distribution: it may set options of any component under a name of its own, and never stands in for a
    file or component of another distribution with the same name. Names in it mean those of its own distribution first.
    Files at the top and in the group ``hydra`` are not read. An exception drops this plugin and is reported.
    """
    raise NotImplementedError  # a hookspec is never run
