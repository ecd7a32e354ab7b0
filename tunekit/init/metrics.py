"""Finds what a script reports or prints: what can be optimised, and what counts the progress."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

import attrs

from tunekit.init.loops import Loops, Often
from tunekit.init.modules import Module, dotted_name
from tunekit.init.names import BEST, COUNTERS, HELD_OUT, LARGE, OF_TRAINING, SMALL, words_of
from tunekit.init.printed import Line, Part, Value, printed_lines

NUMBER = "([-+0-9.eE]*[0-9]|[-+]?(?i:nan|inf))"
WHOLE = "([0-9]+)"
MOST_PATTERNS = 6
SPREADS = ("std", "var")
ERRORS = frozenset({"err", "error"})
EPOCH_WORDS = frozenset({"epoch", "epochs", "ep"})
TEST, VALIDATION = frozenset({"test"}), frozenset({"val", "valid", "validation", "dev"})
UNCOUNTED: tuple[Often, ...] = ("once", "again")
"""How often a metric comes that has no resource: none counts on from 1."""
FREQUENCY: Mapping[Often, int] = {"each epoch": 2, "some epochs": 1, "again": -1}
ESCAPED = re.compile(r"\\([ =:#%@&,;<>/\"'-])")  # signs that mean themselves in a regular expression


@attrs.frozen(kw_only=True)
class Metrics:
    """What was found.

    Attributes:
        metric: What is optimised; ``None`` if nothing was found.
        mode: Whether it is to be small or large.
        is_mode_known: Whether its name says so.
        resource: What counts the progress; ``None`` to count reports.
        patterns: By metric a regular expression, if it is printed.
        where: A sentence on where it comes from.
        often: How often it comes.
        notes: What there is to know besides, as sentences.
    """

    metric: str | None = None
    mode: str = "min"
    is_mode_known: bool = True
    resource: str | None = None
    patterns: Mapping[str, str] = attrs.field(factory=dict)
    where: str = ""
    often: Often = "once"
    notes: tuple[str, ...] = ()


def find_metrics(modules: Sequence[Module], *, prints_log: bool) -> Metrics:
    """What a program reports through a reporter, or else what it prints.

    Args:
        modules: Its files.
        prints_log: Whether what it logs is on standard output.
    """
    loops = Loops(modules)
    return _reported(modules, loops) or _printed(modules, loops, prints_log) or Metrics(notes=tuple(_hints(modules)))


def _reported(modules: Sequence[Module], loops: Loops) -> Metrics | None:
    best: tuple[tuple[int, ...], Metrics] | None = None
    for module, call in _reports(modules):
        given: dict[str, ast.expr] = {word.arg: word.value for word in call.keywords if word.arg}
        for argument in call.args:
            if isinstance(argument, ast.Dict):
                pairs = zip(argument.keys, argument.values, strict=True)
                given |= {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}
        counters = [name for name in given if set(words_of(name)) & COUNTERS]
        loops.are_called_epochs(given[name] for name in counters if set(words_of(name)) & EPOCH_WORDS)
        names = [name for name in given if name not in counters and not name.startswith("st_")]
        where = f"the Reporter in {module.path.name}, line {call.lineno}"
        notes = []
        resource = next((name for name in counters if not loops.begins_at_zero(given[name])), None)
        often = loops.how_often(call)
        if resource is None and counters:
            notes.append(f"{counters[0]} is 0 the first time, and resources are from 1 on, so reports are counted.")
        resource = resource if often not in UNCOUNTED else None
        for name in names:
            found = _metric(name, words_of(name), often)
            metrics = attrs.evolve(found[1], resource=resource, where=where, often=often, notes=tuple(notes))
            if best is None or found[0] > best[0]:
                best = found[0], metrics
    return None if best is None else best[1]


def _reports(modules: Sequence[Module]) -> Iterator[tuple[Module, ast.Call]]:
    """Calls of a reporter."""
    for module in modules:
        names = {
            ast.unparse(target)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _is_reporter(node.value, module)
            for target in node.targets
        }
        for call in module.calls:
            inline = isinstance(call.func, ast.Call) and _is_reporter(call.func, module)
            if inline or (isinstance(call.func, ast.Name | ast.Attribute) and ast.unparse(call.func) in names):
                yield module, call


def _is_reporter(call: ast.Call, module: Module) -> bool:
    return dotted_name(module, call.func).rpartition(".")[2] == "Reporter"


def _metric(name: str, words: Sequence[str], often: Often) -> tuple[tuple[int, ...], Metrics]:
    """How well a value fits as what is optimised, and what it would be."""
    said = set(words)
    large = bool(LARGE & said) and not SMALL & said
    known = large or bool(SMALL & said)
    held_out = 0 if OF_TRAINING & said else 2 if HELD_OUT & said else 1
    rank = (
        *(int(known), held_out, int(not BEST & said)),
        *(FREQUENCY.get(often, 0), int(not TEST & said), int(not large)),
    )
    return rank, Metrics(metric=name, mode="max" if large else "min", is_mode_known=known)


@attrs.frozen(kw_only=True, eq=False)
class _Found:
    """A value in a line."""

    line: Line
    value: Value
    name: str
    words: tuple[str, ...]


def _printed(modules: Sequence[Module], loops: Loops, prints_log: bool) -> Metrics | None:
    lines = list(printed_lines(modules))
    stdout = [line for line in lines if prints_log or not line.is_logged or _logs_to_stdout(line.module)]
    found = [each for line in stdout for each in _values(line) if not _is_message(each)]
    loops.are_called_epochs(each.value.node for each in found if set(words_of(each.name)) & EPOCH_WORDS)
    ranked = [(_metric(each.name, each.words, loops.how_often(each.line.call)), each) for each in found]
    # Of equals the last line, since what is printed at the end of an epoch stands below the rest, and its first value.
    places = {id(line): number for number, line in enumerate(stdout)}
    ranked.sort(key=lambda pair: (pair[0][0], places[id(pair[1].line)]), reverse=True)
    for (rank, metrics), each in ranked:
        pattern = _pattern(each, stdout, NUMBER) if rank[0] else None
        if pattern is None:
            continue
        whole = _with_others(metrics, each, pattern, found, stdout, loops)
        note = f"{each.name} is one of training, and none of held-out data is printed: better print and optimise that."
        return whole if rank[1] else attrs.evolve(whole, notes=(*whole.notes, note))
    return None


def _is_message(each: _Found) -> bool:
    """Whether it is about what went wrong, as in ``print(f"Error: {error}")``, rather than how much."""
    said = set(each.words)
    return said & (SMALL | LARGE) <= ERRORS and bool(said & ERRORS) and not said & HELD_OUT and not each.value.spec


def _with_others(
    metrics: Metrics, chosen: _Found, pattern: str, found: Sequence[_Found], lines: Sequence[Line], loops: Loops
) -> Metrics:
    """What else can be read of the lines: the resource, and other metrics of the same line."""
    patterns = {chosen.name: pattern}
    resource = None
    often = loops.how_often(chosen.line.call)
    for each in sorted(found, key=lambda each: each.line is not chosen.line) if often not in UNCOUNTED else ():
        is_counter = bool(set(each.words) & COUNTERS) and not set(each.words) & (SMALL | LARGE)
        if resource is None and is_counter and each.name != chosen.name and loops.begins_at_one(each.value.node):
            counted = _pattern(each, lines, WHOLE)
            if counted is not None:
                resource = each.name
                patterns[resource] = counted
    for each in found:
        is_other = each.line is chosen.line and each.name not in patterns and set(each.words) & (SMALL | LARGE)
        if is_other and len(patterns) < MOST_PATTERNS:
            other = _pattern(each, lines, NUMBER)
            patterns |= {each.name: other} if other is not None else {}
    where = f"what {chosen.line.module.path.name} prints in line {chosen.line.call.lineno}"
    return attrs.evolve(metrics, resource=resource, patterns=patterns, where=where, often=often)


def _values(line: Line) -> Iterator[_Found]:
    """The values of a line, each with a name."""
    before = ""
    context: list[str] = []  # words that are said of all that follows, as in "Test set: loss 0.5, accuracy 0.9"
    for part in line.parts:
        if isinstance(part, str):
            before = part
            continue
        label = _label(before)
        name = _name(part.node, label)
        words = words_of(name)
        is_metric = bool(set(words) & (SMALL | LARGE))
        context += words_of(before.rpartition(label)[0] if is_metric and label else before)
        name = _as_it_is_printed(name, [*context, *words_of(label)])
        words = words_of(name)
        if not set(words) & (HELD_OUT | OF_TRAINING):
            words += [word for word in context if word in HELD_OUT | OF_TRAINING][-1:]
        if name:
            yield _Found(line=line, value=part, name=name, words=tuple(words))
        before = ""


def _name(node: ast.expr, label: str) -> str:
    """What a value is called: like its variable or its label, whichever says more."""
    variable, slug = _variable(node), "_".join(words_of(label)[-3:])
    is_other = isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add)  # val_loss / 2 is no val_loss
    return max((slug, variable) if is_other else (variable, slug), key=_says)


def _as_it_is_printed(name: str, said: Sequence[str]) -> str:
    """The name of a value; one of the test set is not called one of validation, whatever its variable is called."""
    words = words_of(name)
    last = next((word for word in reversed(said) if word in TEST | VALIDATION), "")
    for these, others in ((TEST, VALIDATION), (VALIDATION, TEST)):
        if last in these and set(words) & others and not set(words) & these:
            return "_".join([last, *(word for word in words if word not in others)])
    return name


def _says(name: str) -> tuple[bool, bool]:
    words = set(words_of(name))
    is_metric = bool(words & (SMALL | LARGE))
    return is_metric or bool(words & COUNTERS), is_metric and bool(words & (HELD_OUT | OF_TRAINING))


def _variable(node: ast.expr) -> str:
    """The name of a value: that of a variable, or of what an expression is made of."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        return node.slice.value
    if isinstance(node, ast.Call):
        is_method = isinstance(node.func, ast.Attribute) and not node.args and node.func.attr not in SPREADS
        return _variable(node.func.value) if is_method else ""  # type: ignore[attr-defined]
    if isinstance(node, ast.Attribute):
        own = {"avg", "val", "value", "mean", "item"}
        return _variable(node.value) if node.attr in own else node.attr
    if isinstance(node, ast.BinOp):
        names = [name for name in (_variable(node.left), _variable(node.right)) if name]
        return names[0] if len(names) == 1 else ""
    return ""


def _label(text: str) -> str:
    """The words right before a value: ``"| val loss: "`` is ``val loss``."""
    found = re.search(
        r"""([\w@/. -]*?[\w@/-]+)["']?\s*[:=(\[]*\s*$""", re.split(r"[,|;\t(]|  |- | -", text.rstrip(" :=("))[-1]
    )
    return found[1].strip() if found is not None else ""


def _pattern(each: _Found, lines: Sequence[Line], number: str) -> str | None:
    """A regular expression that finds the value in its line, and nothing else there or in any other line."""
    parts = each.line.parts
    place = next(number for number, part in enumerate(parts) if part is each.value)
    before = parts[place - 1] if place and isinstance(parts[place - 1], str) else ""
    assert isinstance(before, str)
    last = before.split(" ")
    with_words = [size for size in range(1, len(last) + 1) if re.search(r"\w", " ".join(last[-size:]))]
    texts = [re.escape(" ".join(last[-size:])) for size in with_words]
    whole = "".join(re.escape(part) if isinstance(part, str) else ".*?" for part in parts[:place])
    for text in dict.fromkeys([*texts, whole]):
        begins = r"\b" if re.match(r"\w", text) and text != whole else ""
        pattern = begins + ESCAPED.sub(r"\1", text) + (" *" if re.match(r"[ >]?\d", each.value.spec) else "") + number
        if _finds(pattern, each, lines):
            return pattern
    return None


def _finds(pattern: str, each: _Found, lines: Sequence[Line]) -> bool:
    for line in lines:
        rendered = [(_rendered(part, index), part) for index, part in enumerate(line.parts)]
        found = re.findall(pattern, "".join(text for text, _ in rendered))
        if line is not each.line:
            if found and not _same(line, each.line):
                return False
        elif found != [next(text for text, part in rendered if part is each.value).strip().rstrip("%")]:
            return False
    return True


def _same(line: Line, other: Line) -> bool:
    """Whether two places print the same text."""
    return [part for part in line.parts if isinstance(part, str)] == [
        part for part in other.parts if isinstance(part, str)
    ]


def _rendered(part: Part, index: int) -> str:
    """A part as it may be printed, each value another."""
    if isinstance(part, str):
        return part
    first = 123411 if "," in part.spec or "_" in part.spec else 11  # a number that is printed in groups is no number
    whole, real = first + index, first + index + 0.25
    spec = part.spec
    try:
        if spec.endswith("d"):
            return format(whole, spec)
        counted = set(words_of(_variable(part.node))) & (COUNTERS | {"i", "n"})
        return format(whole if counted and not spec else real, spec)
    except ValueError:
        return str(real)


def _logs_to_stdout(module: Module) -> bool:
    text = ast.unparse(module.tree)
    return "StreamHandler(sys.stdout)" in text or "stream=sys.stdout" in text


def _hints(modules: Sequence[Module]) -> Iterator[str]:
    """Where a script says its metrics to something else."""
    for module in modules:
        for call in module.calls:
            name = dotted_name(module, call.func)
            last = name.rpartition(".")[2]
            if (
                name in ("wandb.log", "mlflow.log_metric", "mlflow.log_metrics")
                or last in ("log_metric", "add_scalar")
                or name == "self.log"
            ):
                yield f"{module.path.name}, line {call.lineno}, gives metrics to {name}: report the same there."
                return
        for line in printed_lines([module]):
            if line.is_logged and any(set(each.words) & (SMALL | LARGE) for each in _values(line)):
                yield (
                    f"{module.path.name}, line {line.call.lineno}, logs metrics, and logs go to standard error, "
                    "which is not read: log to sys.stdout, or report there."
                )
                return
