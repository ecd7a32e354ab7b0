"""What the page asks of the experiment that it shows: the very requests that ``steer`` makes."""

from __future__ import annotations

from typing import Any

from tunekit.runs.asking import Answer, ask
from tunekit.watch.experiment import WatchedExperiment
from tunekit_core.engine.steering import Kind
from tunekit_core.errors import TunekitError
from tunekit_core.records.finding import list_experiment

KINDS = frozenset(kind.value for kind in Kind)


def ask_watched(watched: WatchedExperiment, asked: Any) -> dict[str, Any]:
    """Ask something of an experiment.

    Args:
        watched: The experiment.
        asked: What the page sent, in values of JSON: ``kind``, and ``values`` as they are typed after ``steer``.

    Returns:
        Values of JSON: ``is_done``, and for people ``text``.
    """
    answer = _answer(watched, asked)
    return {"is_done": answer.is_done, "text": answer.text}


def _answer(watched: WatchedExperiment, asked: Any) -> Answer:
    if not isinstance(asked, dict) or asked.keys() != {"kind", "values"}:
        return Answer(is_done=False, text="This is no request: it has a kind and values.")
    kind, values = asked["kind"], asked["values"]
    if not isinstance(kind, str) or kind not in KINDS:
        return Answer(is_done=False, text=f"There is no such request. There are: {', '.join(sorted(KINDS))}.")
    if not isinstance(values, list) or not all(isinstance(each, str) and "=" in each for each in values):
        return Answer(is_done=False, text="The values of a request are a list of texts such as NAME=VALUE.")
    try:
        return ask(list_experiment(watched.folder), Kind(kind), values)
    except TunekitError as error:
        return Answer(is_done=False, text=str(error))
