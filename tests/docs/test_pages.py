"""The pages against the code: what they show runs, what they quote is there, where they link to exists."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tunekit.cli.main import main

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PICTURES = ROOT / "docs" / "pictures"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if EXAMPLES not in page.parents),
]
BLOCK = re.compile(
    r"(?:^<!-- needs: (?P<needs>\w+) -->\n)?"
    r"(?P<meanwhile>^<!-- runs meanwhile -->\n)?"
    r"(?:^<!-- tested with: (?P<overrides>.*?) -->\n)?"
    r'^```(?P<language>\w+)(?: title="(?P<title>.*?)")?\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
MEASURE = "python benchmarks/performance quality --report --store "
KNOWN_COMMANDS = (
    "python -m tunekit",
    MEASURE,
    ".venv/bin/pip install --no-deps -e docs/examples/",
    ".venv/bin/python -m pytest docs/examples/",
)
INSTALL_WHEELS = """\
pip install build
for folder in . plugins/* benchmarks; do python -m build --outdir dist $folder; done
pip install -c constraints.txt dist/*.whl
"""
SESSION = re.compile(r"`nox -s (\w+)")
EMULATOR = "python -m tunekit sagemaker-emulator"
EXPORT = re.compile(r"^export (\w+)=(.*)$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\((?!https?://)([^)#]+)")


@attrs.frozen
class Block:
    """A fenced block of a page.

    What stands in ``<!-- tested with: … -->`` above it makes its commands short; they run where the library is
    installed that ``<!-- needs: … -->`` names. What is ``<!-- runs meanwhile -->`` runs in another terminal.
    """

    language: str
    title: str | None
    text: str
    overrides: str
    needs: str | None
    is_meanwhile: bool

    @property
    def can_run(self) -> bool:
        return self.needs is None or importlib.util.find_spec(self.needs) is not None

    @property
    def is_quote(self) -> bool:
        return self.title is not None and (EXAMPLES / self.title.partition("/")[0]).is_dir()


def blocks(page: Path) -> Iterator[Block]:
    for found in BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield Block(
            found["language"],
            found["title"],
            found["text"],
            found["overrides"] or "",
            found["needs"],
            found["meanwhile"] is not None,
        )


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


pages = pytest.mark.parametrize("page", PAGES, ids=name_of)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example plugins installed."""
    folder = tmp_path_factory.mktemp("site")
    sources = shutil.copytree(EXAMPLES, tmp_path_factory.mktemp("examples"), dirs_exist_ok=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", folder, *sorted(sources.iterdir())], check=True)
    return folder


@pytest.fixture
def emulator(tmp_path_factory, monkeypatch):
    """The emulator of SageMaker as one shell starts it, and what it says is to be typed in another."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    printed = tmp_path_factory.mktemp("emulator") / "stdout"
    with printed.open("w") as file:
        process = subprocess.Popen([sys.executable, *EMULATOR.split()[1:], "--port", "0"], stdout=file)
    try:
        limit = time.monotonic() + 60
        while "type Ctrl-C" not in printed.read_text():
            assert process.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.05)
        for name, value in EXPORT.findall(printed.read_text()):
            monkeypatch.setenv(name, value)
        yield
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def meanwhile():
    """Begins an experiment as another terminal does, and returns when it runs."""
    begun = []

    def begin(words: list[str]) -> None:
        begun.append(subprocess.Popen([sys.executable, *words[1:]], stdout=subprocess.DEVNULL))
        limit = time.monotonic() + 60
        while not any(path.stat().st_size > 2000 for path in Path().glob("results/*/*/*/events.jsonl")):
            assert time.monotonic() < limit
            time.sleep(0.05)

    yield begin
    for process in begun:
        process.kill()
        process.wait()


@pages
def test_the_commands_and_the_code_of_a_page_run(page, request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = in_this_process
    if any(block.is_quote for block in blocks(page)):
        monkeypatch.setenv("PYTHONPATH", str(request.getfixturevalue("site")))
        run = from_the_shell
    monkeypatch.delenv("TUNEKIT_RESULTS", raising=False)
    programs = Path(sys.executable).parent  # as if the environment were activated: scripts are run with its python
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    names: dict[str, object] = {"__name__": name_of(page)}
    titles: set[str] = set()
    for block in blocks(page):
        if block.title is not None:
            if not block.is_quote:
                if block.title not in titles and Path(block.title).exists():  # a command above has written it
                    assert block.text.rstrip() == Path(block.title).read_text(encoding="utf-8").rstrip()
                titles.add(block.title)
                Path(block.title).parent.mkdir(parents=True, exist_ok=True)
                Path(block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            exec(compile(block.text, name_of(page), "exec"), names)
        elif block.language == "bash" and block.can_run:
            for line in block.text.splitlines():
                if line.startswith(MEASURE):
                    subprocess.run([sys.executable, *shlex.split(line)[1:]], cwd=ROOT, check=True)
                elif line == EMULATOR:
                    request.getfixturevalue("emulator")
                elif block.is_meanwhile:
                    request.getfixturevalue("meanwhile")(shlex.split(line))
                elif line.startswith("python -m tunekit"):
                    status = run([*shlex.split(line)[3:], *shlex.split(block.overrides)])
                    assert status == 0, line  # what it printed stands below


def from_the_shell(arguments: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "tunekit", *arguments]).returncode


def in_this_process(arguments: list[str]) -> int:
    """Starting an interpreter and importing everything takes longer than most commands do."""
    return main(arguments)


@pages
def test_a_page_has_no_commands_but_those_that_are_known_to_work(page):
    texts = [block.text for block in blocks(page) if block.language == "bash"]
    lines = [line for text in texts if text != INSTALL_WHEELS for line in text.splitlines()]
    set_up = [line for line in lines if line.startswith("python3 -m venv .venv && ")]
    assert [line for line in lines if not line.startswith(KNOWN_COMMANDS) and line not in set_up] == []
    assert len(set_up) == (2 if page.name == "README.md" else 0)


def test_the_readme_sets_up_what_ci_sets_up():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert ".venv/bin/pip install -r requirements-dev.txt && .venv/bin/pytest" in readme
    assert "pip install --quiet --disable-pip-version-check -r requirements-dev.txt\n" in (ROOT / ".ci/run").read_text()


def test_the_readme_installs_the_wheels_of_every_distribution():
    assert INSTALL_WHEELS in (ROOT / "README.md").read_text(encoding="utf-8")
    folders = [ROOT, *sorted((ROOT / "plugins").glob("[!.]*")), ROOT / "benchmarks"]  # what its loop runs over
    lines = (ROOT / "requirements.txt").read_text().splitlines()[1:]
    required = [ROOT / line.removeprefix("-e ").partition("[")[0] for line in lines]
    assert sorted(folders) == sorted(required)


@pages
def test_what_a_page_looks_at_is_what_it_has_made_not_the_run_of_another_page(page):
    """All pages may be typed in one folder, in any order: what has no tag of its own lies beside runs of all others."""
    if page.parent.name == "how-to":
        run = [block.text for block in blocks(page) if block.language in ("bash", "python")]
        assert [line for text in run for line in text.splitlines() if "results/default" in line] == []
        plotted = [line for text in run for line in text.splitlines() if " plot fcnet" in line]
        assert [line for line in plotted if "results_dir=" not in line] == []


@pages
def test_the_sessions_of_nox_that_a_page_names_exist(page):
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    named = SESSION.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if f"def {name}(session: nox.Session" not in noxfile] == []


@pytest.mark.parametrize("example", sorted(EXAMPLES.iterdir()), ids=lambda folder: folder.name)
def test_a_tutorial_quotes_every_line_of_its_example(example):
    quotes: dict[str, str] = {}
    for page in PAGES:
        for block in blocks(page):
            if block.is_quote and block.title.startswith(example.name + "/"):
                quotes[block.title] = quotes.get(block.title, "") + block.text
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=example, capture_output=True, text=True
    )
    shown = [name for name in files.stdout.splitlines() if Path(name).suffix in (".py", ".toml", ".yaml")]
    assert {name.partition("/")[2] for name in quotes} == set(shown)
    for name, quoted in quotes.items():
        assert lines_of(quoted) == lines_of((EXAMPLES / name).read_text(encoding="utf-8"))


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


@pages
def test_the_links_of_a_page_lead_somewhere(page):
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_picture_is_shown_and_small():
    pictures = sorted(PICTURES.iterdir())
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [picture.name for picture in pictures if f"pictures/{picture.name})" not in text] == []
    assert sum(picture.stat().st_size for picture in pictures) < 300_000


def test_the_figure_of_imports_is_that_of_the_code():
    subprocess.run([sys.executable, "docs/draw_imports.py", "--check"], cwd=ROOT, check=True)


def test_the_reference_is_what_the_code_generates():
    subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, check=True)
