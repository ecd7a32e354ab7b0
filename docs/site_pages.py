"""What the site shows beside the pages of docs/: pages that lie elsewhere in the repository, and the public names.

A hook of MkDocs, named in mkdocs.yml. Pages link to each other by the paths of the repository, so that they can be read
there; here such links become those of the site. What the site does not show, such as a folder of code, loses its link
and keeps its text.
"""

from __future__ import annotations

import importlib
import logging
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
BENCHMARKS = ("checkpoint_example", "fcnet", "height", "mlp_digits", "script", "synthetic")
PLUGINS = ("asha", "bo", "local", "sagemaker", "simulator", "sweeper", "tensorboard", "trackers")
ELSEWHERE = {  # by path in the repository: place in the site
    "README.md": "start.md",
    "CHANGELOG.md": "changes.md",
    "CONTRIBUTING.md": "contributing/index.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "reference/benchmarks/index.md",
    "benchmarks/performance/README.md": "contributing/performance.md",
    "benchmarks/tunekit_benchmarks/fcnet/data/README.md": "explanation/fcnet-tables.md",
    **{f"benchmarks/tunekit_benchmarks/{name}/README.md": f"reference/benchmarks/{name}.md" for name in BENCHMARKS},
    **{f"plugins/{name}/README.md": f"reference/plugins/{name}.md" for name in PLUGINS},
}
PLACES = {place: path for path, place in ELSEWHERE.items()}
LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<target>(?!\w+:)[^)#\s]+)(?P<anchor>#[^)]*)?\)")
FOR_TESTS = re.compile(r"^<!-- (?:tested with|needs): .*? -->\n", re.MULTILINE)
NAMES = re.compile(r"^<!-- names of (?P<package>[\w.]+): (?P<rooms>.*?) -->$", re.MULTILINE)
DOORS = ("tunekit_core", "tunekit_core.testing", "tunekit", "tunekit.figures")

log = logging.getLogger("mkdocs.hooks.site_pages")
shown: set[str] = set()


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie elsewhere."""
    shown.clear()
    for path, place in ELSEWHERE.items():
        files.append(File.generated(config, place, content=(ROOT / path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Put links right, leave out what is there for the tests, and list public names where a page asks for them."""
    place = page.file.src_uri
    path = PLACES.get(place, f"docs/{place}")
    markdown = FOR_TESTS.sub("", markdown)
    markdown = NAMES.sub(lambda found: "\n".join(_names(found["package"], found["rooms"].split())), markdown)
    return LINK.sub(lambda link: _link(link, path, place, files), markdown)


def on_post_build(config: Any) -> None:
    """Tell, and so fail a strict build, if a public name stands on no page."""
    for name in sorted({f"{door}.{name}" for door in DOORS for name in _public(door)} - shown):
        log.warning("%s is public, and docs/reference/python does not show its room.", name)


def _link(link: re.Match[str], path: str, place: str, files: Files) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link["target"]))
    for candidate in (target, f"{target}/README.md"):
        uri = ELSEWHERE.get(candidate, candidate.removeprefix("docs/"))
        if (uri != candidate) and files.get_file_from_path(uri) is not None:
            relative = posixpath.relpath(uri, posixpath.dirname(place) or ".")
            return f"{link['image']}[{link['text']}]({relative}{link['anchor'] or ''})"
    return link["text"] if (ROOT / target).exists() and not link["image"] else link[0]


def _names(package: str, rooms: list[str]) -> Iterator[str]:
    """The entries of mkdocstrings for the names that a package offers and that are defined in one of its rooms."""
    public = _public(package)
    read = griffe.load(package, search_paths=[str(ROOT)], resolve_aliases=True)
    homes = {name: read[name].canonical_path.split(".")[1:] for name in public}
    for room in rooms:
        for name in sorted(public, key=str.lower):
            if homes[name][0] == room:
                shown.add(f"{package}.{name}")
                yield f"::: {package}.{name}\n"


def _public(package: str) -> list[str]:
    return [name for name in importlib.import_module(package).__all__ if not name.startswith("__")]
