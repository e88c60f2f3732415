"""Requests as Slack's own libraries test with them are read for what they are."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.slack import payload
from bot.adapters.slack.accounts import Home
from bot.adapters.slack.names import SlashNames
from bot.model import Place
from tests.adapters.slack.conftest import Open

SAMPLES = (
    Path(__file__).parents[4] / "shared/reference/data/slack/bolt-python-payloads/payloads.json"
)
pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason=f"there are no samples at {SAMPLES}")


@cache
def samples() -> dict[str, dict[str, Any]]:
    """Return the samples by name."""
    return dict(json.loads(SAMPLES.read_text("utf-8"))) if SAMPLES.exists() else {}


def of_type(kind: str) -> list[str]:
    """Return the names of the samples of one kind."""
    return [name for name, body in samples().items() if body.get("type") == kind]


@pytest.mark.parametrize("name", sorted(samples()))
async def test_every_sample_is_answered_and_none_is_a_crash(here: Open, name: str) -> None:
    body = samples()[name]
    kind = "events_api" if body.get("type") == "event_callback" else "interactive"
    answer = await here.slack.send(kind, body)
    assert answer.status in (200, 404)


@pytest.mark.parametrize("name", [n for n in samples() if "app_mention" in n or "org_app" in n])
def test_a_mention_names_its_speaker_and_channel(name: str) -> None:
    said = payload.mention(samples()[name], None)
    assert said is not None
    assert (said.speaker.user, said.speaker.team, said.place.channel) == ("W222", "T111", "C111")
    assert said.text == "Hi there!"
    assert said.delivery == "slack:Ev111"


def test_a_shared_channels_mention_keeps_the_speakers_workspace() -> None:
    name = "test_events_shared_channels.TestEventsSharedChannels.valid_event_body"
    said = payload.mention(samples()[name], Home("T_INSTALLED", "E_INSTALLED", "W111", "B1"))
    assert said is not None
    assert said.speaker.team == "T_INSTALLED"
    assert said.text == "Hi there!"


@pytest.mark.parametrize("name", of_type("block_actions"))
def test_a_press_names_who_pressed_and_where(name: str) -> None:
    body = samples()[name]
    said = payload.press(body)
    assert isinstance(said, payload.Said)
    assert said.speaker.user == body["user"]["id"]
    assert (said.speaker.team, said.place.channel) == ("T111", "C111")
    assert said.delivery == "slack:111.222.valid"
    assert said.text == "click_me_123"


def test_a_submission_from_a_shared_channel_names_the_other_workspace() -> None:
    body = dict(samples()["test_view_submission.connect_channel_payload"])
    sheet = payload.Sheet("deploy", Place("slack", "C1"))
    body["view"] = {**body["view"], "private_metadata": sheet.dump()}
    said = payload.submission(body, SlashNames())
    assert said.speaker.team == "T-other-side"
    assert said.fields == {"zniAM": "Hi there!"}
    assert said.delivery == "slack:111.222.xxx"
