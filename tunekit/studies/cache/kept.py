"""The comparison that a command asks for: one that is kept, or made and then kept. Both have the same values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tunekit.results.counts import counted
from tunekit.results.selection import Selection
from tunekit.studies.cache.folder import keep, read_kept
from tunekit.studies.cache.inputs import digest_of_inputs
from tunekit.studies.cache.stored import DamagedError, as_bytes, from_bytes
from tunekit.studies.collection import Study
from tunekit.studies.comparison import Comparison
from tunekit_core.engine.summary import BEST_SO_FAR

Made = tuple[Study, Comparison]


def kept_or_made(
    folders: Sequence[str], selection: Selection, options: Mapping[str, str], make: Callable[[], Made]
) -> tuple[Comparison, str]:
    """A comparison, and how many experiments there are, as a sentence.

    Args:
        folders: Where they are, as typed.
        selection: Filters that they pass.
        options: By name what was typed of the comparison.
        make: Makes it.

    Returns:
        A kept comparison has no runs.
    """
    digest = None if _depends_on_now(selection) else digest_of_inputs(folders, selection.words, options)
    content = None if digest is None else read_kept(digest)
    if digest is not None and content is not None:
        try:
            return from_bytes(content, digest)
        except DamagedError:  # it is made, and replaced
            pass
    study, comparison = make()
    sentence = counted(study.experiments)
    if digest is not None and comparison.benchmarks and _follows_from_metadata(study):
        content = as_bytes(comparison, sentence, digest)
        if _says_the_same(content, digest, comparison):
            keep(digest, content)
    return comparison, sentence


def _says_the_same(content: bytes, digest: str, comparison: Comparison) -> bool:
    """Whether all that was compared comes back: not so of what bytes have no form for."""
    try:
        again, _ = from_bytes(content, digest)
    except DamagedError:
        return False
    pairs, pairs_again = ([list(each.pairs) for each in found.benchmarks] for found in (comparison, again))
    return pairs == pairs_again and again.sentences() == comparison.sentences()


def _depends_on_now(selection: Selection) -> bool:
    return selection.older is not None or selection.newer is not None


def _follows_from_metadata(study: Study) -> bool:
    """Whether metadata alone tell all.

    Not so where an experiment still runs, or tells its best value elsewhere, or comparisons were fixed beforehand.
    """
    return not (study.unreadable or study.fixed) and all(
        "ended" in each.metadata and (BEST_SO_FAR in each.metadata or each.best is None) for each in study.experiments
    )
