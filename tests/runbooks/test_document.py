"""The how-to is true: its runbook is well, its list is the commands' own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

import commands
from bot import registry
from bot.dispatch.authorise.hierarchy import shipped
from bot.model import Risk
from bot.runbooks.document import KINDS
from bot.runbooks.lint import Linter
from bot.runbooks.shelf import volume
from tests.house_rules.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (ROOT / "docs/runbooks.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
KNOWN = registry.discover(commands)


def test_the_first_runbook_of_the_document_is_well(tmp_path: Path) -> None:
    example = EXAMPLES[0]
    file = tmp_path / "portal-down.yaml"
    file.write_text(example)

    assert Linter(KNOWN, frozenset(shipped().roles))(volume(file)) == []


@pytest.mark.parametrize("part", EXAMPLES[1:])
def test_the_parts_of_a_runbook_in_the_document_are_well(tmp_path: Path, part: str) -> None:
    file = tmp_path / "portal-down.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(EXAMPLES[0]), **yaml.safe_load(part)}))

    assert Linter(KNOWN, frozenset(shipped().roles))(volume(file)) == []


def test_the_document_names_what_may_change_something_in_a_runbook() -> None:
    open_ = [one for one in KNOWN.commands if one.runbooks]
    said = re.search(r"may be a step: now\n(.*?)\. The list", TEXT, re.DOTALL)

    assert said is not None
    assert re.findall(r"`([\w -]+)`", said[1]) == sorted(one.name for one in open_)
    assert all(one.risk is not Risk.READ for one in open_)


def test_the_document_explains_every_kind_of_step() -> None:
    assert re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE) == [
        "run",
        "manual",
        "decision",
        "notify",
        "wait_until",
        "together",
        "for_each",
    ]
    assert set(KINDS) == set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE))
