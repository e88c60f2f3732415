"""A runbook that could not be followed at night is refused by day, with the place and the mend."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

import commands
from bot import registry
from bot.dispatch.authorise.hierarchy import shipped
from bot.runbooks.document import schema
from bot.runbooks.lint import Linter
from bot.runbooks.shelf import SHIPPED, Shelf, volume
from tests.house_rules.tree import ROOT
from tests.runbooks.books import (
    book,
    with_each,
    with_options,
    with_parameter,
    with_step,
    with_together,
    with_wait,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = registry.discover(commands)
LINT = Linter(KNOWN, frozenset(shipped().roles))
OTHER = {"option": "other", "consequence": "Nothing."}


def _problems(folder: Path, made: dict[str, Any]) -> str:
    return "\n".join(LINT(volume(write(folder, made))))


def test_every_shipped_runbook_is_well() -> None:
    volumes = Shelf().all()

    assert volumes
    assert [f"{name}: {said}" for name, one in volumes.items() for said in LINT(one)] == []


def test_the_runbook_that_the_tests_break_is_well(tmp_path: Path) -> None:
    assert _problems(tmp_path, book()) == ""


@pytest.mark.parametrize(
    ("run", "says"),
    [
        ("curl http://10.0.0.1/restart", "There is no command `curl`"),
        ("bash -c 'rm -rf x'", "There is no command `bash`"),
        ("ci statsu of {{ service }}", "did you mean"),
        ("ci status of {{ service }} ; reboot", "no shell is behind it"),
        ("ci status of {{ service }} | tee x", "no shell is behind it"),
        ("ci status of $(whoami)", "no shell is behind it"),
        ("ci status of {{ service }} --all", "has no option"),
        ("ci status", "`SERVICE`"),
        ("ci status of {{ servcie }}", "servcie is no parameter (did you mean service?)"),
        ("ci status of {{ steps.where.state }}", "where is no earlier step"),
        ("ci status of {{ steps.where }}", "say which figure"),
        ("ci status of {{ service | upper }}", "only a name stands between braces"),
        ("ci status of {% if service %}x{% endif %}", "only a name stands between braces"),
        ("rollback x test --reason={{ service }}", "an argument of its own"),
        ("approve REQ-1", "`approve` changes something and is not allowed in runbooks"),
        ("audit redact 1 --field text --reason x", "audit redact"),
        ("rollback {{ service }} production --reason x --dry-run", "remove --dry-run"),
        ("link", "`link` changes something and is not allowed"),
    ],
)
def test_a_step_is_one_command_that_a_runbook_may_type(tmp_path: Path, run: str, says: str) -> None:
    said = _problems(tmp_path, with_step(0, run=run))

    assert "steps.build.run: " in said
    assert says.lower() in said.lower()


@pytest.mark.parametrize(
    "run",
    [
        "rollback {{ service }} production --reason 'late since {{ how }}'",
        "deploy {{ service }} 1.4.2 to test --reason x",
        "change show {{ steps.opened.change }}",
    ],
)
def test_what_says_itself_that_it_may_be_a_step_may_be_one(tmp_path: Path, run: str) -> None:
    made = with_step(2, manual=None, run=run)
    made["steps"][0]["id"] = "opened"
    made["steps"][1]["when"] = ""
    made["steps"][3]["evidence"] = []

    assert _problems(tmp_path, made) == ""


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (with_step(0, roles=["engineer"]), "steps.build.roles: it only reads"),
        (
            with_step(2, manual=None, run="ci run {{ service }} at 1.4.2", retries=1),
            "steps.look.retries: it changes something",
        ),
        (book(owner=None), "owner: "),
        (book(review_by="soon"), "review_by: "),
        (book(runner="bash"), "runner: there is no such setting"),
        (book(severity=5), "severity: "),
        (book(summary="Of {{ sevrice }}."), "summary: sevrice is no parameter"),
        (book(name="other"), "give both one name"),
        (with_step(0, run=None), "steps.build: is no step; it needs one of run, manual"),
        (with_step(0, timeout=3), "steps.build.timeout: there is no such setting"),
        (with_step(0, id="Build"), "lower-case letters, digits and underscores"),
        (with_step(1, id="build"), "steps.build: is taken already"),
        (with_step(1, when="steps.look.state == 1"), "look is no earlier step"),
        (with_step(1, when="how =="), "steps.where.when: is no condition"),
        (with_step(1, when="how.upper() == 'X'"), "a condition compares names with values"),
        (with_step(1, when="''.__class__"), "steps.where.when: "),
        (with_step(3, evidence=["told"]), "evidence: told is no earlier step"),
        (with_step(3, roles=["engneer"]), "there is no role engneer (did you mean engineer?)"),
        (with_step(4, people=["Lab manger"]), "is no contact (did you mean Lab manager?)"),
        (with_step(4, people=[]), "steps.told.people: must not be empty"),
        (with_wait(run="rollback {{ service }} production --reason x"), "only what reads"),
        (with_wait(run=None), "steps.build: a wait for a condition takes the run"),
        (with_wait(within_minutes=None), "steps.build: a wait for a condition takes the run"),
        (with_wait(within_minutes=1441), "steps.build.within_minutes: "),
        (with_wait(every_seconds=4), "steps.build.every_seconds: "),
        (with_wait(for_minutes=3), "steps.build: a wait for a condition takes the run"),
        (with_wait(wait_until="time"), "steps.build: `wait_until: time` takes for_minutes"),
        (with_wait(wait_until="how == 'none'"), "names no figure of its own look"),
        (with_wait(wait_until="steps.build.x =="), "steps.build.wait_until: is no condition"),
        (with_wait(wait_until="steps.bulid.x == '1'"), "bulid is no earlier step"),
        (with_wait(goto="build"), "steps.build: goes round without an end"),
        (with_together("ci status of {{ service }}", "ci run portal at 1.4.2"), "only what reads"),
        (with_together("ci status of portal"), "steps.build.together: "),
        (with_together("ci status of x", "ci status of {{ steps.a0.state }}"), "a0 is no earlier"),
        (with_together("ci status of x", "reboot"), "steps.build.together.a1: There is no command"),
        (with_together("ci status of x", "services", id="a1"), "steps.a1: is taken already"),
        (with_each(run="ci run {{ item }} at 1.4.2"), "only what reads"),
        (with_each(run="ci status of portal"), "say where {{ item }} stands in it"),
        (with_each(for_each="{{ service }}"), "one parameter of type list"),
        (with_each(for_each="a, b"), "one parameter of type list"),
        (with_each(for_each=[]), "steps.build.for_each"),
        (with_each(title="{{ item }}"), "steps.build.title: item is no parameter"),
        (with_parameter(type="list", name="item"), "parameters.item: is taken already"),
        (with_parameter(type="word", of="service"), "only a parameter of type list is a list"),
        (with_parameter(type="word", kind="tls"), "only an endpoint has a kind"),
        (with_parameter(type="endpoint", kind="tsl"), "parameters[2].kind: "),
        (with_step(0, goto="nowhere"), "goto nowhere leads nowhere"),
        (with_step(2, goto="told"), "steps.cause: no step leads to it"),
        (with_step(1, goto="build"), "steps.build: goes round without an end"),
        (with_options(OTHER), "steps.cause.options: "),
        (with_options(OTHER, {"option": "x"}), "steps.cause.options[1].consequence: is missing"),
        (with_options(OTHER, {"option": "x", "consequence": " "}), "must not be empty"),
        (with_options(OTHER, OTHER), "two of them have one name"),
        (with_options(OTHER, {**OTHER, "option": "x", "goto": "y"}), "goto y leads nowhere"),
        (with_options(*({**OTHER, "option": o, "goto": "end"} for o in "ab")), "no step leads"),
    ],
)
def test_what_could_not_be_followed_is_said_with_its_place(
    tmp_path: Path, made: dict[str, Any], says: str
) -> None:
    made = {key: value for key, value in made.items() if value is not None}

    assert says in "\n".join(LINT(volume(write(tmp_path, made, "late-results"))))


def test_a_wait_for_a_condition_or_for_time_is_well(tmp_path: Path) -> None:
    timer = with_step(2, manual=None, wait_until="time", for_minutes=15)

    assert _problems(tmp_path, with_wait()) == ""
    assert _problems(tmp_path, timer) == ""


@pytest.mark.parametrize(
    "made",
    [
        with_together("ci status of {{ service }}", "deploy where is {{ service }}"),
        with_each(),
        with_each(for_each=["portal", "pacs"]),
        with_parameter(type="endpoint", kind="mllp", name="interface"),
    ],
)
def test_several_reading_commands_may_be_one_step(tmp_path: Path, made: dict[str, Any]) -> None:
    assert _problems(tmp_path, made) == ""


def test_a_human_may_send_a_run_round_again(tmp_path: Path) -> None:
    again = {"option": "again", "consequence": "It is looked at again.", "goto": "build"}

    assert _problems(tmp_path, with_options(OTHER, again)) == ""


def test_a_file_that_is_no_yaml_is_said_with_its_line_and_harms_no_other(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("name: [x\n")
    write(tmp_path)
    volumes = Shelf((tmp_path,)).all()

    assert "line" in volumes["broken"].problems[0]
    assert volumes["late-results"].book is not None


def test_a_sites_own_file_stands_for_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    write(tmp_path, book(name="pacs-unreachable", owner="our-team"))
    found = Shelf((SHIPPED, tmp_path)).get("pacs-unreachable")

    assert found is not None
    assert found.book is not None
    assert found.book.owner == "our-team"


def test_the_published_schema_is_fresh_and_takes_what_is_well(tmp_path: Path) -> None:
    kept = json.loads((ROOT / "docs/runbook.schema.json").read_text("utf-8"))
    assert kept == schema(), "run: wardroom runbook schema > docs/runbook.schema.json"
    validator = jsonschema.Draft202012Validator(kept)
    files = [*SHIPPED.glob("*.yaml"), write(tmp_path)]
    for file in files:
        # As editors see it: a date is a text there.
        document = json.loads(json.dumps(yaml.safe_load(file.read_text("utf-8")), default=str))
        assert not list(validator.iter_errors(document)), file
    for wrong in (with_step(0, timeout=3), with_options(OTHER), book(runner="bash")):
        assert list(validator.iter_errors(wrong))


def test_every_shipped_runbook_names_the_schema_for_editors() -> None:
    for file in SHIPPED.glob("*.yaml"):
        first = file.read_text("utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=../docs/runbook.schema.json"
