"""The documents say what is so: what they name exists."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.house_rules.tree import ROOT, functions, parsed, text, tracked

DOCUMENTS = [path for path in tracked() if path.suffix == ".md"]
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _direct_dependencies() -> list[str]:
    project = tomllib.loads(text(Path("pyproject.toml")))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return [re.split(r"[\[<>=!~ ]", name)[0] for name in wanted]


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    broken = [
        target
        for target in LINK.findall(text(path))
        if not (ROOT / path.parent / target).resolve().exists()
    ]

    assert broken == []


def test_every_invariant_names_a_test_that_exists() -> None:
    invariants = [
        line for line in text(Path("ARCHITECTURE.md")).splitlines() if line.startswith("- **")
    ]
    unproved = [line for line in invariants if not TEST.search(line)]
    missing = [
        f"{file}::{name}"
        for line in invariants
        for file, name in TEST.findall(line)
        if not (ROOT / file).is_file() or name not in {f.name for f in functions(Path(file))}
    ]

    assert invariants
    assert unproved == []
    assert missing == []


def test_every_direct_dependency_has_one_line_that_says_why() -> None:
    lines = text(Path("docs/dependencies.md")).splitlines()
    listed = [match[1] for line in lines if (match := re.match(r"\| `([\w.-]+)` \|", line))]

    assert sorted(listed) == sorted(_direct_dependencies())


def test_the_changelog_has_a_section_for_what_is_not_released() -> None:
    assert "\n## [Unreleased]\n" in text(Path("CHANGELOG.md"))


def test_every_make_target_and_command_line_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text(Path("Makefile")), re.MULTILINE))
    cli = {
        ast.literal_eval(key)
        for node in ast.walk(parsed(Path("bot/cli/__init__.py")))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if key is not None
    }
    wrong = [
        f"{path}: {found}"
        for path in DOCUMENTS
        for found in re.findall(
            r"(?:^|`)((?:make|(?:\.venv/bin/)?wardroom) [a-z-]+)", text(path), re.MULTILINE
        )
        if found.split()[1] not in (targets if found.startswith("make") else cli)
    ]

    assert wrong == []
