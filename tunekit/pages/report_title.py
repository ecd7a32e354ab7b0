"""What a report is called: after the tag or the folders of its experiments, and its setups."""

from __future__ import annotations

from collections.abc import Sequence

from tunekit.config.schema import UNTAGGED
from tunekit.studies.collection import Study

MOST = 4  # folders or setups that are named
MOST_LETTERS = 40  # of a name


def title_of(study: Study, setups: Sequence[str]) -> str:
    """The name of the page.

    Args:
        study: The experiments.
        setups: Labels of those that are compared.

    >>> title_of(Study((), {}, {}), ["RS", "ASHA"])
    'Report: RS and ASHA'
    """
    tags = [run.metadata.get("experiment_tag") for run in study.experiments]
    if tags and all(isinstance(tag, str) and tag != UNTAGGED for tag in tags):
        names = sorted({*map(str, tags)})
    else:
        names = sorted({str(run.path.parent.parent) for run in study.experiments} - {"."})
    about = f" of {_listed(names)}" if names else ""
    return f"Report{about}: {_listed(setups)}" if setups else f"Report{about}"


def _listed(names: Sequence[str]) -> str:
    shown = [name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…" for name in names[:MOST]]
    if len(names) > MOST:
        shown.append(f"{len(names) - MOST:,} more")
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))
