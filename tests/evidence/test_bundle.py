"""`change evidence`: one zip that verifies on a machine without Wardroom."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

from bot.model import Reason
from bot.render.text import text
from tests.house import Chat

NAME = "evidence-CHG-1"
REASON = "the order queue stands still"
CANARY = "MRN 943-476-5919"


async def deployed(chat: Chat) -> None:
    ask = f'deploy lab-results 1.4.2 to production --reason "{REASON}"'
    await chat.approved(ask, "release-manager", "engineer-2")
    assert (await chat.ended("DEP-1")).reason is Reason.OK


async def made(chat: Chat, person: str) -> tuple[bytes, str]:
    """The zip that somebody gets, and its page as text."""
    reader = chat.house.directory.person(person)
    assert reader is not None
    bundle = await chat.house.evidence.made("CHG-1", reader)
    return bundle.content, "\n\n".join(map(text, bundle.sheets))


def unzipped(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder / NAME


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "verify_export.py", "audit.jsonl"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


async def test_the_bundle_verifies_alone_and_no_byte_of_it_may_change(
    chat: Chat, tmp_path: Path
) -> None:
    await deployed(chat)
    content, _ = await made(chat, "security-officer")
    folder = unzipped(content, tmp_path / "auditor")
    assert sorted(file.name for file in folder.iterdir()) == [
        "README.txt",
        "audit.jsonl",
        "audit.jsonl.checkpoint",
        "audit.jsonl.manifest.json",
        "audit.jsonl.openings",
        "audit.jsonl.proofs",
        "evidence.html",
        "verify_export.py",
    ]
    whole = verified(folder)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    for name in ("audit.jsonl", "audit.jsonl.proofs", "audit.jsonl.openings"):
        kept = (folder / name).read_bytes()
        at = kept.index(b'"', len(kept) // 2) + 1
        (folder / name).write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
        assert verified(folder).returncode != 0, name
        (folder / name).write_bytes(kept)


async def test_the_page_tells_the_whole_story_and_where_each_line_is_from(chat: Chat) -> None:
    await deployed(chat)
    _, page = await made(chat, "security-officer")
    request = await chat.house.stores.requests.show("REQ-1")
    assert request is not None
    for said in (
        REASON,
        request.digest,
        "release-manager",
        "engineer-2",
        "production-class-b-two-approvals",
        "build lab-results-1.4.2 is green",
        "none holds at",
        "held by DEP-1",
        "every gate passed at the trigger",
        "Smoke probe: done production answers 1.4.2.",
        "started d1",
    ):
        assert said in page, said
    rows = [line for line in page.splitlines() if line.startswith("row")]
    assert rows, "what only the register says is marked as a row"


async def test_what_people_wrote_is_withheld_from_who_may_not_read_it(
    chat: Chat, tmp_path: Path
) -> None:
    await deployed(chat)
    content, page = await made(chat, "release-manager")
    assert REASON not in page
    assert "(withheld)" in page
    folder = unzipped(content, tmp_path)
    assert not (folder / "audit.jsonl.openings").exists()
    assert all(REASON.encode() not in file.read_bytes() for file in folder.iterdir())
    assert verified(folder).returncode == 0


async def test_asking_for_evidence_is_an_event_of_the_change(chat: Chat) -> None:
    await deployed(chat)
    said = await chat.say("change evidence CHG-1", as_="security-officer")
    assert said.reason is Reason.OK
    assert said.refs["change"] == "CHG-1"
    assert said.buttons[-1].url.endswith("/changes/CHG-1/evidence.zip")
    kinds = [e.data["kind"] for e in await chat.events(verb="change evidence", change="CHG-1")]
    assert kinds == ["intent", "outcome"]
    missing = await chat.say("change evidence CHG-9", as_="security-officer")
    assert missing.reason is Reason.NOT_FOUND


async def test_patient_data_comes_into_no_bundle(chat: Chat, tmp_path: Path) -> None:
    await deployed(chat)
    blocked = await chat.say(f'change close CHG-1 failed --note "{CANARY}"')
    assert blocked.reason is Reason.PHI_BLOCKED
    content, page = await made(chat, "security-officer")
    folder = unzipped(content, tmp_path)
    assert "943-476-5919" not in page
    assert all(b"943-476-5919" not in file.read_bytes() for file in folder.iterdir())
