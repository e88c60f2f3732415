"""Help that shows what the caller may do, the tour, and one's own last commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.model import Account, AccountKind, Reason, StepState, Style
from tests.house import Chat, opened
from tests.road.test_link import SLACK, TEAMS, a_code, linked

GUEST = Account("slack", "U0001", "T0001", AccountKind.GUEST)


async def test_help_has_an_example_to_copy_for_each_command_that_is_allowed(chat: Chat) -> None:
    reply = await chat.say("help", as_="engineer")
    assert reply.table is not None
    engineer = chat.house.directory.person("engineer")
    assert engineer is not None
    allowed = [command.name for command in chat.house.manual.allowed(engineer)]
    assert [row[0] for row in reply.table.rows] == allowed
    assert "deploy" in allowed
    assert all(row[2].startswith(row[0]) for row in reply.table.rows)


@pytest.mark.parametrize(("account", "may"), [(TEAMS, {"help", "link"}), (GUEST, {"help"})])
async def test_a_stranger_is_shown_what_a_stranger_may_do(
    chat: Chat, account: Account, may: set[str]
) -> None:
    reply = await chat.say("help", account=account)
    assert reply.table is not None
    assert {row[0] for row in reply.table.rows} == may
    assert reply.buttons == ()


@pytest.fixture
def strict_site(site: Path) -> Path:
    """A site whose own policy lets nobody build."""
    rule = 'forbid (principal, action == Action::"run", resource == Command::"ci run");'
    (site.parent / "site.cedar").write_text(f'@id("no-builds")\n{rule}\n')
    settings = json.loads(site.read_text())
    site.write_text(json.dumps({**settings, "policies": ["site.cedar"]}))
    return site


async def test_help_follows_the_policies_of_the_site(strict_site: Path) -> None:
    async with opened(strict_site) as chat:
        assert (await chat.say("ci run portal 1.4.2")).reason is Reason.NOT_AUTHORISED
        reply = await chat.say("help")
        assert reply.table is not None
        shown = {row[0] for row in reply.table.rows}
        assert "ci run" not in shown
        assert "deploy" in shown


@pytest.mark.parametrize("text", ["help deploy", "deploy --help", "help /deploy", "HELP `deploy`"])
async def test_help_of_one_command_says_how_and_who(chat: Chat, text: str) -> None:
    reply = await chat.say(text)
    assert reply.title == "deploy"
    shown = dict(reply.fields)
    assert shown["Needs the role"] == "deployer"
    assert "--dry-run" in shown["Usage"]
    assert "`deploy status`" in shown["See also"]
    assert reply.items[0].startswith("`deploy lab-results")
    assert "changes something" in reply.text


async def test_help_says_of_what_only_reads_that_it_does(chat: Chat) -> None:
    assert "only reads" in (await chat.say("help ci status")).text


@pytest.mark.parametrize("text", ["help audit", "audit --help"])
async def test_help_of_a_first_word_lists_what_begins_with_it(chat: Chat, text: str) -> None:
    reply = await chat.say(text)
    assert reply.table is not None
    names = "checkpoint consistency prove save saved search show unsave verify"
    assert [row[0] for row in reply.table.rows] == [f"audit {name}" for name in names.split()]


@pytest.mark.parametrize("text", ["", "  ", "help", "--help", "\u00a0"])
async def test_nothing_at_all_is_help(chat: Chat, text: str) -> None:
    assert (await chat.say(text)).title == "Help"


async def test_help_of_what_is_not_allowed_says_which_role_it_needs(chat: Chat) -> None:
    reply = await chat.say("help deploy", as_="service-desk")
    assert reply.reason is Reason.NOT_AUTHORISED
    assert "needs the role deployer" in reply.text
    assert reply.items == ()
    assert reply.table is not None
    shown = [row[0] for row in reply.table.rows]
    names = "history list status validate where"
    assert shown == [f"deploy {name}" for name in names.split()], "these are allowed"


@pytest.mark.parametrize(
    ("text", "who", "meant"),
    [
        ("help depoly", "engineer", "`deploy`"),
        ("help audit serach", "engineer", "`audit search`"),
        ("help chagne", "engineer", "`change`"),
        ("help rolback", "service-desk", ""),
        ("help rolback", "engineer", "`rollback`"),
    ],
)
async def test_a_slip_in_help_is_answered_with_what_the_caller_could_mean(
    chat: Chat, text: str, who: str, meant: str
) -> None:
    reply = await chat.say(text, as_=who)
    assert reply.reason is Reason.UNKNOWN_COMMAND
    assert ("Did you mean" in reply.text) is bool(meant)
    assert meant in reply.text


async def test_help_as_an_argument_stays_an_argument(chat: Chat) -> None:
    reply = await chat.say("audit search help")
    assert reply.title != "Help"
    assert reply.reason is Reason.OK


async def test_the_tour_goes_through_five_commands_that_change_nothing(chat: Chat) -> None:
    before, stop = chat.ci.jobs, await chat.say("tour")
    assert "Welcome, Engineer" in stop.text
    typed = []
    for number in range(1, 6):
        forward, command = stop.buttons
        typed.append(command.command)
        states = [step.state for step in stop.progress]
        assert states.index(StepState.RUNNING) == number - 1
        done = await chat.say(command.command)
        assert done.reason is Reason.OK, done.text
        assert f"`{command.command}`" in stop.text
        if number < 5:
            assert (forward.label, forward.style) == ("Next", Style.PRIMARY)
            stop = await chat.say(forward.command)
    assert forward.command == "help"
    assert typed == ["whoami", "services", "ci status lab-results", "approvals", "recent"]
    assert chat.ci.jobs == before


async def test_the_tour_knows_its_stops(chat: Chat) -> None:
    assert (await chat.say("tour 3")).title == (await chat.say("tour stop 3")).title
    for text in ("tour 0", "tour 6"):
        reply = await chat.say(text)
        assert reply.reason is Reason.BAD_INPUT
        assert "`tour 1`" in reply.text
    assert (await chat.say("tour next")).reason is Reason.BAD_INPUT


async def test_recent_shows_my_own_last_commands_from_every_chat_newest_first(chat: Chat) -> None:
    await linked(chat)
    await chat.say("ci status portal 1.4.2", account=TEAMS)
    await chat.say("deploy pacs 1.5.0 to test --reason 'the \"new\" one'", account=SLACK)
    await chat.say("services", as_="engineer-2")
    await chat.say("depoly")
    await chat.say("approve REQ-7")
    reply = await chat.say("recent")
    assert reply.table is not None
    said = [(row[1], row[2]) for row in reply.table.rows]
    assert said == [
        ("approve REQ-7", "not_found"),
        ("(not a command)", "unknown_command"),
        ('deploy pacs 1.5.0 to test --reason "the \\"new\\" one"', "ci_not_green"),
        ("ci status of portal at 1.4.2", "ok"),
        ("link", "ok"),
    ]
    assert all(row[0] == "2026-11-22 12:00:00 UTC" for row in reply.table.rows)
    assert [button.command for button in reply.buttons] == ["ci status of portal at 1.4.2"]


async def test_what_recent_offers_to_type_again_is_the_same_command(chat: Chat) -> None:
    first = await chat.say('audit search for "since:7d \u201cfix\u201d" --limit 5')
    (button,) = (await chat.say("recent")).buttons
    again = await chat.say(button.command)
    assert again.reason is first.reason is Reason.OK
    one, two = [e.data["params"] for e in await chat.told(verb="audit search", kind="intent")]
    assert one == two


async def test_recent_never_offers_what_changes_something_or_was_not_recorded(chat: Chat) -> None:
    await a_code(chat)
    await chat.say("ci run portal 1.4.2")
    await chat.say("audit search patient MRN 12345678")
    reply = await chat.say("recent")
    assert reply.buttons == ()


async def test_recent_of_a_newcomer_points_to_the_tour(chat: Chat) -> None:
    assert "`tour`" in (await chat.say("recent", as_="commander")).text
