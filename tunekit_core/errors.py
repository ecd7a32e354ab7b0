"""Every error that tunekit raises on purpose.

Each derives from :class:`TunekitError` and from the builtin that a caller would expect. The message is for the
person at the keyboard: which option and value, what is allowed, what to type next. The facts are attributes.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from reprlib import Repr


class TunekitError(Exception):
    """Base of every error that tunekit raises on purpose."""


class TunekitWarning(RuntimeWarning):
    """Something that people should know about an experiment that goes on. On the command line it is one line."""


class ConfigurationError(TunekitError, ValueError):
    """What was asked for cannot be built. Raised before anything was started or overwritten.

    Attributes:
        option: Dotted name of the option as the user types it, where there is one.
        value: What the option was set to.
    """

    def __init__(self, message: str, *, option: str | None = None, value: object = None) -> None:
        super().__init__(message)
        self.option = option
        self.value = value


class InvalidOption(ConfigurationError):
    """A component does not take the value of one of its options.

    A component knows its options by their own names; whoever builds it by name adds where they were typed.

    Attributes:
        option: Name of the option.
        value: What it was set to.
        problem: What is wrong, as the end of a sentence that begins with the option: ``"must be at least 1"``. What to
            type instead may follow.
    """

    def __init__(self, option: str, value: object, problem: str) -> None:
        super().__init__(f"{option}={value!r} {problem}.", option=option, value=value)
        self.problem = problem


class UnknownComponentError(TunekitError, LookupError):
    """No installed plugin offers a component of that kind and name.

    Attributes:
        kind: Kind of component, such as ``"scheduler"``.
        name: The name that was asked for.
        installed: The names that exist.
    """

    def __init__(self, message: str, *, kind: str, name: str, installed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.kind = kind
        self.name = name
        self.installed = installed


class PluginError(TunekitError, RuntimeError):
    """A plugin breaks the rules of the registry, or could not be imported though the run asked for it."""


class ComponentError(PluginError):
    """A component broke a rule of its contract, or raised an error, while an experiment ran.

    Attributes:
        kind: Kind of component, such as ``"searcher"``.
        name: Its name.
        origin: The distribution that it comes from and its version, or its module.
        method: The method that was called; empty if that is not known.
        trial_id: The trial that it was about, if it was about one.
    """

    def __init__(
        self, message: str, *, kind: str, name: str, origin: str, method: str = "", trial_id: int | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.name = name
        self.origin = origin
        self.method = method
        self.trial_id = trial_id


class ReplayError(TunekitError, RuntimeError):
    """A recorded experiment cannot be folded: a recomputed decision differs from the recorded one.

    A plugin or the numerics changed since the record was written.
    """


class ExperimentLocked(TunekitError, RuntimeError):
    """Another live process is writing this experiment."""


class LeaseHeld(TunekitError, RuntimeError):
    """Another process holds a lease. The message is who, as far as that is known."""


class LockLost(TunekitError, RuntimeError):
    """This process wrote an experiment that another may write now: it stops, and writes nothing more."""


class LockingError(TunekitError, OSError):
    """A folder cannot be locked: where it lies there are no locks, or they do not work."""


class RecordError(TunekitError, ValueError):
    """A file of an experiment is missing or damaged."""


class DamagedRecord(RecordError):
    """A line of the events of an experiment is damaged or missing; those before it can be read."""


class OtherFormat(RecordError):
    """A file of an experiment is of a format that this version does not read; nothing says that it is damaged."""


def suggestion(wrong: str, allowed: Iterable[str]) -> str:
    """The closest allowed names as a sentence that ends in a blank, or nothing: those that go on from it, or one.

    >>> suggestion("ahsa", ["asha", "median"])
    "Did you mean 'asha'? "
    >>> suggestion("asha", ["asha_promotion", "asha_stopping", "pasha"])
    "Did you mean 'asha_promotion' or 'asha_stopping'? "
    """
    by_lower = {name.lower(): name for name in allowed}
    longer = [name for name in by_lower if name.startswith(f"{wrong.lower()}_")]
    close = longer[:3] or get_close_matches(wrong.lower(), by_lower, n=1)
    *first, last = [f"'{by_lower[name]}'" for name in close] or [""]
    return f"Did you mean {', '.join(first)} or {last}? " if first else f"Did you mean {last}? " if last else ""


def shown(value: object) -> str:
    """A value for a message, cut where it is long or nested deep; also one whose ``repr`` raises an error.

    >>> shown({"x": 0.5})
    "{'x': 0.5}"
    """
    try:
        return _SHORT.repr(value)
    except Exception as error:  # of a whole number with more digits than Python writes, or of what is inside
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


def text_of(error: BaseException) -> str:
    """What an error says, also of one that a plugin has written and that breaks when it is asked."""
    try:
        return str(error)
    except Exception as second:
        return f"(its text cannot be read: {type(second).__name__})"


_SHORT = Repr()
_SHORT.maxdict = _SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxfrozenset = 20
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 200
