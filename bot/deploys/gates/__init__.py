"""What a deploy has to pass: when it is asked for, when it is carried out, and at its trigger."""

from __future__ import annotations

from bot.deploys.gates.gate import Asked, Gate, Moment, Shown, pass_all

__all__ = ["Asked", "Gate", "Moment", "Shown", "pass_all"]
