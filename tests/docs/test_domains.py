"""The page that says what can be searched knows every domain."""

import re
from pathlib import Path

from tunekit_core import SearchSpace
from tunekit_core.space.text import FUNCTIONS, parse_domain

PAGE = Path(__file__).parents[2] / "docs/reference/search-space.md"


def test_every_domain_is_on_the_page_with_an_example_that_can_be_typed():
    examples = re.findall(r"^\| `(\w+\(.*?\))` \|", PAGE.read_text(), flags=re.MULTILINE)
    assert [example.partition("(")[0] for example in examples] == list(FUNCTIONS)
    assert len(SearchSpace({example: parse_domain(example) for example in examples}).names) == len(FUNCTIONS)
