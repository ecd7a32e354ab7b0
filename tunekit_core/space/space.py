"""The search space: named domains and constants, in order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product, repeat
from types import MappingProxyType
from typing import Any

import numpy as np

from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.space.configuration import Configuration
from tunekit_core.space.domain import Domain, Floats, Value, as_lists, is_same, is_value, plain
from tunekit_core.space.entries import (
    check_entries,
    checked_entry,
    entry_from_json,
    entry_to_json,
    flat_entries,
    named,
    parse_entry,
)


class SearchSpace(Mapping[str, "Domain | Value"]):
    """An ordered mapping from names to domains (hyperparameters) and to plain values (constants). Immutable.

    Every configuration has all names as keys, in the order of the space. The order decides which random number
    each hyperparameter gets.

    A hyperparameter may be fixed, see :meth:`fix`. What comes later, such as conditions under which a
    hyperparameter exists, joins ``fixed`` as a property of an entry: as a field of its record in
    :meth:`to_json` and as an argument here.

    Args:
        entries: Domain or constant of each name. A list is a :func:`~tunekit_core.choice` of its elements. Constants:
            text, finite numbers, truth values, ``None``.
        fixed: Values of hyperparameters that are not searched.

    Raises:
        ConfigurationError: If there is no mapping, an entry is neither, a name is not text, or a fixed value is not in
            its domain.
    """

    def __init__(
        self, entries: Mapping[str, Domain | Value], *, fixed: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        check_entries(entries)
        self._entries = {name: checked_entry(name, entry) for name, entry in entries.items()}
        self._domains = {name: entry for name, entry in self._entries.items() if isinstance(entry, Domain)}
        for name in fixed:
            self._check_hyperparameter(name)
        self._fixed = {name: self._cast(name, fixed[name]) for name in self._domains if name in fixed}
        self._names = tuple(self._domains)
        self._settled: dict[str, Value] = {**self.constants, **self._fixed}
        self._searched_domains = [(name, self._domains[name]) for name in self.searched]
        self._columns: list[tuple[str, Domain, slice]] = []
        stop = 0
        for name, domain in self._searched_domains:
            start, stop = stop, stop + domain.encoded_width
            self._columns.append((name, domain, slice(start, stop)))
        self._width = stop

    @property
    def names(self) -> tuple[str, ...]:
        """The hyperparameters in order, fixed ones included."""
        return self._names

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Domain of each hyperparameter, fixed ones included, in order."""
        return MappingProxyType(self._domains)

    @property
    def searched(self) -> tuple[str, ...]:
        """The hyperparameters that are not fixed, in order."""
        return tuple(name for name in self._domains if name not in self._fixed)

    @property
    def fixed(self) -> Mapping[str, Any]:
        """Values of the hyperparameters that are not searched."""
        return MappingProxyType(self._fixed)

    @property
    def constants(self) -> Mapping[str, Any]:
        """Values of the names that are not hyperparameters."""
        return MappingProxyType({k: v for k, v in self._entries.items() if k not in self._domains})

    @property
    def width(self) -> int:
        """Number of columns of an encoded configuration."""
        return self._width

    @property
    def code_columns(self) -> tuple[int, ...]:
        """Columns of an encoded configuration that can be equal or not, never near: positions among many categories."""
        return tuple(column.start for _, domain, column in self._columns if domain.encodes_position)

    @property
    def size(self) -> int | None:
        """Number of configurations, ``None`` if a searched domain is continuous."""
        sizes = [domain.size for _, domain, _ in self._columns]
        known = [size for size in sizes if size is not None]
        return math.prod(known) if len(known) == len(sizes) else None

    @property
    def n_draws(self) -> int:
        """Uniform numbers for a random configuration: one for each hyperparameter, fixed ones included."""
        return len(self._domains)

    def __getitem__(self, name: str) -> Domain | Value:
        """Domain or constant of a name."""
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        """All names, in order."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Number of names, constants included."""
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        """Whether the entries, their order and the fixed values are equal."""
        return isinstance(other, SearchSpace) and self._identity() == other._identity()

    def __hash__(self) -> int:
        """Equal for equal spaces."""
        return hash(self._identity())

    def __repr__(self) -> str:
        """The text form, and the fixed values."""
        fixed = f", fixed={self._fixed!r}" if self._fixed else ""
        return f"SearchSpace({self.to_text()!r}{fixed})"

    def fix(self, values: Mapping[str, Any]) -> SearchSpace:
        """The space in which some hyperparameters take one value in every configuration.

        They are not encoded, but consume their random numbers, so that the other hyperparameters are the same
        with and without them being fixed. A fixed hyperparameter can be fixed to another value.

        Raises:
            ConfigurationError: If a name is not that of a hyperparameter, or a value is not in its domain.
        """
        return SearchSpace(self._entries, fixed={**self._fixed, **values})

    def from_unit(self, u: Floats) -> list[Configuration]:
        """Configurations by inverse distribution function, one for each row, whatever the other rows are.

        Args:
            u: An n x ``n_draws`` array of numbers in [0, 1).
        """
        if u.ndim != 2 or u.shape[1] != self.n_draws:
            raise ValueError(f"u has shape {u.shape}, expected (n, {self.n_draws}): one for each hyperparameter.")
        columns = {
            name: domain.from_unit(u[:, j])
            for j, (name, domain) in enumerate(self._domains.items())
            if name not in self._fixed
        }
        drawn = self.assemble(columns, len(u))
        if ((u >= 0.0) & (u < 1.0)).all():
            for configuration in drawn:
                configuration.made_by = self
        return drawn

    def encode(self, configurations: Sequence[Mapping[str, Any]]) -> Floats:
        """An n x ``width`` array in [0, 1] for n configurations.

        Raises:
            ConfigurationError: If a configuration lacks a searched hyperparameter or has a value not allowed.
        """
        encoded = np.empty((len(configurations), self._width))
        for name, domain, column in self._columns:
            try:
                encoded[:, column] = domain.encode([configuration[name] for configuration in configurations])
            except KeyError as error:
                raise _lacking(name) from error
            except ConfigurationError as error:
                raise named(name, error) from error
        return encoded

    def decode(self, X: Floats) -> list[Configuration]:
        """The configurations closest to the rows of an n x ``width`` array."""
        if X.ndim != 2 or X.shape[1] != self._width:
            raise ValueError(f"X has shape {X.shape}, expected (n, {self._width}).")
        columns = {name: domain.decode(X[:, column]) for name, domain, column in self._columns}
        return self.assemble(columns, len(X))

    def default(self) -> Configuration:
        """The configuration of all defaults, see :attr:`Domain.default`."""
        return self.complete({})

    def complete(self, partial: Mapping[str, Any]) -> Configuration:
        """A configuration from some of its values: missing ones take the default, given ones are cast.

        Raises:
            ConfigurationError: If a name is unknown, a value is not in its domain, or differs from the value
                of a constant or of a fixed hyperparameter.
        """
        if type(partial) is Configuration and getattr(partial, "made_by", None) is self:
            return partial
        for name in partial:
            if name not in self._entries:
                raise self._unknown(name)
        values: dict[str, Any] = {
            **self._entries,
            **self._settled,
        }  # in the order of the space
        name = ""
        try:
            for name, domain in self._searched_domains:
                values[name] = domain.cast(partial[name]) if name in partial else domain.default
        except ConfigurationError as error:
            raise named(name, error) from error
        for name in self._settled:
            if name in partial:
                self._settle(name, partial[name])
        configuration = Configuration(values)
        configuration.made_by = self
        return configuration

    def replace(self, configuration: Mapping[str, Any], name: str, value: object) -> Configuration:
        """The configuration with another value of one hyperparameter, which is cast; nothing else is checked.

        Raises:
            ConfigurationError: As for :meth:`complete`, or if the configuration lacks a name of the space.
        """
        if name not in self._entries:
            raise self._unknown(name)
        replaced = {**configuration, name: self.complete({name: value})[name]}
        try:
            return Configuration({each: replaced[each] for each in self._entries})
        except KeyError as error:
            raise _lacking(error.args[0]) from error

    def assemble(self, columns: Mapping[str, Sequence[Value]], n: int) -> list[Configuration]:
        """Configurations from their values by column, which are not checked.

        Args:
            columns: n values for each searched hyperparameter.
            n: Number of configurations.
        """
        if not self._entries:
            return [Configuration() for _ in range(n)]
        full = [columns[k] if k in columns else repeat(self._settled[k], n) for k in self._entries]
        return [Configuration(zip(self._entries, row, strict=True)) for row in zip(*full, strict=True)]

    def key(self, configuration: Mapping[str, Any]) -> tuple[Value, ...]:
        """What two configurations of this space share if they are the same.

        The values of the hyperparameters, so it is the same in a space in which some of them are fixed.
        """
        return tuple(map(configuration.__getitem__, self._names))

    def contains(self, configuration: Mapping[str, Any]) -> bool:
        """Whether the configuration has exactly the names of the space, each with a value that is allowed."""
        if configuration.keys() != self._entries.keys():
            return False
        try:
            self.complete(configuration)
        except ConfigurationError:
            return False
        return True

    def enumerate(self) -> Iterator[Configuration]:
        """All configurations of a finite space, the last hyperparameter varying fastest.

        Raises:
            ConfigurationError: If a searched domain is continuous.
        """
        lists = dict(zip(self.searched, self._value_lists(), strict=True))
        full = [lists[name] if name in lists else [self._settled[name]] for name in self._entries]
        return (Configuration(zip(self._entries, values, strict=True)) for values in product(*full))

    def all_keys(self) -> Iterator[tuple[Value, ...]]:
        """The :meth:`key` of each configuration of :meth:`enumerate`, far faster than by making them.

        Raises:
            ConfigurationError: If a searched domain is continuous.
        """
        lists = dict(zip(self.searched, self._value_lists(), strict=True))
        return product(*(lists[name] if name in lists else [self._fixed[name]] for name in self._names))

    def configuration_at(self, index: int) -> Configuration:
        """The configuration at a position of :meth:`enumerate`, without going through those before it.

        Raises:
            ConfigurationError: If a searched domain is continuous.
            IndexError: If the index is not from 0 to ``size`` - 1.
        """
        lists = self._value_lists()
        remainder = index
        columns = {}
        for name, values in zip(reversed(self.searched), reversed(lists), strict=True):
            remainder, position = divmod(remainder, len(values))
            columns[name] = [values[position]]
        if remainder:
            raise IndexError(f"index {index} is not from 0 to {self.size} - 1.")
        return self.assemble(columns, 1)[0]

    def index_of(self, configuration: Mapping[str, Any]) -> int:
        """Position of a configuration in :meth:`enumerate`.

        Raises:
            ConfigurationError: If a searched domain is continuous, or the configuration is not in the space.
        """
        lists = self._value_lists()
        complete = self.complete(configuration)
        index = 0
        for (name, domain, _), values in zip(self._columns, lists, strict=True):
            index = index * len(values) + domain.index_of(complete[name])
        return index

    def to_json(self) -> list[dict[str, Any]]:
        """The space as a JSON array, one object for each name, so that the order outlives sorted keys."""
        return [
            {"name": name, **entry_to_json(entry), **({"fixed": self._fixed[name]} if name in self._fixed else {})}
            for name, entry in self._entries.items()
        ]

    @staticmethod
    def from_json(payload: Sequence[Mapping[str, Any]]) -> SearchSpace:
        """The space that :meth:`to_json` wrote.

        Raises:
            ConfigurationError: If a domain is unknown or cannot be built.
        """
        entries = {record["name"]: entry_from_json(record) for record in payload}
        return SearchSpace(entries, fixed={r["name"]: r["fixed"] for r in payload if "fixed" in r})

    def to_text(self) -> dict[str, Value]:
        """The entries as YAML holds them: domains as text, constants as they are. Fixed values stay apart."""
        return {k: str(v) if isinstance(v, Domain) else v for k, v in self._entries.items()}

    @staticmethod
    def parse(entries: Mapping[str, Any]) -> SearchSpace:
        """The space of a mapping as YAML holds it: text such as ``uniform(0, 1)`` is a domain.

        Domains may also be given as such. A list is a choice of its elements, a mapping makes names with dots, and
        anything else is a constant.

        Raises:
            ConfigurationError: If what looks like a domain is none, or an entry cannot be a constant.
        """
        return SearchSpace({name: parse_entry(name, entry) for name, entry in flat_entries(entries).items()})

    def _settle(self, name: str, value: object) -> Value:
        """The value of a constant or of a fixed hyperparameter; another is refused."""
        given = self._cast(name, value) if name in self._domains else plain(value)
        settled = self._settled[name]
        if not is_value(given) or not is_same(given, settled):
            raise ConfigurationError(
                f"{name}={as_lists(given)!r} cannot be chosen: it is {as_lists(settled)!r} in every configuration of "
                "this space.",
                option=name,
                value=given,
            )
        return settled

    def _value_lists(self) -> list[Sequence[Value]]:
        lists = []
        for name, domain, _ in self._columns:
            try:
                lists.append(domain.values())
            except ConfigurationError as error:
                raise named(name, error) from error
        return lists

    def _cast(self, name: str, value: object) -> Value:
        try:
            return self._domains[name].cast(value)
        except ConfigurationError as error:
            raise named(name, error) from error

    def _check_hyperparameter(self, name: str) -> None:
        if name not in self._entries:
            raise self._unknown(name)
        if name not in self._domains:
            raise ConfigurationError(
                f"'{name}' cannot be fixed: it is the constant {self._entries[name]!r}.", option=name
            )

    def _unknown(self, name: str) -> ConfigurationError:
        return ConfigurationError(
            f"No hyperparameter is named '{name}'. {suggestion(name, self._entries)}"
            f"This space has: {', '.join(self._entries)}.",
            option=name,
        )

    def _identity(self) -> tuple[object, ...]:
        constants = tuple((type(entry), entry) for entry in self._entries.values())
        return tuple(self._entries), constants, tuple(self._fixed.items())


def _lacking(name: str) -> ConfigurationError:
    return ConfigurationError(f"A configuration lacks '{name}'.", option=name)
