"""What a plugin author reads: every contract in full, and nothing imported but from the public doors."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from tunekit_core import (
    Backend,
    Benchmark,
    Blackbox,
    BoundsRegret,
    ChoosesTrials,
    Executable,
    ExplainsDecisions,
    Observer,
    RanksPausedTrials,
    Recommends,
    ResultComposer,
    Scheduler,
    Searcher,
    ShowsDevices,
    Simulatable,
    StoppingCriterion,
    WeighsBrackets,
)

ROOT = Path(__file__).parents[2]
CONTRACTS = (Searcher, Scheduler, Backend, Benchmark, StoppingCriterion, ResultComposer, Observer)
ABILITIES = (
    *(WeighsBrackets, ChoosesTrials, Recommends, BoundsRegret),
    *(RanksPausedTrials, ExplainsDecisions, ShowsDevices, Simulatable, Blackbox, Executable),
)
DOORS = {"tunekit", "tunekit.figures", "tunekit_core", "tunekit_core.testing"}
FRAMEWORKS = {
    f"tunekit.callbacks.{name}" for name in ("keras", "lightgbm", "lightning", "sklearn", "transformers", "xgboost")
}
EXAMPLES = sorted((ROOT / "docs" / "examples").rglob("*.py"))
PAGES = sorted(page for page in (ROOT / "docs").rglob("*.md") if "reference" not in page.parts)
GATE = sorted((ROOT / "tunekit_core" / "engine" / "gate").glob("*.py"))
MESSAGES = ROOT / "docs" / "explanation" / "what-changes-when.md"
IMPORTED = re.compile(r"^\s*(?:from|import) (tunekit(?:_core)?(?:\.\w+)*)(?=\s)", re.MULTILINE)


@pytest.mark.parametrize("contract", [*CONTRACTS, *ABILITIES], ids=lambda contract: contract.__name__)
def test_the_reference_of_hooks_has_every_method_of_a_contract(contract):
    page = (ROOT / "docs" / "reference" / "hooks.md").read_text(encoding="utf-8")
    section = page.partition(f"\n### {contract.__name__}\n")[2].partition("\n## ")[0].partition("\n### ")[0]
    methods = [name for name, value in vars(contract).items() if inspect.isfunction(value)]
    wanted = [name for name in methods if name == "__call__" or not name.startswith("_")]
    assert section
    assert [name for name in wanted if f"**`{name}(" not in section] == []


@pytest.mark.parametrize("file", [*EXAMPLES, *PAGES], ids=lambda file: file.relative_to(ROOT / "docs").as_posix())
def test_a_page_and_an_example_import_from_the_doors_alone(file):
    assert set(IMPORTED.findall(file.read_text(encoding="utf-8"))) <= DOORS | FRAMEWORKS


def test_the_messages_that_a_page_quotes_are_those_of_the_gate():
    source = "".join(re.sub(r'"\n\s+f?"', "", file.read_text(encoding="utf-8")) for file in GATE)
    rows = MESSAGES.read_text(encoding="utf-8").partition("| from | what it says |")[2].partition("\n\n")[0]
    pieces = [piece for quoted in re.findall(r"`([^`]*…[^`]*)`", rows) for piece in quoted.split("…")]
    assert len(pieces) > 40
    assert [piece for piece in pieces if piece not in source] == []
