"""Synthetic patients who come, move and go: the ADT messages that the feed sends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

EVENTS = ("A01", "A03")
PATIENTS = 40
WARDS = ("MED", "SURG", "ICU", "ED")


def adt(event: str, patient: int, control: str, at: dt.datetime) -> str:
    """Return one ADT message about a synthetic patient."""
    stamp = at.strftime("%Y%m%d%H%M%S")
    ward = WARDS[patient % len(WARDS)]
    segments = [
        f"MSH|^~\\&|ADT|HOSP|LAB|HOSP|{stamp}||ADT^{event}|{control}|T|2.5.1",
        f"EVN|{event}|{stamp}",
        f"PID|1||ZZTEST{patient:04d}^^^HOSP^MR||ZZTEST^PATIENT{patient:04d}",
        f"PV1|1|I|{ward}^{patient % 20 + 1}^A",
    ]
    return "\r".join([*segments, ""])


def stays(now: Callable[[], dt.datetime]) -> Iterator[str]:
    """Return messages for ever: every patient is admitted, then discharged, and comes back."""
    number = 0
    while True:
        for event in EVENTS:
            for patient in range(1, PATIENTS + 1):
                number += 1
                at = now()
                yield adt(event, patient, f"ADT{at:%y%m%d%H%M%S}{number:05d}", at)
