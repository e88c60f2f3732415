from __future__ import annotations

import re
from pathlib import Path

from bot.dispatch.phi import KINDS
from tests.dispatch.phi.samples import LEAKS, ORDINARY, slow_texts

PAGE = (Path(__file__).parents[3] / "docs" / "privacy-guard.md").read_text()


def test_the_page_lists_every_kind_with_its_tier_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (block|warn) \|", PAGE, re.MULTILINE)
    assert dict(rows) == {slug: kind.tier.value for slug, kind in KINDS.items()}


def test_the_page_tells_the_size_of_the_corpus_as_it_is() -> None:
    assert f"({len(LEAKS)} texts" in PAGE
    assert f"({len(ORDINARY)} texts" in PAGE
    assert f"({len(slow_texts()) - 3} texts" in PAGE
