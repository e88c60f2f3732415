"""Take laboratory results and patient moves over MLLP and acknowledge each of them."""

from __future__ import annotations

import collections
import datetime as dt
import itertools

import hl7  # type: ignore[import-not-found]  # lives in the hospital's environment, not in ours
import mllp
import runtime

TAKEN = {"ORU": ("PID", "OBR", "OBX"), "ADT": ("EVN", "PID")}
VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1")
SYNTHETIC = "ZZTEST"


class Unfit(ValueError):
    """A message that is not taken; `code` is AE for its content, AR for its kind."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Laboratory:
    """The listener's memory: how many messages were taken, refused, and why."""

    def __init__(self) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self._numbers = itertools.count(1)

    def answer(self, text: str) -> str:
        """Return the acknowledgement of one message; it never quotes what was sent."""
        code, header = "AA", _header(text)
        try:
            check(text, header)
        except Unfit as unfit:
            code = unfit.code
        self.counts[code] += 1
        return acknowledge(header, code, next(self._numbers))


def _header(text: str) -> list[str]:
    fields = text.partition("\r")[0].split("|")
    return [*fields, *[""] * (12 - len(fields))]


def check(text: str, header: list[str]) -> None:
    """Raise `Unfit` unless the message is whole, of a kind that is taken, and synthetic."""
    kind = header[8].partition("^")[0]
    if header[0] != "MSH" or kind not in TAKEN or header[11] not in VERSIONS:
        raise Unfit("AR", "not a message of a kind and version that is taken here")
    try:
        message = hl7.parse(text)
        missing = [name for name in TAKEN[kind] if not message.segments(name)]
    except (hl7.HL7Exception, KeyError) as error:
        raise Unfit("AE", "a segment is missing") from error
    if missing:
        raise Unfit("AE", "a segment is missing")
    if not str(message.segment("PID")(3)).startswith(SYNTHETIC):
        raise Unfit("AE", "only synthetic patients are known here")


def acknowledge(header: list[str], code: str, number: int) -> str:
    """Return an ACK that swaps sender and receiver and echoes the control id."""
    now = dt.datetime.now(dt.UTC).strftime("%Y%m%d%H%M%S")
    kind = "^".join(["ACK", *header[8].split("^")[1:2]])
    msh = ["MSH", "^~\\&", header[4], header[5], header[2], header[3], now, "", kind]
    msh += [f"LAB{number:08d}", header[10] or "T", header[11] or "2.5.1"]
    return "\r".join(["|".join(msh), f"MSA|{code}|{header[9]}", ""])


async def start(site: runtime.Site, health: runtime.Health) -> runtime.Work:
    """Listen for messages."""
    laboratory = Laboratory()
    health.counts["accepted"] = lambda: laboratory.counts["AA"]
    health.counts["errors"] = lambda: laboratory.counts["AE"]
    health.counts["rejected"] = lambda: laboratory.counts["AR"]
    return await mllp.listen(laboratory.answer, site.port)


if __name__ == "__main__":
    runtime.main("lab-results", start)
