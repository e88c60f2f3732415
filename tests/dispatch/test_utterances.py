"""One table: what people say gives the same typed command from every door.

A row is what somebody means, as it is typed on a plain keyboard; where a platform or a phone hands
over something else, the row says what. Slack and Teams send three characters as entities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

import commands
from bot import catalogue, directory, registry
from bot.dispatch.parse import Parser
from bot.errors import Refused
from bot.model import Reason
from tests.dispatch import doors
from tests.house import write_site

TRY = {"service": "portal", "version": "1.4.2", "environment": "test", "reason": "try it"}
MAIL = "<mailto:lab@hospital.example|lab@hospital.example>"
LINK = "BDFG-HJKL-MNPQ-RSTV"


@dataclass(frozen=True)
class Row:
    """What is meant, its command and arguments, and what a platform sends that is not just that."""

    text: str
    command: str
    values: dict[str, str] = field(default_factory=dict)
    slack: str | None = None
    teams: str | None = None


def _deploy(text: str, **other: Any) -> Row:
    values = {**TRY, **other.pop("values", {})}
    return Row(f"deploy portal 1.4.2 to test {text}", "deploy", values, **other)


def _reason(reason: str, **wire: str) -> Row:
    begin = "deploy portal 1.4.2 to test --reason"
    sent = {door: f"{begin} {text}" for door, text in wire.items()}
    return _deploy(f"--reason {reason}", values={"reason": reason}, **sent)


ROWS = [
    # the plain forms
    _deploy('--reason "try it"'),
    _deploy("--reason 'try it'"),
    _deploy("--reason try it"),
    _deploy('--reason="try it"'),
    Row("deploy portal 1.4.2 test --reason try it", "deploy", TRY),
    Row('Deploy Portal 1.4.2 TO Test --reason "try it"', "deploy", TRY),
    Row('deploy --reason "try it" portal 1.4.2 to test', "deploy", TRY),
    Row("deploy portal --reason 'try it' 1.4.2 to test", "deploy", TRY),
    Row("  deploy   portal\t1.4.2  to test   --reason  try it  ", "deploy", TRY),
    Row("deploy portal 1.4.2\nto test\n--reason try it", "deploy", TRY),
    Row("/deploy portal 1.4.2 to test --reason try it", "deploy", TRY),
    _deploy("--reason try it --change CHG-7", values={"change": "CHG-7"}),
    _deploy("--change chg-007 --reason try it", values={"change": "CHG-7"}),
    _deploy("--reason try it --dry-run", values={"dry_run": "true"}),
    _deploy('--dry-run --reason "try it"', values={"dry_run": "true"}),
    # what keyboards and phones make of it
    _deploy("--reason \u201ctry it\u201d"),
    _deploy("--reason \u201etry it\u201c"),
    _deploy("--reason \u00abtry it\u00bb"),
    _deploy("--reason \u2018try it\u2019"),
    _deploy("--reason=\u201ctry it\u201d"),
    _deploy("\u2014reason try it"),
    _deploy("\u2013reason \u201ctry it\u201d"),
    _deploy("\u2015reason try it"),
    _deploy("\u2212\u2212reason try it"),
    _deploy(
        "\u2014reason try it \u2014dry\u2011run".replace("\u2011", "-"), values={"dry_run": "true"}
    ),
    Row("deploy\u00a0portal 1.4.2 to\u202ftest --reason try it", "deploy", TRY),
    Row("\u200bdeploy portal\u200b 1.4.2 to test\ufeff --reason try it", "deploy", TRY),
    Row("deploy \u200b portal 1.4.2 to test --reason try it", "deploy", TRY),
    Row("deploy por\u00adtal 1.4\u2060.2 to test --reason try it", "deploy", TRY),
    # what Slack and Teams make of it
    _deploy(
        "--reason try it",
        slack="deploy portal <http://1.4.2|1.4.2> to test --reason try it",
        teams="deploy&nbsp;portal 1.4.2&nbsp;to test --reason try it",
    ),
    _deploy(
        '--reason "try it"',
        slack="deploy portal 1.4.2 to test --reason \u201ctry it\u201d",
        teams="deploy portal 1.4.2 to test &#8212;reason &quot;try it&quot;",
    ),
    _reason("R&D asked", slack="R&amp;D asked", teams="R&amp;D asked"),
    _reason("lab <-> ward", slack="lab &lt;-&gt; ward", teams="lab &lt;-&gt; ward"),
    _reason("it says &amp; here", slack="it says &amp;amp; here", teams="it says &amp;amp; here"),
    _reason("see https://ci.test/b/12", slack="see <https://ci.test/b/12>"),
    _reason("see wiki.test for it", slack="see <http://wiki.test|wiki.test> for it"),
    _reason("see https://ci.test/?a=1&b=2", slack="see <https://ci.test/?a=1&amp;b=2> ".rstrip()),
    _reason("ask lab@hospital.example", slack=f"ask {MAIL}"),
    _reason("ask @U0002 first", slack="ask <@U0002> first"),
    _reason("ask @U0002 first", slack="ask <@U0002|engineer-2> first"),
    _reason("as said in #C0001", slack="as said in <#C0001|general>"),
    _reason(
        "ask @Engineer Two", teams='ask <at id="1">Engineer Two</at>', slack="ask @Engineer Two"
    ),
    # free text is kept letter for letter
    _reason("it's stuck, isn't it"),
    _reason("'tis the queue"),
    _reason("wait\u2026  twice\u00a0over \u2014 no"),
    _reason("caf\u00e9 \u4e2d\u6587 \U0001f600"),
    _reason("look at -v and --verbose"),
    _deploy('--reason "the \\"new\\" one"', values={"reason": 'the "new" one'}),
    _deploy('--reason "C:\\\\temp"', values={"reason": "C:\\temp"}),
    _deploy('--reason "--dry-run"', values={"reason": "--dry-run"}),
    _deploy('--reason "a & b"', values={"reason": "a & b"}),
    _reason('say "--change" of it'),
    # words that are no free text
    Row("ci status portal <b>", "ci status", {"service": "portal", "ref": "<b>"}),
    Row('ci status portal "a&b c"', "ci status", {"service": "portal", "ref": "a&b c"}),
    Row("ci run portal at a&amp;b", "ci run", {"service": "portal", "ref": "a&amp;b"}),
    Row("ci status of portal", "ci status", {"service": "portal"}),
    Row("CI Status Portal", "ci status", {"service": "portal"}),
    Row(
        "ci status portal feature/a",
        "ci status",
        {"service": "portal", "ref": "feature/a"},
        slack="ci status portal <http://feature/a|feature/a>",
    ),
    Row("ci log 12", "ci log", {"build": "12"}),
    # every other verb
    Row("approve REQ-1", "approve", {"request": "REQ-1"}),
    Row("approve req-001", "approve", {"request": "REQ-1"}),
    Row(
        "approve REQ-1 --proposal 1a2b3c4d",
        "approve",
        {"request": "REQ-1", "proposal": "1a2b3c4d"},
        slack="approve REQ-1 \u2014proposal 1a2b3c4d",
        teams="approve REQ-1 &mdash;proposal 1a2b3c4d",
    ),
    Row("reject REQ-1 --reason not <now>", "reject", {"request": "REQ-1", "reason": "not <now>"}),
    Row("cancel REQ-1", "cancel", {"request": "REQ-1"}),
    Row("cancel REQ-1 --dry-run", "cancel", {"request": "REQ-1", "dry_run": "true"}),
    Row(
        "rollback portal test --reason try it",
        "rollback",
        {"service": "portal", "environment": "test", "reason": "try it"},
    ),
    Row(
        "change open for portal in test --summary a & b --impact none --backout go back --risk low",
        "change open",
        {
            "service": "portal",
            "environment": "test",
            "summary": "a & b",
            "impact": "none",
            "backout": "go back",
            "risk": "low",
        },
    ),
    Row(
        "change close CHG-7 successful-with-issues --note fine",
        "change close",
        {"change": "CHG-7", "result": "successful_with_issues", "note": "fine"},
    ),
    Row("change list of portal --all", "change list", {"service": "portal", "all": "true"}),
    Row("change show chg-7", "change show", {"change": "CHG-7"}),
    Row("change evidence chg-012", "change evidence", {"change": "CHG-12"}),
    Row("change templates", "change templates"),
    Row(
        "change calendar of portal --week 2026-W48",
        "change calendar",
        {"service": "portal", "week": "2026-W48"},
    ),
    Row(
        'change open portal production --from "Tue 02:00" --until "Tue 04:00" --risk low',
        "change open",
        {
            "service": "portal",
            "environment": "production",
            "from_": "Tue 02:00",
            "until": "Tue 04:00",
            "risk": "low",
        },
    ),
    Row("deploy status DEP-3", "deploy status", {"what": "DEP-3"}),
    Row(
        "deploy history portal in production",
        "deploy history",
        {"service": "portal", "environment": "production"},
    ),
    Row("deploy list", "deploy list"),
    Row(
        "deploy pause dep-3 --reason the ward calls",
        "deploy pause",
        {"deploy": "DEP-3", "reason": "the ward calls"},
    ),
    Row("deploy resume DEP-3", "deploy resume", {"deploy": "DEP-3"}),
    Row(
        "deploy abort DEP-3 --reason wrong night",
        "deploy abort",
        {"deploy": "DEP-3", "reason": "wrong night"},
    ),
    Row(
        'deploy portal 1.4.2 to test --at "Tue 02:00" --reason quiet',
        "deploy",
        {
            "service": "portal",
            "version": "1.4.2",
            "environment": "test",
            "at": "Tue 02:00",
            "reason": "quiet",
        },
    ),
    Row(
        "deploy settle dep-3 failed --reason gone",
        "deploy settle",
        {"deploy": "DEP-3", "ending": "failed", "reason": "gone"},
    ),
    Row(
        "deploy validate dep-3 ok --note order and result round trip",
        "deploy validate",
        {"deploy": "DEP-3", "verdict": "ok", "note": "order and result round trip"},
    ),
    Row(
        "audit search person:engineer since:7d",
        "audit search",
        {"query": "person:engineer since:7d"},
    ),
    Row(
        'audit search for "stuck queue" --limit 5',
        "audit search",
        {"query": "stuck queue", "limit": "5"},
    ),
    Row("audit show #42", "audit show", {"number": "42"}),
    Row("audit checkpoint", "audit checkpoint"),
    Row("audit prove #42", "audit prove", {"number": "42"}),
    Row("audit consistency 40", "audit consistency", {"since": "40"}),
    Row("audit report --month 2026-11", "audit report", {"month": "2026-11"}),
    Row(
        "audit hold add --incident INC-3 --why claim 2031-17 & more",
        "audit hold add",
        {"incident": "INC-3", "why": "claim 2031-17 & more"},
        slack="audit hold add --incident INC-3 --why claim 2031-17 &amp; more",
    ),
    Row("audit hold list", "audit hold list"),
    Row(
        "audit hold lift HOLD-1 --why settled",
        "audit hold lift",
        {"hold": "HOLD-1", "why": "settled"},
    ),
    Row(
        "audit redact #42 --field reason --why it names a patient",
        "audit redact",
        {"number": "42", "field": "reason", "why": "it names a patient"},
    ),
    Row(
        "audit save denied-week outcome:denied since:7d",
        "audit save",
        {"name": "denied-week", "query": "outcome:denied since:7d"},
    ),
    Row("audit saved", "audit saved"),
    Row("audit unsave denied-week", "audit unsave", {"name": "denied-week"}),
    Row("audit review", "audit review"),
    Row("audit review of engineer", "audit review", {"person": "engineer"}),
    Row(
        "audit review sign --to #42 --findings two roles & no more",
        "audit review sign",
        {"to": "42", "findings": "two roles & no more"},
    ),
    Row(
        "audit review countersign --findings nothing to say",
        "audit review countersign",
        {"findings": "nothing to say"},
    ),
    Row("services", "services"),
    Row("approvals", "approvals"),
    Row("whoami", "whoami"),
    Row("recent", "recent"),
    Row("tour 2", "tour", {"stop": "2"}),
    Row("unlink teams of engineer", "unlink", {"account": "teams", "person": "engineer"}),
    Row(f"link {LINK}", "link", {"code": "***"}),
    Row(f"link \u201c{LINK}\u201d", "link", {"code": "***"}),
    Row("", "help"),
    Row("help", "help"),
    Row("help deploy", "help", {"words": "deploy"}),
    Row("deploy --help", "help", {"words": "deploy"}),
    # emergencies
    Row(
        'break-glass INC-3 --service portal --reason "nobody can sign in since 02:40" --minutes 45',
        "break-glass",
        {
            "incident": "INC-3",
            "service": "portal",
            "reason": "nobody can sign in since 02:40",
            "minutes": "45",
        },
    ),
    Row("break-glass end bg-01", "break-glass end", {"grant": "BG-1"}),
    Row("break-glass list", "break-glass list"),
    Row(
        "stop-all --reason somebody is in our network & others'",
        "stop-all",
        {"reason": "somebody is in our network & others'"},
        slack="stop-all --reason somebody is in our network &amp; others'",
    ),
    Row("stop-all status", "stop-all status"),
    Row("stop-all lift --reason it is clean", "stop-all lift", {"reason": "it is clean"}),
    Row("oncall", "oncall"),
    Row("oncall for pharmacy", "oncall", {"rota": "pharmacy"}),
    Row("policy check", "policy check"),
    Row("policy reload", "policy reload"),
    Row(
        'policy explain "deploy portal 1.4.2 to test" --as engineer --approved-by a,b',
        "policy explain",
        {"line": "deploy portal 1.4.2 to test", "as_": "engineer", "approved_by": "a,b"},
    ),
    Row("task list --all", "task list", {"all": "true"}),
    Row("task list --subject engineer", "task list", {"subject": "engineer"}),
    Row("task show task-1", "task show", {"task": "TASK-1"}),
    Row(
        "task close TASK-1 --findings the lock was stale",
        "task close",
        {"task": "TASK-1", "findings": "the lock was stale"},
    ),
    # freezes
    Row(
        'freeze add "ward move" --from "Fri 18:00" --until "Mon 06:00" --reason "wards move"',
        "freeze add",
        {"name": "ward move", "from_": "Fri 18:00", "until": "Mon 06:00", "reason": "wards move"},
    ),
    Row(
        "freeze lift 'ward move' --reason it is done",
        "freeze lift",
        {"name": "ward move", "reason": "it is done"},
    ),
    Row("freeze list", "freeze list"),
    Row("deploy where is portal", "deploy where", {"service": "portal"}),
    Row("lock list of portal", "lock list", {"service": "portal"}),
    Row(
        "lock portal in test --for 30m --reason load test",
        "lock",
        {"service": "portal", "environment": "test", "for_": "30m", "reason": "load test"},
        slack="lock portal in test \u2014for 30m \u2014reason load test",
    ),
    Row(
        "unlock portal test --reason urgent",
        "unlock",
        {"service": "portal", "environment": "test", "reason": "urgent"},
    ),
    Row("freeze next portal", "freeze next", {"service": "portal"}),
    Row("freeze next portal in test", "freeze next", {"service": "portal", "environment": "test"}),
]
SLIPS = [
    ("depoly portal 1.4.2 to test --reason x", Reason.UNKNOWN_COMMAND),
    ("deploy portl 1.4.2 to test --reason x", Reason.BAD_INPUT),
    ("deploy portal 1.4.2 to test --resaon x", Reason.BAD_INPUT),
    ("deploy portal 1.4.2 to <test> --reason x", Reason.BAD_INPUT),
    ('deploy portal 1.4.2 to test --reason "x & y', Reason.BAD_INPUT),
    ("approve 12", Reason.BAD_INPUT),
    ("change close CHG-7 succesful --note x", Reason.BAD_INPUT),
    ("ci", Reason.BAD_INPUT),
    (LINK, Reason.BAD_INPUT),
]
DOORS: dict[str, Callable[[str], str]] = {
    "slack": doors.slack_slash,
    "slack verb": doors.slack_verb,
    "slack mention": doors.slack_mention,
    "teams mention": doors.teams_mention,
    "teams slash": doors.teams_slash,
    "web": doors.web,
}


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    folder = tmp_path_factory.mktemp("site")
    write_site(folder, "sqlite:///unused.db")
    known = registry.discover(commands)
    people = directory.load(folder / "people.yaml", sandbox=True)
    return Parser(known, catalogue.load(folder / "services.yaml"), people)


async def _heard(row: Row) -> dict[str, str]:
    """Return the text that each door hands over."""
    sent = {
        "slack": doors.escaped(row.text) if row.slack is None else row.slack,
        "teams": doors.escaped(row.text) if row.teams is None else row.teams,
    }
    heard = {name: read(sent.get(name.split()[0], row.text)) for name, read in DOORS.items()}
    return heard | {"terminal": await doors.terminal(row.text)}


def test_the_table_has_sixty_utterances_and_every_command() -> None:
    assert len({(row.text, row.slack, row.teams) for row in ROWS}) == len(ROWS) >= 60
    known = {command.name for command in registry.discover(commands).commands}
    assert known - {row.command for row in ROWS} <= {"audit verify", "outbox list", "outbox replay"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: ascii(row.slack or row.teams or row.text))
async def test_what_is_said_means_the_same_from_every_door(parser: Parser, row: Row) -> None:
    typed = {}
    for door, text in (await _heard(row)).items():
        parsed = parser.parse(text, None, wire=door.startswith("slack"))
        assert (door, parsed.command.name, dict(parsed.values)) == (door, row.command, row.values)
        typed[door] = (parsed.command, parsed.args, parsed.dry_run)
    assert len(typed) == 7
    assert all(one == typed["web"] for one in typed.values())


@pytest.mark.parametrize(("text", "reason"), SLIPS)
async def test_a_slip_is_answered_alike_at_every_door(
    parser: Parser, text: str, reason: Reason
) -> None:
    said = set()
    for door, heard in (await _heard(Row(text, ""))).items():
        with pytest.raises(Refused) as refused:
            parser.parse(heard, None, wire=door.startswith("slack"))
        said.add((refused.value.reason, refused.value.text))
    assert len(said) == 1
    assert {one for one, _ in said} == {reason}
