"""Every command says what it does, shows how, and is typed by a test."""

from __future__ import annotations

import json
import re

import commands
from bot import registry
from bot.adapters.slack.manifest import manifest
from bot.cli.manifest import EXAMPLE_URL, pages
from tests.house_rules.tree import ROOT, python_files, text

KNOWN = registry.discover(commands).commands


def test_every_command_has_a_help_text_and_examples_of_itself() -> None:
    wrong = [
        command.name
        for command in KNOWN
        if not command.summary.endswith(".")
        or not all(example.startswith(command.name) for example in command.examples)
    ]

    assert wrong == []


def test_every_command_is_typed_by_a_test() -> None:
    typed = "\n".join(text(path) for path in python_files("tests"))
    missing = [
        command.name
        for command in KNOWN
        if not re.search(rf"[\"'`]{re.escape(command.name)}\b", typed)
    ]

    assert missing == []


def test_a_command_file_has_at_most_150_lines() -> None:
    assert [p for p in python_files("commands") if text(p).count("\n") > 150] == []


def test_the_slack_manifest_is_fresh() -> None:
    made = manifest(KNOWN, public_url=EXAMPLE_URL, is_socket_mode=False)

    kept = json.loads((ROOT / "manifest.json").read_text("utf-8"))

    assert kept == made, f"run: wardroom manifest slack --url {EXAMPLE_URL} > manifest.json"


def test_the_reference_of_commands_is_fresh() -> None:
    kept = (ROOT / "docs/commands.md").read_text("utf-8")

    assert kept == "\n".join(pages(KNOWN)) + "\n", (
        "run: wardroom manifest commands > docs/commands.md"
    )
