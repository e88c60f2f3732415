"""What no tracked file says: where it was made, what is not finished."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house_rules.tree import PRODUCT, python_files, text, tracked

# Put together here, so that this file does not say them either.
REGISTRIES = re.compile(
    "|".join(
        [
            r"pypi\." + "org",
            r"python" + r"hosted\.org",
            r"npm" + r"js\.(org|com)",
            r"proxy\.golang\." + "org",
            r"files" + r"\.pythonhosted",
            r"/sim" + r"ple/?\b(?=.*index)",
        ]
    )
)
MACHINES = re.compile("|".join(["(?<![a-z.])/wo" + "rk/", "/ro" + "ot/", "/ho" + r"me/[a-z]+/"]))
UNFINISHED = re.compile(
    r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b"
)


def _found(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in files
        for number, line in enumerate(text(path).splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_registry() -> None:
    assert _found(REGISTRIES, list(tracked())) == []


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    assert _found(MACHINES, list(tracked())) == []


def test_nothing_in_the_product_is_marked_unfinished() -> None:
    files = [path for path in tracked() if path.parts[0] in PRODUCT]

    assert _found(UNFINISHED, files) == []


def test_only_the_settings_read_the_environment() -> None:
    reading = {
        str(path)
        for path in python_files("bot", "commands", "integrations")
        if re.search(r"\bos\.(environ|getenv)\b|\bfrom os import .*environ", text(path))
    }

    assert reading == {"bot/settings.py"}


def test_every_silenced_check_carries_its_reason() -> None:
    silenced = re.compile(r"# (?:noqa|type: ignore)(?:: ?[A-Z0-9, ]+|\[[a-z-, ]+\])?(?P<why>.*)$")
    without = [
        f"{path}:{number}"
        for path in python_files(*PRODUCT, "tests", "benchmarks")
        for number, line in enumerate(text(path).splitlines(), 1)
        if (found := silenced.search(line)) and len(found["why"].strip(" #-")) < len("JSON")
    ]

    assert without == []
