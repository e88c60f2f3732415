"""The openings beside an export: texts that its events have only digests of (RFC 9901)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from bot.audit.verify.findings import Findings

_SD_MARK: Final = b'"_sd_alg":"sha-256"'


def openings_of(file: Path) -> Path:
    """Return where an export's openings are, if it was made with any."""
    return file.with_name(f"{file.name}.openings")


def check_openings(
    openings: Iterable[bytes], bodies: Iterable[bytes], sha256: str, findings: Findings
) -> None:
    """Compare every opening with a digest of its event; both are in the order of the log.

    That some, or all, are not there is no fault: they are withheld, or were redacted.
    """
    digest = hashlib.sha256()
    events = _hidden_events(bodies)
    seq, known = 0, set[str]()
    for line in openings:
        digest.update(line)
        number, found = _read_opening(line)
        while 0 <= seq < number:
            seq, known = next(events, (-1, set()))
        if number <= 0 or seq != number or not found or not found <= known:
            said = f"event {number}" if number > 0 else "an event"
            findings.add("FILE", f"an opening of {said} is not what the record has a digest of")
            return
    if digest.hexdigest() != sha256:
        findings.add("FILE", "the openings are not those that the manifest describes")


def _hidden_events(bodies: Iterable[bytes]) -> Iterator[tuple[int, set[str]]]:
    """Return the numbers of the events with digests, and these."""
    for body in bodies:
        if _SD_MARK in body:
            try:
                event = json.loads(body)
                yield int(event["seq"]), set(_sd_digests(event))
            except (ValueError, KeyError, TypeError, RecursionError):
                continue  # what is wrong with the event is found elsewhere


def _sd_digests(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (each for each in value.get("_sd", ()) if isinstance(each, str))
        for inner in value.values():
            yield from _sd_digests(inner)


def _read_opening(line: bytes) -> tuple[int, set[str]]:
    """Return an event's number and the digests of its disclosures; 0 where there is none."""
    try:
        said = json.loads(line)
        hashes = (hashlib.sha256(each.encode("ascii")).digest() for each in said["disclosures"])
        found = {base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in hashes}
        return int(said["seq"]), found
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return 0, set()
