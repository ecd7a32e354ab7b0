"""Studies that were launched, as they are named: by their experiment tags."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from tunekit_core import ConfigurationError
from tunekit_sagemaker.aws.clients import Clients
from tunekit_sagemaker.jobs.account import said_to_use, typed_after
from tunekit_sagemaker.study.address import Address, noted_tags, read_address
from tunekit_sagemaker.study.places import StudyPlaces
from tunekit_sagemaker.study.study import Study


@attrs.frozen(kw_only=True)
class Where:
    """Where studies are looked for.

    Attributes:
        results_dir: Where results are, which say where a study is that was launched from here.
        bucket: Its bucket, unless that is said there.
        prefix: What all keys begin with.
        region: In which its jobs run; unless given that of the environment.
    """

    results_dir: Path
    bucket: str | None = None
    prefix: str = ""
    region: str | None = None


@attrs.frozen
class NamedStudy:
    """A study.

    Attributes:
        tag: Its experiment tag.
        results_dir: Where its results go.
        study: The study.
        command: What was typed to launch it; empty if that is not known.
    """

    tag: str
    results_dir: Path
    study: Study
    command: str


def studies(tag: str | None, where: Where) -> list[NamedStudy]:
    """The studies that are meant.

    Args:
        tag: The experiment tag; all that were launched from here unless given.
        where: Where they are looked for.

    Raises:
        ConfigurationError: If there is none, or AWS cannot be used.
    """
    tags = noted_tags(where.results_dir) if tag is None else [tag]
    if not tags:
        raise ConfigurationError(
            f"Nothing was launched from {where.results_dir}. Type --results-dir FOLDER with another folder of results, "
            "or TAG --bucket BUCKET with what was launched from another machine."
        )
    return [_named(each, where) for each in tags]


def _named(tag: str, where: Where) -> NamedStudy:
    noted = read_address(where.results_dir, tag)
    if where.bucket is not None:
        folder = where.prefix.strip("/")
        noted = Address(
            bucket=where.bucket,
            prefix=f"{folder}/" if folder else "",
            region=where.region or ("" if noted is None else noted.region),
            command="" if noted is None else noted.command,
        )
    if noted is None:
        known = ", ".join(noted_tags(where.results_dir)) or "nothing"
        raise ConfigurationError(
            f"{tag} was not launched from {where.results_dir}; what was: {known}. Type --results-dir FOLDER with "
            "another folder of results, or --bucket BUCKET with that of the study.",
            option="TAG",
            value=tag,
        )
    with asking_for_a_study():
        clients = Clients(noted.region or None)
    places = StudyPlaces(noted.bucket, noted.prefix, tag)
    return NamedStudy(tag, where.results_dir, Study(clients, places), noted.command)


@contextmanager
def asking_for_a_study() -> Iterator[None]:
    """What AWS refuses within it is an error for who typed ``remote``."""
    with said_to_use("python -m tunekit remote"), typed_after("--"):
        yield
