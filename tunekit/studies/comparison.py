"""A study, from its experiments to what follows from them: ``compare``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from tunekit.studies.benchmark_runs import BenchmarkRuns, group
from tunekit.studies.checks import left_out, warnings_of
from tunekit.studies.collection import Study
from tunekit.studies.grouping import Grouping
from tunekit.studies.looking import fixed_on, warnings_of_fixed
from tunekit.studies.pairs import ERROR, PanelPairs, compare_pairs
from tunekit.studies.panels import Panel, panel_of
from tunekit.studies.ranked import rank
from tunekit.studies.regret import normalised_regrets, optimum_of
from tunekit.studies.sentences import sentences_of
from tunekit.studies.statistics.ranks import CriticalDifference
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError, shown, suggestion


@attrs.frozen(eq=False)
class Comparison:
    """What follows from the experiments of a study.

    Attributes:
        benchmarks: For each benchmark and metric its curves, and the pairs of setups with their tests.
        ranks: By setup its average rank over the benchmarks that all setups have been run on, 1 is best; empty where
            there are not two of each.
        critical_difference: Which ranks are told apart; ``None`` below ten such benchmarks.
        n_ranked: How many benchmarks the ranks are over.
        regrets: By setup the mean regret at the end over benchmarks with a known optimum: 0 is the optimum, 1 where the
            setup ``against`` ends, or else the worst of each benchmark.
        n_with_regrets: How many benchmarks these are over.
        warnings: What is missing, and what would make a verdict false.
        against: The setup that the others are compared with; ``None`` where all pairs are.
        error: Chance, for each benchmark, that one or more setups are called better that are not.
        runs: For each benchmark the experiments that its curves are of.
    """

    benchmarks: Sequence[PanelPairs]
    ranks: Mapping[str, float]
    critical_difference: CriticalDifference | None
    n_ranked: int
    regrets: Mapping[str, float]
    n_with_regrets: int
    warnings: Sequence[str]
    against: str | None
    error: float
    runs: Sequence[BenchmarkRuns]

    @property
    def panels(self) -> list[Panel]:
        """The curves of each benchmark."""
        return [each.panel for each in self.benchmarks]

    def sentences(self) -> list[str]:
        """A plain sentence for each pair, with the benchmark before it."""
        return [f"{each.panel.problem}: {text}." for each in self.benchmarks for text in sentences_of(each, each.pairs)]


def compare(
    study: Study,
    *,
    against: str | None = None,
    setups: Sequence[str] = (),
    benchmarks: Sequence[str] = (),
    error: float = ERROR,
) -> Comparison:
    """Compare setups over seeds on each benchmark, and over benchmarks.

    Args:
        study: What :func:`load_experiments` collected. What is not complete is left out, and told.
        against: The setup that the others are compared with. Fewer pairs need fewer seeds for the same error.
        setups: Keys of ``metadata.json`` that tell setups from each other, such as ``["method", "n_workers"]``. Unless
            given: the method, and the options that differ between runs of it on one benchmark.
        benchmarks: Keys that tell benchmarks from each other; unless given ``["benchmark", "dataset"]``.
        error: Chance, for each benchmark, that one or more setups are called better that are not; by Holm's rule.

    Raises:
        ConfigurationError: If an argument is none that it may be, no experiment has one of the keys, or there is no
            setup ``against``.

    Example:
        >>> from tunekit import compare, load_experiments
        >>> comparison = compare(load_experiments("results"), against="ASHA")  # doctest: +SKIP
        >>> for sentence in comparison.sentences():  # doctest: +SKIP
        ...     print(sentence)
    """
    if not isinstance(study, Study):
        raise ConfigurationError(
            f"compare({shown(study)}) needs experiments: compare({_loading(study)})", option="study"
        )
    _check_arguments(against, setups, benchmarks, error)
    grouped = runs_of(study, setups=setups, benchmarks=benchmarks)
    names = sorted({setup for runs in grouped for setup in runs.setups})
    if against is not None and against not in names:
        raise ConfigurationError(
            f"against={against}: there is no such setup. {suggestion(against, names)}Setups: {', '.join(names)}.",
            option="against",
            value=against,
        )
    compared = [
        compare_pairs(panel_of(runs), against=against, error=error, fixed=fixed_on(runs, study.fixed))
        for runs in grouped
    ]
    panels = [each.panel for each in compared]
    ranks, critical, n_ranked = rank(panels, names, error)
    regrets, n_with_regrets = normalised_regrets(panels, [*map(optimum_of, grouped)], names, against)
    told = [*left_out(study), *warnings_of(grouped, study.asked_for), *warnings_of_fixed(compared, grouped, study)]
    return Comparison(compared, ranks, critical, n_ranked, regrets, n_with_regrets, told, against, error, grouped)


def check_is_comparison(comparison: object, call: str) -> None:
    """See that what is given in place of a comparison is one.

    Args:
        comparison: What was given.
        call: Name of the function that it was given to.

    Raises:
        ConfigurationError: If it is none, with what to type.
    """
    if not isinstance(comparison, Comparison):
        study = "study" if isinstance(comparison, Study) else _loading(comparison)
        raise ConfigurationError(
            f"{call}({_named(comparison)}) needs a comparison: {call}(compare({study}))", option="comparison"
        )


def _named(given: object) -> str:
    return "study" if isinstance(given, Study) else shown(given)


def _loading(given: object) -> str:
    """What to type for the experiments that somebody meant."""
    return f"load_experiments({shown(str(given)) if isinstance(given, str | Path) else repr('results')})"


def runs_of(study: Study, *, setups: Sequence[str] = (), benchmarks: Sequence[str] = ()) -> list[BenchmarkRuns]:
    """The complete runs on each benchmark, grouped as :func:`compare` groups them.

    Args:
        study: The experiments.
        setups: As those of :func:`compare`.
        benchmarks: Likewise.

    Raises:
        ConfigurationError: If no experiment has one of the keys.
    """
    complete = [each for each in study.experiments if each.status is ExperimentStatus.COMPLETED]
    return group(complete, Grouping(tuple(setups), tuple(benchmarks)))


def _check_arguments(against: str | None, setups: Sequence[str], benchmarks: Sequence[str], error: float) -> None:
    for option, keys in (("setups", setups), ("benchmarks", benchmarks)):
        if isinstance(keys, str) or not isinstance(keys, Sequence) or not all(isinstance(key, str) for key in keys):
            raise ConfigurationError(f"{option}={keys!r} must be a list of keys, such as ['method']", option=option)
    if not isinstance(error, float) or not 0 < error < 1:
        raise ConfigurationError(f"error={error!r} must be a number between 0 and 1, such as 0.05", option="error")
    if not isinstance(against, str | None):
        raise ConfigurationError(f"against={against!r} must be the name of a setup", option="against")
