"""What a user should know before anything else: plugins that do not work, a package of the same name."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution

from tunekit.console import warn_once
from tunekit_core.plugins.names import BUILT_IN
from tunekit_core.plugins.registry import registry

NAMESAKE = "tunekit"  # on the public index, somebody else's


def print_startup_notes() -> None:
    """Report plugins that cannot be imported, and the other distribution that owns our import name."""
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


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
