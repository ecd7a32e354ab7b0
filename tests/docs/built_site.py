"""The documentation site as ``mkdocs build`` left it in site/: complete, and nothing is loaded from elsewhere.

Not collected by a plain ``pytest``; ``nox -s site`` builds the site and runs it.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

import attrs
import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"
LOADED = {"src", "srcset", "poster", "data"}  # attributes of HTML that a browser loads on its own
NOT_LOADED = {"canonical", "next", "prev", "alternate"}  # relations of <link>; the others, such as stylesheets, are
IN_CSS = re.compile(r"""(?:url\(|@import\s)\s*["']?((?:https?:)?//[^"')\s]+)""")


@attrs.define
class Page(HTMLParser):
    """What a page of the site loads, links to, and can be linked to at."""

    path: Path
    loads: list[str] = attrs.Factory(list)
    links: list[str] = attrs.Factory(list)
    anchors: set[str] = attrs.Factory(set)

    def __attrs_pre_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        self.loads.extend(given[name] for name in LOADED & given.keys())
        if tag == "link" and given.get("rel") not in NOT_LOADED:
            self.loads.append(given["href"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


@pytest.fixture(scope="module")
def pages() -> dict[Path, Page]:
    found = {}
    for path in sorted(SITE.rglob("*.html")):
        page = found[path] = Page(path)
        page.feed(path.read_text(encoding="utf-8"))
    assert found, "Build the site first: nox -s site"
    return found


def test_no_page_loads_anything_from_elsewhere(pages):
    assert [(page.path.name, url) for page in pages.values() for url in page.loads if "//" in url] == []


def test_no_style_sheet_loads_anything_from_elsewhere(pages):
    sheets = [*SITE.rglob("*.css"), *pages]
    assert [(sheet.name, url) for sheet in sheets for url in IN_CSS.findall(sheet.read_text(encoding="utf-8"))] == []


def test_every_link_leads_to_a_page_and_a_place_on_it(pages):
    dead = []
    for page in pages.values():
        if page.path.name == "404.html":  # its links are absolute, since it can be shown anywhere
            continue
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (page.path.parent / unquote(url.path)).resolve() if url.path else page.path
            if not target.is_file() or (url.fragment and unquote(url.fragment) not in pages[target].anchors):
                dead.append((page.path.name, link))
    assert dead == []


@pytest.mark.parametrize("package", ["tunekit", "tunekit_core", "tunekit_core.testing"])
def test_every_public_name_has_an_entry_in_the_reference(pages, package):
    anchors = set().union(*(pages[path].anchors for path in pages if path.parent.name == "python"))
    names = [name for name in import_module(package).__all__ if not name.startswith("__")]
    assert [name for name in names if f"{package}.{name}" not in anchors] == []


def test_the_search_finds_options_and_public_names():
    entries = json.loads((SITE / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    text = " ".join(f"{entry['title']} {entry['text']}" for entry in entries)
    assert {"reduction_factor", "load_experiment", "MOBSTER"} <= words(text)


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def test_every_page_of_the_docs_is_in_the_site():
    sources = (page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md"))
    built = [
        page.with_name("index.html") if page.name == "README.md" else page.with_suffix(".html") for page in sources
    ]
    assert [str(page) for page in built if not (SITE / page).is_file()] == []
