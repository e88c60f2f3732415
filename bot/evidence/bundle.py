"""Puts the evidence of a change into one zip: the page, the events with proofs, the verifier."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import Connection

from bot.audit.disclosure.vault import Vault
from bot.audit.export import Exported, Format, Part, export
from bot.audit.onefile import one_file
from bot.audit.verify import openings_of
from bot.evidence.gathering import Gathered

PAGE: Final = "evidence.html"
EVENTS: Final = "audit.jsonl"
VERIFIER: Final = "verify_export.py"
README: Final = "README.txt"
_STAMP: Final = (1980, 1, 1, 0, 0, 0)  # the files say nothing of when; their contents do


def exported(
    connection: Connection, gathered: Gathered, vault: Vault | None
) -> tuple[Exported, Mapping[str, bytes]]:
    """Return the events' export and its files; with a vault also what opens their digests."""
    with TemporaryDirectory(prefix="evidence-") as folder:
        made = export(
            connection, Path(folder) / EVENTS, Format.JSONL, Part.of(gathered.runs), vault
        )
        return made, {file.name: file.read_bytes() for file in made.files}


def zipped(name: str, files: Mapping[str, bytes], page: str, made: Exported) -> bytes:
    """Return the zip; the same contents make the same bytes."""
    has_openings = openings_of(made.file).name in files
    inside = {
        README: _readme(name, made, has_openings=has_openings).encode(),
        PAGE: page.encode(),
        **files,
        VERIFIER: one_file().encode(),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in inside.items():
            archive.writestr(zipfile.ZipInfo(f"{name}/{file}", _STAMP), content)
    return out.getvalue()


def _readme(name: str, made: Exported, *, has_openings: bool) -> str:
    texts = (
        f"{EVENTS}.openings has what people wrote freely and opens the digests in the events."
        if has_openings
        else "What people wrote freely is not in here: the events have digests of it only."
    )
    return f"""Evidence of {name}

{PAGE}: the change as a document to read and to print.
{EVENTS}: {made.count} events of the audit log, the bytes that were recorded, one a line.
{EVENTS}.proofs: for each the proof that it is in the log of {made.size} events.
{EVENTS}.checkpoint: the signed root of that log: {made.root}
{EVENTS}.manifest.json: what the export holds.
{texts}
{VERIFIER}: verifies all of this with Python 3.9 or later and nothing else. Take it from a release
of Wardroom that you trust rather than from here.

    python3 -I {VERIFIER} {EVENTS}
    python3 -I {VERIFIER} {EVENTS} --key NAME+ID+KEY --kept older.checkpoint

The key and a checkpoint that was kept elsewhere come from the auditor, not from this file: only
they show who signed, and that the log was not replaced as a whole.
"""
