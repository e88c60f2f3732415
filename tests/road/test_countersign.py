"""A house whose settings name a KMS has its checkpoints countersigned."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest
import yaml

from bot.audit.keys import KeyFile, PrivateKey
from bot.audit.note import verified
from bot.errors import ConfigurationError
from bot.serving import web_app
from tests.audit.test_countersign import FAR, SCRIPT, kept
from tests.house import opened


def with_a_kms(site: Path, key: str) -> Path:
    """Let the site name a command that signs."""
    settings = yaml.safe_load(site.read_text("utf-8"))
    command = [sys.executable, "-c", SCRIPT, str(site.parent / "asked")]
    settings["audit"] = {"countersign": {"command": command, "key": key}}
    site.write_text(yaml.safe_dump(settings), "utf-8")
    return site


async def test_the_newest_checkpoint_of_a_house_is_countersigned(site: Path) -> None:
    async with opened(with_a_kms(site, str(FAR.key))) as chat:
        await chat.say("whoami")
        assert chat.house.trail.countersigner is not None
        await chat.house.trail.countersigner.look()
        audit = chat.settings.audit
        (key,) = KeyFile(audit.key, audit.origin).load()
        _, signers = verified(kept(chat.house.database), [key.key, FAR.key])
        assert signers == (key.key, FAR.key)


async def test_a_kms_that_does_not_sign_is_seen_from_outside(site: Path) -> None:
    async with opened(with_a_kms(site, str(PrivateKey.new("another.example").key))) as chat:
        await chat.say("whoami")
        assert chat.house.trail.countersigner is not None
        await chat.house.trail.countersigner.look()
        app = httpx.ASGITransport(web_app(chat.settings, chat.house, ()))
        async with httpx.AsyncClient(transport=app, base_url="http://127.0.0.1") as client:
            ready = (await client.get("/readyz")).json()
    assert ready["status"] == "degraded"
    assert ready["checks"]["audit countersigner"] not in {"", "ok"}


async def test_a_house_without_a_kms_asks_none(site: Path) -> None:
    async with opened(site) as chat:
        assert chat.house.trail.countersigner is None


async def test_what_is_no_key_refuses_to_start(site: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"audit\.countersign\.key"):
        async with opened(with_a_kms(site, "no key")):
            pass
