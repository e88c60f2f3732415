"""Verifies an audit log, an export of it or a proof of one event, from their bytes alone.

This needs nothing but Python's standard library (3.9 or newer), and shares no code with what
writes the log. An auditor takes it along as one file, `wardroom audit verifier --out
verify_export.py`:

    python3 -I verify_export.py FILE --key NAME+ID+KEY --kept OLDER.checkpoint
    python3 -I verify_export.py --proof EVENT.tlog-proof --key NAME+ID+KEY

FILE is an export (JSONL or CSV). Beside it lie `FILE.manifest.json`, which describes it;
`FILE.checkpoint`, the log's size and root signed by the log (a C2SP signed note); and, where FILE
is a part of the log, `FILE.proofs`, a line for each event: `{"seq":7,"proof":[HEX, ...]}`, the
hashes on its way to the root. The log is an RFC 6962 Merkle tree over the events' stored bytes.

Two verdicts, for they are two questions:

integrity     Are these the events that the checkpoint is of, and did a given key sign it?
              SIGNATURE, SIZE, ROOT: no. FILE: the export is not what its manifest says. HASHES:
              the events are right, a hash kept beside them is not. DATABASE: it cannot be read,
              or would not find every event. FORM: no log of ours writes an event like that.
              BODY: the content of an event is gone, and no event of the log says it was pruned.
completeness  Is this the log that others saw, all of it? Only a checkpoint that was kept elsewhere
              can say so (`--kept`). FORK: it has another past. ROLLBACK: it once was longer.
              UNANCHORED n..m: nobody outside vouches for these events yet, for they are younger
              than the newest checkpoint that was kept; who has the log's key could rewrite them.

A log prunes what it need not keep any more: the content goes to an archive, which verifies by
itself, and the hash stays. An event of the log says which events, and names the archive; both are
said here, and only what such an event names may be gone.

Exit code 0: both hold, as far as they were asked for (without --kept only integrity is);
1: one does not; 2: something could not be read; 3: nothing is wrong, and a part is UNANCHORED.
"""

from __future__ import annotations

from bot.audit.verify.bundle import (
    MANIFEST_FORMAT,
    checkpoint_of,
    manifest_of,
    proofs_of,
    verify_file,
)
from bot.audit.verify.findings import (
    MAX_PROBLEMS,
    NOT_WHOLE,
    TILE,
    UNANCHORED,
    UNREADABLE,
    WHOLE,
    Findings,
    Head,
    Unreadable,
    report,
)
from bot.audit.verify.notes import Key, Note, believed
from bot.audit.verify.openings import openings_of
from bot.audit.verify.program import main
from bot.audit.verify.proofs import read_kept, verify_proof
from bot.audit.verify.pruned import (
    GONE,
    Pruning,
    Run,
    counted,
    joined,
    line_of,
    named_runs,
    without,
    written_runs,
)
from bot.audit.verify.spreadsheet import COLUMNS, bare_cells, cells
from bot.audit.verify.walk import check

__all__ = [
    "COLUMNS",
    "GONE",
    "MANIFEST_FORMAT",
    "MAX_PROBLEMS",
    "NOT_WHOLE",
    "TILE",
    "UNANCHORED",
    "UNREADABLE",
    "WHOLE",
    "Findings",
    "Head",
    "Key",
    "Note",
    "Pruning",
    "Run",
    "Unreadable",
    "bare_cells",
    "believed",
    "cells",
    "check",
    "checkpoint_of",
    "counted",
    "joined",
    "line_of",
    "main",
    "manifest_of",
    "named_runs",
    "openings_of",
    "proofs_of",
    "read_kept",
    "report",
    "verify_file",
    "verify_proof",
    "without",
    "written_runs",
]
