"""What a user should know before anything else: plugins that do not work, a package of the same name."""

from __future__ import annotations

import warnings
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from tunekit.console import harmless, warn_once
from tunekit.secrets import redacted
from tunekit_core.errors import Notice
from tunekit_core.plugins.names import BUILT_IN
from tunekit_core.plugins.registry import registry

_as_python_does = warnings.formatwarning
NAMESAKE = "tunekit"  # on the public index, somebody else's


def print_startup_notes() -> None:
    """Report plugins that cannot be imported, and the other distribution that owns our import name.

    From now on what components have a user know is shown as a line.
    """
    warnings.formatwarning = _formatted
    report_broken_plugins()
    if _is_installed(NAMESAKE):
        warn_once(
            f"the distribution '{NAMESAKE}' is installed. It is another project with the same import name; ours is "
            f"{BUILT_IN}. Type: pip uninstall {NAMESAKE} && pip install --force-reinstall --no-deps {BUILT_IN}"
        )


def report_broken_plugins() -> None:
    """Report, once each, the plugins that are known by now not to work: some break where a component is looked up."""
    for plugin in registry().broken:
        warn_once(
            f"the plugin {plugin.distribution} {plugin.version} is left out, since it cannot be used: {plugin.reason} "
            f"(to be rid of it: pip uninstall {plugin.distribution})"
        )


def _formatted(message: Warning | str, category: type[Warning], *where: Any, **options: Any) -> str:
    """A notice as a line, and other warnings as Python shows them."""
    if issubclass(category, Notice):
        return f"{harmless(redacted(str(message)))}\n"
    return _as_python_does(message, category, *where, **options)


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
