"""The page that shows what ``init`` writes shows all of it."""

from __future__ import annotations

from pathlib import Path

from tests.docs.test_pages import ROOT, blocks
from tunekit.cli.main import main

PAGE = ROOT / "docs/how-to/start-from-a-script.md"


def test_the_file_on_the_page_is_what_is_written_and_can_be_copied(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script, written = (next(each for each in blocks(PAGE) if each.language == word) for word in ("python", "text"))
    Path("train.py").write_text(script.text, encoding="utf-8")
    assert main(["init", "train.py"]) == 0
    assert Path("conf/benchmark/train.yaml").read_text(encoding="utf-8") == written.text
