"""Asks systemd about a unit, on this machine or on another one over SSH: `systemctl show`.

The words are those of org.freedesktop.systemd1(5) and systemctl(1); nothing else is said on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.api import Finding, Standing
from integrations.probes import program, ssh
from integrations.probes.wire import Unwell

if TYPE_CHECKING:
    from datetime import datetime

    from bot.api import Endpoint, Login

ASKED: Final = (
    "systemctl",
    "show",
    "--no-pager",
    "--property=LoadState,ActiveState,SubState,Result,NRestarts",
    "--",
)
ACTIVE: Final = frozenset(
    {
        "active",
        "reloading",
        "refreshing",
        "inactive",
        "failed",
        "activating",
        "deactivating",
        "maintenance",
    }
)
WELL: Final = frozenset({"active", "reloading", "refreshing"})
SUB: Final = frozenset(
    {
        "dead",
        "condition",
        "start-pre",
        "start",
        "start-post",
        "running",
        "exited",
        "reload",
        "stop",
        "stop-watchdog",
        "stop-sigterm",
        "stop-sigkill",
        "stop-post",
        "final-sigterm",
        "final-sigkill",
        "failed",
        "auto-restart",
        "auto-restart-queued",
        "listening",
        "waiting",
        "elapsed",
        "mounted",
        "mounting",
        "active",
    }
)
RESULTS: Final = frozenset(
    {
        "success",
        "resources",
        "protocol",
        "timeout",
        "exit-code",
        "signal",
        "core-dump",
        "watchdog",
        "start-limit-hit",
        "exec-condition",
        "oom-kill",
    }
)
MOST_RESTARTS: Final = 10**9


async def systemd(endpoint: Endpoint, now: datetime, login: Login) -> Finding:
    """Ask about one unit, with the same words wherever it is."""
    del now
    command = (*ASKED, endpoint.unit)
    if endpoint.host:
        status, said = await ssh.ran(endpoint, login, command)
    else:
        status, said = await program.ran(command)
    if status:
        text = "cannot be asked: systemd does not run there, or does not answer"
        raise Unwell(text, "no_systemd", Standing.UNKNOWN)
    return judged(said)


def judged(said: str) -> Finding:
    """Judge what `systemctl show` prints; a unit that nobody knows is told apart."""
    found = dict(line.partition("=")[::2] for line in said.splitlines())
    active = found.get("ActiveState", "")
    if active not in ACTIVE:
        raise Unwell("cannot be asked: systemctl answers something else", "garbage")
    if found.get("LoadState") == "not-found":
        raise Unwell("is a unit that systemd there does not know", "no_unit")
    sub = _known(found.get("SubState", ""), SUB)
    # A target has no result: it runs nothing.
    result = _known(found.get("Result", "success"), RESULTS)
    figures = {"active": active, "sub": sub, "result": result}
    restarts = found.get("NRestarts", "")
    if restarts.isascii() and restarts.isdigit() and int(restarts) < MOST_RESTARTS:
        figures["restarts"] = str(int(restarts))
    text = f"is {active} ({sub})"
    if figures.get("restarts", "0") != "0":
        text = f"{text}, restarted {figures['restarts']} times by systemd"
    if active in WELL:
        return Finding(Standing.PASSED, text, active, figures)
    if result not in ("success", "other"):
        text = f"{text}; its last run ended with {result}"
    return Finding(Standing.FAILED, text, active, {**figures, "why": "not_active"})


def _known(word: str, words: frozenset[str]) -> str:
    """Return a word of systemd's, and nothing that somebody else put there."""
    return word if word in words else "other"
