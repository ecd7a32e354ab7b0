"""How trials spread over brackets: bracket s begins at the s-th lowest level."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Mapping, Sequence

from tunekit_core import InvalidOption, Note, PluginError, Searcher, Streams, Trial, WeighsBrackets

BRACKET = "bracket"  # key in the note of a start


class Brackets:
    """Chooses the bracket of each new trial, which is kept in the note of its start.

    The choice depends on the seed and the trial's id alone, unless the searcher weighs brackets. With one bracket
    nothing is drawn and nothing is noted.

    Args:
        levels: The rung levels, lowest first, with ``max_resource`` as the last.
        n: Number of brackets.
        streams: Random numbers.
        searcher: Is asked for weights, if it has any.

    Attributes:
        n: Number of brackets.

    Raises:
        InvalidOption: If there are more brackets than levels.
    """

    def __init__(self, levels: Sequence[int], n: int, streams: Streams, searcher: Searcher) -> None:
        self.n = n
        self._probabilities = bracket_probabilities(levels, n)
        self._first_levels = tuple(levels[:n])
        self._streams = streams
        self._searcher = searcher
        self._weigher = searcher if isinstance(searcher, WeighsBrackets) else None

    def choose(self, trial_id: int) -> int:
        """The bracket of a trial that would be started next."""
        if self.n == 1:
            return 0
        bounds = list(itertools.accumulate(self._current_probabilities()))[:-1]
        return bisect.bisect_right(bounds, self._streams.uniforms("brackets", trial_id, 1, 1)[0, 0])

    def of(self, trial: Trial) -> int:
        """The bracket of a trial that was started: that with all rungs, where nobody noted one."""
        bracket: int = trial.note.get(BRACKET, 0) if self.n > 1 else 0  # a trial that somebody asked for has none
        return bracket

    def with_bracket(self, note: Note, bracket: int) -> Note:
        """The note of a searcher, and beside it the bracket of the trial."""
        if self.n == 1:
            return note
        if BRACKET in note:
            raise PluginError(
                f"The searcher '{self._searcher.name}' notes '{BRACKET}', where the scheduler notes the bracket of the "
                "trial. The searcher must use another key; until then, use scheduler.brackets=1."
            )
        return {BRACKET: bracket, **note}

    def _current_probabilities(self) -> Sequence[float]:
        if self._weigher is None:
            return self._probabilities
        weights = self._weigher.bracket_weights(self._first_levels)
        return reweighted(self._first_levels, self._probabilities, weights)


def bracket_probabilities(levels: Sequence[int], brackets: int) -> tuple[float, ...]:
    """How probable it is that a new trial belongs to each bracket.

    Bracket s skips the s lowest rungs. Its probability is proportional to n / ((n - s) r_s) for n levels, so
    that brackets get similar resources in all.

    Args:
        levels: The rung levels, lowest first, with ``max_resource`` as the last.
        brackets: Number of brackets, at least 1.

    Raises:
        InvalidOption: If there are more brackets than levels.

    References:
        Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, JMLR 2018.
    """
    n = len(levels)
    if brackets > n:
        raise InvalidOption(
            "brackets",
            brackets,
            f"must be at most {n}: each bracket begins one level higher, and the levels are "
            f"{', '.join(map(str, levels))}",
        )
    weights = [n / ((n - s) * levels[s]) for s in range(brackets)]
    return tuple(weight / sum(weights) for weight in weights)


def reweighted(levels: Sequence[int], probabilities: Sequence[float], weights: Mapping[int, float]) -> list[float]:
    """Probabilities of brackets after some of them have shared theirs anew.

    Args:
        levels: The level at which each bracket begins.
        probabilities: The probability of each bracket.
        weights: How the brackets that begin at these levels share what they have in all. Other levels are ignored,
            and nothing changes if none has a positive weight.
    """
    weighed = [weights.get(level, 0.0) for level in levels]
    total = sum(weighed)
    if total <= 0:
        return list(probabilities)
    at_stake = sum(share for level, share in zip(levels, probabilities, strict=True) if level in weights)
    return [
        at_stake * (weight / total) if level in weights else share
        for level, share, weight in zip(levels, probabilities, weighed, strict=True)
    ]
