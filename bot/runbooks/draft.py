"""The first text of a runbook, from an answered form: to be completed, reviewed and put in place.

Nothing is written on the server: a runbook counts once somebody has reviewed its file.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from bot import documents
from bot.errors import BadInput
from bot.model import Reply
from bot.runbooks.document import understand
from bot.runbooks.shelf import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.api import WantedRunbook
    from bot.runbooks.desk import RunbookDesk

_SCHEMA: Final = "# yaml-language-server: $schema=../docs/runbook.schema.json\n"
_WIDE: Final = 100


def draft(desk: RunbookDesk, wanted: WantedRunbook) -> Reply:
    """Return the text; `BadInput` says what would have to be mended in it."""
    if desk.shelf.get(wanted.name) is not None:
        raise BadInput(
            f"There is a runbook {wanted.name}: `runbook show {wanted.name}`. Take another name."
        )
    text = _SCHEMA + yaml.safe_dump(
        _document(wanted), sort_keys=False, allow_unicode=True, width=_WIDE
    )
    file = Path(f"{wanted.name}.yaml")
    read = understand(documents.parsed(text))
    digest = hashlib.sha256(text.encode()).hexdigest()
    problems = desk.lint(Volume(wanted.name, file, text, digest, read.book, read.problems))
    if problems:
        raise BadInput(f"That would be no runbook: {'; '.join(problems)}.")
    return Reply(
        f"{file}: complete its steps, have it reviewed, and put it into the folder of your "
        f"runbooks; `wardroom runbook lint {file}` checks it. Nothing was written here.",
        title=wanted.title,
        code=text,
        refs={"runbook": wanted.name},
    )


def _document(wanted: WantedRunbook) -> dict[str, object]:
    return {
        "name": wanted.name,
        "title": wanted.title,
        "owner": wanted.owner,
        "review_by": _day(wanted.review_by),
        "severity": int(wanted.severity) if wanted.severity.isdigit() else wanted.severity,
        "summary": wanted.summary,
        "services": [wanted.service] if wanted.service else [],
        "contacts": [{"who": wanted.owner, "by": "the on-call list"}],
        "rollback": "Say here how to go back. The steps below change nothing yet.",
        "steps": _steps(wanted),
    }


def _day(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text  # the format says what is wrong with it


def _steps(wanted: WantedRunbook) -> Sequence[dict[str, object]]:
    look: dict[str, object] = {
        "id": "look",
        "manual": "Say here where to look, and how it looks when it is well.",
    }
    probes: dict[str, object] = {"id": "probes", "run": f"probe all {wanted.service}"}
    evidence = ["probes", "look"] if wanted.service else ["look"]
    return [
        *([probes] if wanted.service else []),
        look,
        {
            "id": "cause",
            "decision": "Say here what has to be decided",
            "evidence": evidence,
            "within_minutes": 30,
            "options": [
                {
                    "option": "known",
                    "consequence": "Say here what follows from it, for patients too.",
                },
                {
                    "option": "unknown",
                    "consequence": "Say here what follows from it, and who takes over.",
                },
            ],
        },
        {
            "id": "told",
            "notify": "Say here what they are told, and when they hear the next news.",
            "people": [wanted.owner],
        },
    ]
