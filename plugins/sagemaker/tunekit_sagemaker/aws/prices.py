"""What instances cost: prices that are given, those of a file, and list prices, with their date."""

from __future__ import annotations

import csv
import math
import os
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import attrs

from tunekit_core import InvalidOption, TunekitWarning

SECONDS_PER_HOUR = 3600.0  # which prices are for
VARIABLE = "TUNEKIT_PRICES"
LISTED = Path(__file__).parent / "prices.csv"
LISTED_REGION = "us-east-1"
COLUMNS = ["region", "instance", "usd_per_hour"]
DATE = "# date: "
FORM = f"Its first line has to be {';'.join(COLUMNS)}, and the others like us-east-1;ml.m5.large;0.115"


@attrs.frozen
class PriceTable:
    """What a file says.

    Attributes:
        prices: Dollars an hour by region and type of instance.
        date: Of which day they are; empty if it does not say so.
    """

    prices: Mapping[tuple[str, str], float]
    date: str

    def of_region(self, region: str | None) -> dict[str, float]:
        """Those of a region, by type of instance."""
        return {instance: price for (where, instance), price in self.prices.items() if where == region}


@attrs.frozen(kw_only=True)
class PriceList:
    """What instances cost in a region, dollars an hour by type.

    Attributes:
        given: What the user has said: it comes first.
        of_file: What is in the file that ``TUNEKIT_PRICES`` names: it comes next.
        listed: The list prices that ship, of another region perhaps: they come last.
        file: The file, as it is named; empty if none is.
        date: Of the list prices.
        region: Where jobs run; ``None`` if that is not known yet.
    """

    given: Mapping[str, float]
    of_file: Mapping[str, float] = attrs.field(factory=dict)
    listed: Mapping[str, float] = attrs.field(factory=dict)
    file: str = ""
    date: str = ""
    region: str | None = None

    def of(self, instance_type: str) -> float | None:
        """The price of a type; ``None`` if it is not known."""
        for prices in (self.given, self.of_file, self.listed):
            if instance_type in prices:
                return prices[instance_type]
        return None

    def unknown(self, types: Iterable[str]) -> list[str]:
        """Those among some types whose price is not known."""
        return [each for each in types if self.of(each) is None]

    def basis(self, types: Iterable[str]) -> str:
        """Where the prices of some types are from, for people; empty if none is known."""
        found = {
            "given prices": any(each in self.given for each in types),
            f"prices of {self.file}": any(self._is_of_file(each) for each in types),
            f"list prices of {self.date} in {LISTED_REGION}": self._uses_list(types),
        }
        return ", ".join(name for name, is_used in found.items() if is_used)

    def tell(self, types: Iterable[str]) -> None:
        """Tell, once in a process, that costs are counted by list prices, if those of some types are."""
        if self._uses_list(types):
            elsewhere = "" if self.region == LISTED_REGION else f"; {self.region or 'another region'} may differ"
            warnings.warn(
                f"Costs are counted by the list prices of {self.date} in {LISTED_REGION}{elsewhere}. What you pay, in "
                "dollars an hour, can be given: backend.prices='{TYPE: DOLLARS}'.",
                TunekitWarning,
                stacklevel=1,  # one place for all: what comes from there again is not shown again
            )

    def _is_of_file(self, instance_type: str) -> bool:
        return instance_type not in self.given and instance_type in self.of_file

    def _uses_list(self, types: Iterable[str]) -> bool:
        return any(each in self.listed and each not in {*self.given, *self.of_file} for each in types)


def price_list(given: Mapping[str, float], region: str | None) -> PriceList:
    """What is known of prices.

    Args:
        given: What the user has said.
        region: Where jobs run, if that is known.

    Raises:
        InvalidOption: If the file that ``TUNEKIT_PRICES`` names cannot be read.
    """
    file = os.environ.get(VARIABLE, "")
    listed = _listed()
    return PriceList(
        given=given,
        of_file=read_prices(Path(file), file).of_region(region) if file else {},
        listed=listed.of_region(LISTED_REGION),
        file=file,
        date=listed.date,
        region=region,
    )


@cache
def _listed() -> PriceTable:
    return read_prices(LISTED, str(LISTED))


def read_prices(path: Path, shown: str) -> PriceTable:
    """Read a file of prices: lines ``region;instance;usd_per_hour``, first these words; those with ``#`` are remarks.

    Args:
        path: The file.
        shown: As the user has named it.

    Raises:
        InvalidOption: If it cannot be read, or a line of it.
    """
    try:
        lines = Path(os.path.expanduser(path)).read_text(encoding="utf-8-sig").splitlines()  # Excel begins with a mark
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise InvalidOption(VARIABLE, shown, f"names a file of prices that cannot be read: {reason}") from error
    prices: dict[tuple[str, str], float] = {}
    rows = [(number, line) for number, line in enumerate(lines, start=1) if line.strip() and not line.startswith("#")]
    if not rows:
        raise InvalidOption(VARIABLE, shown, f"names a file of prices that has none. {FORM}")
    for position, (number, line) in enumerate(rows):
        cells = _cells(line)
        price = _number(cells[-1]) if len(cells) == len(COLUMNS) else None
        if position == 0 and cells == COLUMNS:
            continue
        if position == 0 or price is None:
            raise InvalidOption(
                VARIABLE,
                shown,
                f"names a file of prices whose line {number} cannot be read: it is {line[:80]!r}. {FORM}",
            )
        prices[cells[0], cells[1]] = price
    date = next((line.removeprefix(DATE).strip() for line in lines if line.startswith(DATE)), "")
    return PriceTable(prices, date)


def _cells(line: str) -> list[str]:
    """The cells of one line: a quote that is not closed does not reach into the next."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=";"))]
    except csv.Error:
        return []


def _number(text: str) -> float | None:
    try:
        price = float(text)
    except ValueError:
        return None
    return price if price > 0 and math.isfinite(price) else None
