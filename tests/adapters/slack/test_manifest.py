"""The app manifest follows from the commands, and Slack would take it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import commands
from bot.adapters.slack import manifest
from bot.adapters.slack.manifest import EVENTS, SCOPES
from bot.api import Command, Reply, Risk, args
from bot.errors import ConfigurationError
from bot.registry import discover

SCHEMAS = Path(__file__).parents[4] / "shared/reference/data/slack/manifest-schema"
URL = "https://wardroom.hospital.example/"


class NoArgs(args):
    """Takes nothing."""


async def run(args: NoArgs) -> Reply:
    """Do nothing."""
    return Reply("Done.")


def command(name: str, summary: str = "Does it.") -> Command:
    """Return a command of this name."""
    return Command(
        name, NoArgs, run, summary=summary, role="engineer", risk=Risk.READ, examples=(f"{name} x",)
    )


CATALOGUE = [
    command("deploy", "Deploy a version."),
    command("deploy status", "Show a deploy."),
    command("ci status"),
    command("ci log"),
    command("help", "Say what you can do."),
]


def made_of(commands: Sequence[Command], *, is_socket_mode: bool = False) -> dict[str, Any]:
    """Return the manifest of commands."""
    return dict(manifest(commands, public_url=URL, is_socket_mode=is_socket_mode))


def slash(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the slash commands by name."""
    return {entry["command"]: entry for entry in made["features"]["slash_commands"]}


@pytest.mark.parametrize("is_socket_mode", [False, True])
def test_slack_takes_the_manifest(is_socket_mode: bool) -> None:  # noqa: FBT001 - a parametrised case
    schema = SCHEMAS / "schemas/manifest.schema.1.0.0.json"
    if not schema.exists():
        pytest.skip(f"there is no manifest schema at {schema}")
    made = made_of(CATALOGUE, is_socket_mode=is_socket_mode)
    jsonschema.validate(json.loads(json.dumps(made)), json.loads(schema.read_text("utf-8")))


def test_the_schema_refuses_what_slack_refuses() -> None:
    schema = SCHEMAS / "schemas/manifest.schema.1.0.0.json"
    if not schema.exists():
        pytest.skip(f"there is no manifest schema at {schema}")
    made = made_of(CATALOGUE)
    made["display_information"] = {"name": "x" * 36}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, json.loads(schema.read_text("utf-8")))


def test_there_is_one_slash_command_per_verb_and_one_for_all() -> None:
    made = slash(made_of(CATALOGUE))
    assert set(made) == {"/ops", "/ops-ci", "/ops-deploy", "/ops-help"}
    assert made["/ops-deploy"]["description"] == "Deploy a version."
    assert made["/ops-deploy"]["usage_hint"] == "x"
    assert made["/ops-ci"]["description"] == "Ci: log, status."
    assert all(entry["should_escape"] is True for entry in made.values())
    assert {entry["url"] for entry in made.values()} == {
        "https://wardroom.hospital.example/slack/events"
    }


def test_in_socket_mode_the_manifest_names_no_address() -> None:
    made = made_of(CATALOGUE, is_socket_mode=True)
    assert "http" not in json.dumps(made)
    assert made["settings"]["socket_mode_enabled"] is True


def test_the_scopes_are_those_we_use_and_no_history() -> None:
    made = made_of(CATALOGUE)
    scopes = made["oauth_config"]["scopes"]["bot"]
    assert scopes == [
        "app_mentions:read",
        "channels:manage",
        "chat:write",
        "commands",
        "files:write",
        "im:write",
        "users:read",
    ]


def test_the_events_are_those_we_answer() -> None:
    events = made_of(CATALOGUE)["settings"]["event_subscriptions"]["bot_events"]
    assert events == ["app_home_opened", "app_mention", "team_join", "user_change"]


def test_every_scope_and_event_stands_with_its_reason_in_the_documents() -> None:
    page = (Path(__file__).parents[3] / "docs/slack.md").read_text("utf-8")
    for name, reason in {**SCOPES, **EVENTS}.items():
        assert f"| `{name}` | {reason} |" in page


def test_a_shortcut_is_offered_for_any_command_and_for_those_the_catalogue_has() -> None:
    shortcuts = made_of(CATALOGUE)["features"]["shortcuts"]
    assert [(s["name"], s["type"], s["callback_id"]) for s in shortcuts] == [
        ("Run a command", "global", "run"),
        ("Run a command here", "message", "run"),
        ("Deploy a service", "global", "types:deploy"),
    ]


def test_home_is_shown_and_what_is_not_read_can_not_be_typed() -> None:
    assert made_of(CATALOGUE)["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": True,
    }


def test_an_organisation_and_changing_tokens_are_said_where_they_are_wanted() -> None:
    plain = made_of(CATALOGUE)["settings"]
    assert (plain["org_deploy_enabled"], plain["token_rotation_enabled"]) == (False, False)
    made: Any = manifest(
        CATALOGUE, public_url=URL, is_socket_mode=False, is_org=True, rotates_tokens=True
    )
    settings = made["settings"]
    assert (settings["org_deploy_enabled"], settings["token_rotation_enabled"]) == (True, True)


def test_a_group_may_have_a_name_of_its_own_and_all_of_them_another_prefix() -> None:
    made: Any = manifest(
        CATALOGUE,
        public_url=URL,
        is_socket_mode=False,
        command="/ward",
        names={"deploy": "/ship"},
    )
    assert set(slash(made)) == {"/ward", "/ward-ci", "/ship", "/ward-help"}


@pytest.mark.parametrize(
    "names",
    [{"deploy": "/Ship"}, {"deploy": "ship"}, {"deploy": "/ops"}, {"deploy": "/ops-ci"}],
)
def test_a_name_that_slack_does_not_take_or_that_is_taken_is_refused(names: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="slash"):
        manifest(CATALOGUE, public_url=URL, is_socket_mode=False, names=names)


def test_every_hint_is_an_example_of_the_group() -> None:
    known = discover(commands).commands
    made = slash(made_of(known))
    examples = {example for command in known for example in command.examples}
    for name, entry in made.items():
        group = name.removeprefix("/ops").removeprefix("-")
        hint = entry.get("usage_hint", "")
        assert f"{group} {hint}".strip() in examples


def test_the_same_commands_in_another_order_make_the_same_manifest() -> None:
    one = made_of(CATALOGUE)
    other = made_of(CATALOGUE[::-1])
    assert json.dumps(one) == json.dumps(other)


def test_more_verbs_than_slack_takes_are_refused_with_the_mend() -> None:
    many = [command(f"verb{number}") for number in range(50)]
    with pytest.raises(ConfigurationError, match="50 slash commands"):
        made_of(many)


@pytest.mark.parametrize("name", ["Deploy", "d\u00e9ploy", "x" * 40])
def test_a_verb_that_is_no_slash_command_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="slash"):
        made_of([command(name)])
