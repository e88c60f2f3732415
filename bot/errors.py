"""Every error of ours, in two kinds: the user's is said as written, ours is only referred to.

::

    WardroomError
    ├── Refused                  the user's: text is said as written, with its reason code
    │   ├── BadInput             what was typed is not a command; says what to type instead
    │   ├── NotIdentified        the account belongs to nobody we know
    │   ├── NotAuthorised        a policy said no; carries the policy ids
    │   ├── PhiBlocked           patient data; carries kinds, never a value
    │   ├── StillBuilding        what is asked for has to wait for a build; carries the build
    │   ├── NeedsForm            arguments are missing; carries the form to show
    │   └── Incomplete           what a command was given does not do; its form is shown again
    ├── IntegrationError         a vendor failed; its text is one clear sentence, safe to show
    │   ├── Unreachable          no answer: nothing is known about what happened there
    │   │   └── Throttled        it asks to come back later: nothing happened there
    │   └── Rejected             it answered no: nothing happened there
    ├── AuditUnavailable         the record could not be written, so nothing was done
    ├── StoreFailed              what we keep could not be read or written
    ├── Conflict                 the row changed under us, or the thing already ended
    └── ConfigurationError       refuse to start; names the setting's path and the mend

Anything else that escapes a command is ours: the user reads "something failed (ref 4f2a)", the
log has the detail, and neither has the message body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.model import Build, Form


class WardroomError(Exception):
    """The root of every error that Wardroom raises on purpose."""


class Refused(WardroomError):
    """The user's error: `text` is said as written and `reason` ends the attempt."""

    def __init__(
        self, reason: Reason, text: str, *, policies: Sequence[str] = (), hint: str = ""
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.policies = tuple(policies)
        self.hint = hint


class BadInput(Refused):
    """What was typed is not a command; `text` says what was wrong and what to type instead."""

    def __init__(self, text: str, *, reason: Reason = Reason.BAD_INPUT, hint: str = "") -> None:
        super().__init__(reason, text, hint=hint)


class NotIdentified(Refused):
    """The account belongs to nobody in the people directory."""

    def __init__(self, text: str) -> None:
        super().__init__(Reason.NOT_IDENTIFIED, text)


class NotAuthorised(Refused):
    """A policy said no; `policies` are the deciding policy ids."""

    def __init__(self, text: str, *, policies: Sequence[str] = ()) -> None:
        super().__init__(Reason.NOT_AUTHORISED, text, policies=policies)


class PhiBlocked(Refused):
    """The text holds patient data; `kinds` names the detectors that said so."""

    def __init__(self, text: str, *, kinds: Sequence[str]) -> None:
        super().__init__(Reason.PHI_BLOCKED, text)
        self.kinds = tuple(kinds)


class StillBuilding(Refused):
    """CI has not come to an end for what is asked for; `build` is what that has to wait for."""

    def __init__(self, text: str, build: Build) -> None:
        super().__init__(Reason.CI_NOT_GREEN, text)
        self.build = build


class NeedsForm(Refused):
    """Arguments are missing; `form` asks for them where the platform can show one."""

    def __init__(self, text: str, form: Form) -> None:
        super().__init__(Reason.BAD_INPUT, text)
        self.form = form


class Incomplete(Refused):
    """Arguments are missing or wrong for what is asked: one sentence each, by argument."""

    def __init__(self, text: str, problems: Mapping[str, str]) -> None:
        super().__init__(Reason.BAD_INPUT, text)
        self.problems = dict(problems)


class IntegrationError(WardroomError):
    """A vendor failed; `text` is one clear sentence that is safe to show."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Unreachable(IntegrationError):
    """The vendor did not answer: whether anything happened there is not known."""


class Throttled(Unreachable):
    """The vendor asks to come back later, in `seconds`; nothing happened there."""

    def __init__(self, text: str, seconds: int) -> None:
        super().__init__(text)
        self.seconds = seconds


class Rejected(IntegrationError):
    """The vendor answered no: nothing happened there."""


class AuditUnavailable(WardroomError):
    """The record could not be written within its deadline, so nothing was done."""


class StoreFailed(WardroomError):
    """What we keep could not be read or written; the text names the error, never what it quotes."""


class Conflict(WardroomError):
    """The row changed under us, or the thing had already ended; `text` says how."""

    def __init__(self, text: str, *, reason: Reason = Reason.FAILED) -> None:
        super().__init__(text)
        self.text = text
        self.reason = reason


class ConfigurationError(WardroomError):
    """Refuse to start: names the setting's path and the mend."""
