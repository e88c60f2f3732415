"""Sends commands as a chat platform does, from a process of its own, and says what it saw."""

from __future__ import annotations

import asyncio
import json
import secrets
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from bot.adapters.slack.signature import sign

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS, CONCURRENCY, WARM_UP = 400, 16, 64


@dataclass(frozen=True)
class Target:
    """A server that takes commands, and who types which one there.

    With a `token` it is spoken to as Teams does, by a pressed button of a card; otherwise as Slack
    does, by a signed slash command. `team` is the Slack team or the Teams tenant.
    """

    name: str
    url: str
    secret: str
    text: str = "whoami"
    team: str = "T0HOME"
    user: str = "U1"
    command: str = "/ops"
    token: str = ""
    service_url: str = ""
    bot: str = ""


@dataclass
class Figures:
    """What one target did: seconds of every acknowledgement, by round."""

    rounds: list[list[float]] = field(default_factory=list)
    elapsed: list[float] = field(default_factory=list)
    failed: int = 0

    @property
    def rates(self) -> list[float]:
        """Return commands per second, by round."""
        return [len(r) / s for r, s in zip(self.rounds, self.elapsed, strict=True)]

    def percentile(self, percent: int) -> float:
        """Return the seconds that `percent` of all acknowledgements took at most."""
        every = sorted(seconds for r in self.rounds for seconds in r)
        return every[min(len(every) * percent // 100, len(every) - 1)]


def report(
    bare: Figures, whole: Figures, *, least_ratio: float, most_p99: float
) -> dict[str, object]:
    """Return what was found, and whether it is enough."""
    ratios = [ours / theirs for ours, theirs in zip(whole.rates, bare.rates, strict=True)]
    ratio, p99 = statistics.median(ratios), whole.percentile(99)
    return {
        "throughput_ratio": round(ratio, 3),
        "throughput_ratios": [round(r, 3) for r in ratios],
        "p50_ratio": round(whole.percentile(50) / bare.percentile(50), 2),
        "p99_ratio": round(p99 / bare.percentile(99), 2),
        "bare": _figures(bare),
        "wardroom": _figures(whole),
        "enough": ratio >= least_ratio and p99 < most_p99 and not (bare.failed or whole.failed),
    }


def _figures(of: Figures) -> dict[str, float]:
    return {
        "commands_per_second": round(statistics.median(of.rates), 1),
        "p50_ms": round(of.percentile(50) * 1000, 2),
        "p99_ms": round(of.percentile(99) * 1000, 2),
        "failed": of.failed,
    }


def measure(target: Target, into: Figures, *, commands: int = COMMANDS) -> None:
    """Have a client process send commands, and add what it saw."""
    job = json.dumps({"target": asdict(target), "commands": commands})
    # A process of its own: the client's work is not taken for the server's.
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=job,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    into.rounds.append(found["seconds"])
    into.elapsed.append(found["elapsed"])
    into.failed += found["failed"]


async def send_all(target: Target, commands: int) -> dict[str, object]:
    """Send commands over as many connections as are to be at work at once."""
    left = iter(range(commands))
    seconds: list[float] = []
    started = time.perf_counter()
    failed = await asyncio.gather(
        *(_one_connection(target, left, seconds) for _ in range(CONCURRENCY))
    )
    elapsed = time.perf_counter() - started
    return {"seconds": seconds, "elapsed": elapsed, "failed": sum(failed)}


async def _one_connection(target: Target, left: Iterator[int], seconds: list[float]) -> int:
    address = urlsplit(target.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    failed = 0
    for _ in left:
        request = _request(target, address.path, f"{address.hostname}:{address.port}")
        started = time.perf_counter()
        writer.write(request)
        status = await _answered(reader)
        seconds.append(time.perf_counter() - started)
        failed += status != "200"
    writer.close()
    await writer.wait_closed()
    return failed


def _request(target: Target, path: str, host: str) -> bytes:
    if target.token:
        return _pressed(target, path, host)
    trigger = secrets.token_hex(8)
    body = urlencode(
        {
            "command": target.command,
            "text": target.text,
            "team_id": target.team,
            "user_id": target.user,
            "channel_id": "C1",
            "trigger_id": trigger,
        }
    ).encode()
    stamp = str(int(time.time()))
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        f"X-Slack-Request-Timestamp: {stamp}",
        f"X-Slack-Signature: {sign(target.secret, stamp, body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _answered(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    length = next(line.partition(":")[2] for line in head if line.startswith("content-length:"))
    await reader.readexactly(int(length))
    return head[0].split()[1]


def _pressed(target: Target, path: str, host: str) -> bytes:
    """Return the pressing of a card's button in a personal chat, as Teams sends it."""
    number = secrets.token_hex(8)
    action = {"type": "Action.Execute", "verb": "types", "data": {"types": target.text}}
    activity = {
        "type": "invoke",
        "name": "adaptiveCard/action",
        "id": f"f:{number}",
        "channelId": "msteams",
        "serviceUrl": target.service_url,
        "from": {"id": f"29:{target.user}", "name": "E", "aadObjectId": target.user},
        "conversation": {
            "id": "a:1-bench",
            "tenantId": target.team,
            "conversationType": "personal",
        },
        "recipient": {"id": target.bot, "name": "Wardroom"},
        "channelData": {"tenant": {"id": target.team}},
        "replyToId": "1790000000001",
        "value": {"action": action, "trigger": "manual"},
    }
    body = json.dumps(activity).encode()
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(body)}",
        f"Authorization: Bearer {target.token}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def main() -> None:
    """Do the job that stands on standard input; print what was seen."""
    job = json.load(sys.stdin)
    print(json.dumps(asyncio.run(send_all(Target(**job["target"]), job["commands"]))))


if __name__ == "__main__":
    main()
