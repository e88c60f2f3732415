"""Makes errors of ours from Slack's: by their codes, never by their words, which quote bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import IntegrationError, Rejected, Throttled, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_sdk.errors import SlackApiError

# Slack's words for "these blocks can't be drawn"; the text alone always can.
UNDRAWABLE = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})
LATER, THROTTLED = frozenset({"ratelimited", "rate_limited"}), 30  # seconds, where none are said


class SlackRefused(Rejected):
    """Slack answered no: `code` is its own word for why, `answer` all that it said."""

    def __init__(self, code: str, answer: Mapping[str, object]) -> None:
        super().__init__(f"Slack refused it: {code}.")
        self.code, self.answer = code, answer


class Undrawable(SlackRefused):
    """Slack refused the blocks of a message, and only them."""


def refusal(error: SlackApiError) -> IntegrationError:
    """Return what Slack's answer means."""
    data = getattr(error.response, "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    if code in LATER:
        wait = str(getattr(error.response, "headers", {}).get("Retry-After", ""))
        seconds = int(wait) if wait.isdecimal() else THROTTLED
        return Throttled("Slack asks to come back later.", seconds)
    if not isinstance(code, str) or not isinstance(data, dict):
        return Unreachable("Slack answered with something that can not be read.")
    return (Undrawable if code in UNDRAWABLE else SlackRefused)(code, data)
