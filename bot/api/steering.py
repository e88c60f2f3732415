"""What may be asked of a deploy that is scheduled or runs."""

from __future__ import annotations

from typing import Protocol

from bot.api.command import Caller, Done


class Steering(Protocol):
    """Pauses, resumes and aborts deploys: for deployers, and for whoever asked or approved."""

    async def pause(self, caller: Caller, deploy_id: str, why: str) -> Done:
        """Have nothing further started until it is resumed; what runs is watched to its end."""
        ...

    async def resume(self, caller: Caller, deploy_id: str) -> Done:
        """Let a paused deploy go on; everything is asked again before the next trigger."""
        ...

    async def abort(self, caller: Caller, deploy_id: str, why: str) -> Done:
        """End a deploy before its next trigger, or before it begins."""
        ...
