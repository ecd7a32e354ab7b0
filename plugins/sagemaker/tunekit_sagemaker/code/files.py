"""Which files of a program are uploaded: not what is made anew anyway, and never what is secret."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from tunekit_core import InvalidOption

LARGEST = 200 * 10**6  # bytes of all files together
N_NAMED = 5  # of the largest files
NOT_ENTERED = ("__pycache__", "node_modules")
NOT_TAKEN = (".pyc", ".pyo")
ENVIRONMENT = "pyvenv.cfg"  # is in every virtual environment
SECRET = re.compile(
    r"""
    .*\.env(\..*)? | .*\.(pem|key|p12|pfx|ppk|jks|keystore|kdbx)
    | id_(rsa|dsa|ecdsa|ed25519)(_sk)?
    | \.?(aws)?_?credentials?(\.(json|ya?ml|toml|ini|csv|txt|cfg))? | application_default_credentials\.json
    | (client_secrets?|service[-_]account)(.*)\.json | secrets?\.(json|ya?ml|toml|ini|env|txt) | kaggle\.json
    | [._]netrc | \.pypirc | \.pgpass | \.git-credentials | \.htpasswd
    """,
    re.VERBOSE | re.IGNORECASE,
)
EXAMPLE = re.compile(r".*\.(example|sample|template|dist)", re.IGNORECASE)  # of such a file, to be filled in
SOURCES, DEPENDENCIES = "benchmark.sources", "backend.source_dependencies"
SAY_WHICH = f"Type {SOURCES}=[train.py,src] with the files and folders that make up the program"


@attrs.frozen
class CodeFile:
    """A file to be uploaded.

    Attributes:
        name: Where it will be, relative to the folder of the program, with slashes.
        path: Where it is.
        size: In bytes.
        is_executable: Whether its owner may execute it.
    """

    name: str
    path: str
    size: int
    is_executable: bool


def files_to_upload(
    folder: Path,
    sources: Sequence[Path] | None = None,
    dependencies: Sequence[Path] = (),
    results_dir: Path | None = None,
) -> list[CodeFile]:
    """The files that make up a program, in the order of their names.

    Hidden files, caches, virtual environments and results are left out.

    Args:
        folder: The working directory of the program.
        sources: The files and folders below it that are needed; all unless given.
        dependencies: Further folders, which will lie beside the program under their own names.
        results_dir: Where results go.

    Raises:
        InvalidOption: If a file must not be uploaded, cannot be read, there is none of a name, or these are too many
            bytes.
    """
    results = "" if results_dir is None else os.path.realpath(results_dir)
    home = os.path.abspath(folder)
    found: dict[str, CodeFile] = {}
    for source in ["."] if sources is None else map(os.fspath, sources):
        path = os.path.abspath(os.path.join(home, source))
        if not (path + os.sep).startswith(home.rstrip(os.sep) + os.sep):
            raise InvalidOption(
                SOURCES,
                source,
                f"lies outside of the folder of the program, {home}, which is what is uploaded. Type "
                f"{DEPENDENCIES}=[{path}] with a folder that is to lie beside it",
            )
        _add(found, path, home, SOURCES, results)
    for dependency in dependencies:
        path = os.path.abspath(dependency)
        if not os.path.isdir(path):
            raise InvalidOption(DEPENDENCIES, os.fspath(dependency), "is no folder: name one with code")
        name = os.path.basename(path)
        taken = next((file for file in found if file.split("/")[0] == name), None)
        if taken is not None:
            raise InvalidOption(
                DEPENDENCIES,
                os.fspath(dependency),
                f"would lie where {found[taken].path} does: rename one of them, or leave this one out",
            )
        _add(found, path, os.path.dirname(path), DEPENDENCIES, results)
    files = [found[name] for name in sorted(found)]
    check_size(files)
    return files


def files_below(folder: str, not_entered: tuple[str, ...] = ()) -> Iterator[str]:
    """The files of a folder that are not made anew anyway, in the order of their names.

    A link back to a folder above is not followed, and one that leads nowhere is no file.

    Args:
        folder: An absolute path.
        not_entered: Folders that are left out, without links.
    """
    not_entered = (*not_entered, os.path.realpath(folder))
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            if is_secret(path) or not (name.startswith(".") or name.endswith(NOT_TAKEN)):
                yield path
        elif os.path.isdir(path) and not _is_left_out(path) and os.path.realpath(path) not in not_entered:
            yield from files_below(path, not_entered)


def is_secret(path: str) -> bool:
    """Whether a file, or that which it is a link to, has the name of one with secrets."""
    names = {os.path.basename(path), os.path.basename(os.path.realpath(path))}
    return any(SECRET.fullmatch(name) and not EXAMPLE.fullmatch(name) for name in names)


def _is_left_out(folder: str) -> bool:
    name = os.path.basename(folder)
    return name.startswith(".") or name in NOT_ENTERED or os.path.exists(os.path.join(folder, ENVIRONMENT))


def _add(found: dict[str, CodeFile], path: str, base: str, option: str, results: str) -> None:
    """Add a file, or what is in a folder, under names that are relative to another folder."""
    if not os.path.exists(path):
        raise InvalidOption(option, path, f"is no file or folder. {SAY_WHICH}")
    try:
        for file in files_below(path, (results,)) if os.path.isdir(path) else [path]:
            name = os.path.relpath(file, base).replace(os.sep, "/")
            found[name] = checked_file(name, file, option)
    except OSError as error:
        raise InvalidOption(option, error.filename, f"cannot be read: {error.strerror}. {SAY_WHICH}") from error


def checked_file(name: str, path: str, option: str) -> CodeFile:
    """A file to be uploaded under a name.

    Raises:
        InvalidOption: If it has the name of one with secrets.
        OSError: If it cannot be read.
    """
    if is_secret(path):
        raise InvalidOption(
            option,
            path,
            "has the name of a file with secrets, and would be uploaded for all who may read the bucket. Move it out "
            "of the folder, and give what it says as benchmark.environment.NAME=VALUE. Or else: "
            f"{SAY_WHICH[0].lower()}{SAY_WHICH[1:]}",
        )
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
    return CodeFile(name, path, status.st_size, bool(status.st_mode & 0o100))


def check_size(files: Sequence[CodeFile]) -> None:
    """See that files are not too large to be uploaded as a program.

    Raises:
        InvalidOption: If they are; the largest are named.
    """
    total = sum(file.size for file in files)
    if total <= LARGEST:
        return
    largest = sorted(files, key=lambda file: (-file.size, file.name))[:N_NAMED]
    named = ", ".join(f"{file.name} ({file.size / 1e6:,.0f} MB)" for file in largest)
    raise InvalidOption(
        SOURCES,
        None,
        f"stands for {total / 1e6:,.0f} MB, and {LARGEST / 1e6:.0f} MB can be uploaded as the program. The largest: "
        f"{named}. {SAY_WHICH}, and have data in S3",
    )
