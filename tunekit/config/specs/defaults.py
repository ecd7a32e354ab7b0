"""What a run takes that names no benchmark or no backend."""

from __future__ import annotations

from collections.abc import Sequence

from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.errors import ConfigurationError
from tunekit_core.plugins.component import Component
from tunekit_core.plugins.known import distributions_with, is_known
from tunekit_core.plugins.names import BUILT_IN
from tunekit_core.plugins.registry import registry


def default_benchmark() -> str:
    """What is typed for the installed benchmark that is to be tuned unless another is named, or the only one.

    Of several for a first try those of tunekit come first: a plugin that is installed changes nothing by itself.

    Raises:
        ConfigurationError: If none is installed, or one of several has to be named.
    """
    installed = [registry().find("benchmark", name) for name in registry().names("benchmark")]
    if not installed:
        raise ConfigurationError(what_to_install(_missing()), option="benchmark")
    chosen = [component for component in installed if component.factory.is_default]
    if len(chosen) > 1:
        chosen = [component for component in chosen if is_known(component.distribution)]
    if len(chosen) == 1 or len(installed) == 1:
        return _typed((chosen or installed)[0])
    raise ConfigurationError(
        f"No benchmark is named, so there is nothing to tune. Type one of: {_choices('benchmark', installed)}.",
        option="benchmark",
    )


def default_backend(name: str, benchmark: type[Benchmark]) -> str:
    """What is typed for the installed backend that runs a benchmark, or of several that which the benchmark prefers.

    Where it prefers none, ours comes first: a plugin that is installed changes nothing by itself. One that is paid for
    is always named.

    Args:
        name: Name of the benchmark.
        benchmark: Its class.

    Raises:
        ConfigurationError: If none can run it, or one of several has to be named.
    """
    installed = [registry().find("backend", backend) for backend in registry().names("backend")]
    if not installed:
        raise ConfigurationError(what_to_install(_missing()), option="backend")
    able = [component for component in installed if issubclass(benchmark, component.factory.runs)]
    preferred = _preferred_backends(benchmark)
    by_itself = [component for component in able if component.factory.is_default]
    chosen = [component for component in by_itself if len(by_itself) == 1 or component in preferred]
    if not chosen:
        chosen = [component for component in by_itself if is_known(component.distribution)]
    if len(chosen) == 1:
        return _typed(chosen[0])
    if able:
        raise ConfigurationError(
            f"{'Several backends' if by_itself else 'A backend that is always named'} can run the benchmark '{name}'. "
            f"Type one of: {_choices('backend', able)}.",
            option="backend",
        )
    raise ConfigurationError(
        f"No installed backend can run the benchmark '{name}'. Installed: "
        f"{', '.join(component.name for component in installed)}. More backends: pip install "
        f"{' '.join(home for home in distributions_with('backend') if home not in registry().versions)}",
        option="backend",
    )


def _preferred_backends(benchmark: type[Benchmark]) -> list[Component]:
    """What the name means that the class of the benchmark says."""
    name = benchmark.preferred_backend
    if name is None:
        return []
    origin = registry().origin_of(benchmark)
    home = BUILT_IN if origin is None else origin.distribution
    return registry().offering("backend", registry().meant_within("backend", name, home))


def _missing() -> list[str]:
    return [kind for kind in ("benchmark", "backend") if not registry().names(kind)]


def _choices(key: str, components: list[Component]) -> str:
    return ", ".join(f"{key}={_typed(component)}" for component in components)


def _typed(component: Component) -> str:
    return registry().clearest(component.kind, component.qualified)


def what_to_install(missing: Sequence[str]) -> str:
    """One sentence for an installation that lacks every component of these kinds."""
    distributions = [distribution for kind in missing for distribution in distributions_with(kind)]
    return f"No {' and no '.join(missing)} is installed, so nothing can be run: pip install {' '.join(distributions)}"
