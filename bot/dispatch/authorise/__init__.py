"""May this person do this? Cedar decides, closed by default; policies are data."""

from __future__ import annotations

from bot.dispatch.authorise.facts import Facts, about
from bot.dispatch.authorise.policies import Policies, Sight
from bot.dispatch.authorise.rule import Decision, Judged, Rule

__all__ = ["Decision", "Facts", "Judged", "Policies", "Rule", "Sight", "about"]
