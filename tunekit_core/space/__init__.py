"""Search spaces: domains, configurations, their encoded form, and tables of allowed configurations."""

from tunekit_core.space.configuration import Configuration
from tunekit_core.space.domain import Domain
from tunekit_core.space.finite import Listed
from tunekit_core.space.remaining import Remaining, Taken
from tunekit_core.space.space import SearchSpace
from tunekit_core.space.table import ConfigurationTable
from tunekit_core.space.text import (
    choice,
    finrange,
    logfinrange,
    lograndint,
    loguniform,
    ordinal,
    parse_domain,
    randint,
    reverseloguniform,
    uniform,
)

__all__ = [
    "Configuration",
    "ConfigurationTable",
    "Domain",
    "Listed",
    "Remaining",
    "SearchSpace",
    "Taken",
    "choice",
    "finrange",
    "logfinrange",
    "lograndint",
    "loguniform",
    "ordinal",
    "parse_domain",
    "randint",
    "reverseloguniform",
    "uniform",
]
