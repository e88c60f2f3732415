"""What `wardroom doctor` looks at: every step of an installation, each with its mend."""

from __future__ import annotations

from bot.doctor.finding import Finding, State
from bot.doctor.round import CHECKS, examine

__all__ = ["CHECKS", "Finding", "State", "examine"]
