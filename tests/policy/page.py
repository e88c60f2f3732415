"""Takes the files of docs/policies.md out of the page, as somebody who follows it would."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.house import write_site

PAGE = (Path(__file__).parent.parent.parent / "docs/policies.md").read_text("utf-8")


def example() -> dict[str, str]:
    """Return the files of the whole example, by name."""
    begin = PAGE.index("## A whole example")
    section = PAGE[begin : PAGE.index("### Try it", begin)]
    return dict(
        re.findall(r"^`([\w./-]+)`.*?^```\w+\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    )


def blocks(heading: str, language: str) -> list[str]:
    """Return the code blocks under a heading."""
    begin = PAGE.index(f"## {heading}\n")
    end = PAGE.find("\n## ", begin + 1)
    section = PAGE[begin : end if end > 0 else len(PAGE)]
    return re.findall(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def follow(folder: Path, url: str) -> Path:
    """Write a small hospital that did what the page says; returns its settings file."""
    files = example()
    file = write_site(folder, url, **yaml.safe_load(files["wardroom.yaml"]))
    people = yaml.safe_load((folder / "people.yaml").read_text())
    people += yaml.safe_load(files["people.yaml"])
    (folder / "people.yaml").write_text(yaml.safe_dump(people))
    for name in ("calendars.yaml", "oncall.yaml", "policies/roles.yaml", "policies/pharmacy.cedar"):
        place = folder / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(files[name])
    return file
