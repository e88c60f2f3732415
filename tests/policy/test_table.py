"""APR-02: what a request needs follows from what it is about; no other approvals ever do."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dispatch.authorise import Facts, Policies
from bot.dispatch.turn import with_approvals
from bot.model import Approval, Reason
from bot.ports.control import LocalTime
from tests.databases import NOON
from tests.house import CLASSES, PEOPLE, Chat
from tests.policy.rules import KNOWN, person, policies

DEPLOY = KNOWN.get("deploy")
SHIPPED = Policies(KNOWN.commands)
ENGINEER = person("engineer", "engineer")
PLAIN = Facts("pacs", "production", "C", change=True, change_type="normal", change_risk="medium")
FRIDAY = LocalTime(5, 720, "2026-12-24", "Europe/London")


@pytest.mark.parametrize(
    ("when", "facts", "holds"),
    [
        ('context.criticality == "high"', {"criticality": "high"}, True),
        ('context.criticality == "high"', {"criticality": "low"}, False),
        ('context.tags.contains("feeds")', {"tags": frozenset({"feeds", "x"})}, True),
        ('context.tags.contains("feeds")', {}, False),
        ('context.sites.contains("north")', {"sites": frozenset({"north"})}, True),
        ("context.rollback", {"rollback": True}, True),
        ("context.rollback", {}, False),
        ('context.change_type == "emergency"', {"change_type": "emergency"}, True),
        ('context.change_type == "emergency"', {}, False),
        ('context.change_risk == "high"', {"change_risk": "high"}, True),
        ('context.clinical_impact != "none"', {"clinical_impact": "results late"}, True),
        ('context.clinical_impact != "none"', {"clinical_impact": "none"}, False),
        ('context.incident != ""', {"incident": "INC-4"}, True),
        ("context.unknown_authors", {"unknown_authors": True}, True),
        ("context.authors.contains(principal)", {"authors": frozenset({"engineer"})}, True),
        ("context.local.weekday == 5 && context.local.minute >= 720", {"local": FRIDAY}, True),
        (
            "context.local.weekday == 5 && context.local.minute >= 720",
            {"local": replace(FRIDAY, minute=719)},
            False,
        ),
        ("context.local.holiday", {"local": replace(FRIDAY, holiday=True)}, True),
        ("context.local.holiday", {"local": FRIDAY}, False),
        ('context.local.date >= datetime("2026-12-24")', {"local": FRIDAY}, True),
        ('context.local.date > datetime("2026-12-24")', {"local": FRIDAY}, False),
        ('context.local.zone == "Europe/London"', {"local": FRIDAY}, True),
    ],
)
def test_a_rule_may_ask_for_three_approvals_by_what_it_is_about(
    tmp_path: Path, when: str, facts: dict[str, object], *, holds: bool
) -> None:
    rule = f"""@id("three") @message("three") @needs("approval") @approvals("3")
    forbid (principal, action == Action::"run", resource in Group::"deploys")
    when {{ {when} }} unless {{ context.approvals.total >= 3 }};"""
    made = policies(tmp_path, rule)
    asked = replace(PLAIN, environment="test", **facts)  # type: ignore[arg-type] # its own fields
    assert DEPLOY is not None

    bare = made.may_run(ENGINEER, DEPLOY, asked)
    two = made.may_run(ENGINEER, DEPLOY, replace(asked, approvals=2))
    three = made.may_run(ENGINEER, DEPLOY, replace(asked, approvals=3))

    assert bare.wants_approval is two.wants_approval is holds
    assert bare.policies == (("three",) if holds else ("everybody-identified",))
    assert three.allowed


@pytest.mark.parametrize("safety", ["A", "B", "C"])
def test_the_shipped_table_over_every_set_of_up_to_three_people(safety: str) -> None:
    assert DEPLOY is not None
    facts = replace(PLAIN, safety_class=safety)
    others = [person(name, *roles) for name, roles in PEOPLE.items() if name != "engineer"]
    for size in range(4):
        for chosen in itertools.combinations(others, size):
            given_ = _given(facts, chosen)
            allowed = SHIPPED.may_run(ENGINEER, DEPLOY, given_).allowed
            assert allowed is _design(safety, [one.id for one in chosen]), [p.id for p in chosen]


ROLES = sorted(SHIPPED.roles)


@given(
    safety=st.sampled_from(["", "A", "B", "C", "D"]),
    crowd=st.lists(st.frozensets(st.sampled_from(ROLES), max_size=3), max_size=5),
    is_own=st.booleans(),
    wrote=st.booleans(),
)
def test_no_set_of_approvals_that_policy_does_not_allow_ever_is_enough(
    safety: str, crowd: list[frozenset[str]], *, is_own: bool, wrote: bool
) -> None:
    assert DEPLOY is not None
    people = [person(f"p{number}", *roles) for number, roles in enumerate(crowd)]
    people += [ENGINEER] if is_own else []
    authors = frozenset({people[0].id}) if wrote and people else frozenset[str]()
    facts = replace(PLAIN, safety_class=safety, authors=authors)
    counted = [
        one
        for one in people
        if SHIPPED.may_approve(one, DEPLOY, facts, requester="engineer").allowed
    ]

    says = SHIPPED.may_run(ENGINEER, DEPLOY, _given(facts, counted))

    held = [SHIPPED.held(one) for one in counted]
    managers = sum("release_manager" in roles for roles in held)
    officers = sum("clinical_safety_officer" in roles for roles in held)
    enough = {
        "A": managers >= 1,
        "B": managers >= 1 and len(counted) >= 2,
        "C": managers >= 1 and officers >= 1 and len(counted) >= 2,
    }
    assert not {one.id for one in counted} & {"engineer", *authors}
    assert says.allowed is enough.get(safety, False)


async def test_on_the_road_only_the_allowed_sets_run(chat: Chat) -> None:
    sets = [
        ("portal", ["engineer-2", "commander"]),
        ("portal", ["release-manager"]),
        ("lab-results", ["engineer-2", "engineer-2", "commander"]),
        ("lab-results", ["commander", "release-manager-2"]),
        ("pacs", ["release-manager", "release-manager-2", "commander"]),
        ("pacs", ["release-manager", "safety-officer"]),
    ]
    for service, people in sets:
        reply = await chat.say(f"deploy {service} 1.4.2 to production --reason try")
        assert reply.reason is Reason.PENDING_APPROVAL, reply.text
        for who in people:
            await chat.say(f"approve {reply.request}", as_=who)
        card = await chat.card(str(reply.request))
        if _design(CLASSES[service], people):
            deploy = card.refs["deploy"]
            assert (await chat.ended(deploy)).refs["state"] == "succeeded"
        else:
            assert card.reason is Reason.PENDING_APPROVAL
            await chat.say(f"cancel {reply.request}")
    assert len(chat.ci.deploys) == 3


def _given(facts: Facts, people: object) -> Facts:
    assert isinstance(people, list | tuple)
    good = [Approval(one.id, tuple(one.roles), NOON) for one in people]
    return with_approvals(facts, good, {one.id: SHIPPED.held(one) for one in people})


def _design(safety: str, people: list[str]) -> bool:
    """Say what section 6 of the design says, in other words than the policies."""
    roles = {name: set(PEOPLE[name]) for name in people}
    manager = any("release_manager" in held for held in roles.values())
    officer = any("clinical_safety_officer" in held for held in roles.values())
    if safety == "A":
        return manager
    two = len(roles) >= 2 and manager
    return two if safety == "B" else two and officer
