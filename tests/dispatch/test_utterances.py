"""One table: what people say gives the same typed command from every door.

A row is what somebody means, as it is typed on a plain keyboard; where a platform or a phone hands
over something else, the row says what. Slack and Teams send three characters as entities.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import commands
from bot import catalogue, directory, registry
from bot.dispatch.parse import Parser
from bot.errors import Refused
from bot.model import Reason
from tests.dispatch import doors
from tests.dispatch.rows import LINK, OTHER_VERBS, Row
from tests.house import write_site

TRY = {"service": "portal", "version": "1.4.2", "environment": "test", "reason": "try it"}
MAIL = "<mailto:lab@hospital.example|lab@hospital.example>"


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
    *OTHER_VERBS,
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
    file = folder / "services.yaml"
    services = json.loads(file.read_text())
    channel = {"kind": "engine", "name": "lab-in-channel", "engine": "main", "channel": "Lab in"}
    services[0]["environments"]["test"]["endpoints"] = [channel]
    file.write_text(json.dumps(services))
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
