"""The Teams app package follows from the commands, and Teams would take it."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

import commands
from bot import __version__, registry
from bot.adapters.teams import icon, package
from bot.api import Command, Reply, Risk, args
from bot.cli import main
from bot.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT.parent / "shared/reference/data/teams/app-schema/MicrosoftTeams.schema.json"
APP = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
URL = "https://wardroom.hospital.example"
CATALOGUE = registry.discover(commands).commands


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


def made_of(known: Sequence[Command] = CATALOGUE, **changes: Any) -> dict[str, Any]:
    """Return the manifest of commands."""
    given = {"app_id": APP, "version": "1.2.3", "public_url": URL, **changes}
    return dict(package.manifest(known, **given))


def check(made: dict[str, Any]) -> None:
    """Check a manifest against its schema, or say why it cannot be."""
    if not SCHEMA.exists():
        pytest.skip(f"there is no schema of Teams manifests at {SCHEMA}")
    # It claims draft 4 and uses what came with draft 6.
    schema = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text("utf-8")))
    schema.validate(json.loads(json.dumps(made)))


def titles(made: dict[str, Any]) -> list[list[str]]:
    """Return the titles of each command list."""
    return [[c["title"] for c in one["commands"]] for one in made["bots"][0]["commandLists"]]


def image(png: bytes) -> tuple[int, int, list[tuple[int, ...]]]:
    """Return a PNG's width, height and RGBA pixels; its checksums have to be right."""
    stream = BytesIO(png)
    assert stream.read(8) == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    while head := stream.read(8):
        length, kind = struct.unpack(">I4s", head)
        chunks[kind] = stream.read(length)
        assert struct.unpack(">I", stream.read(4)) == (zlib.crc32(kind + chunks[kind]),)
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 6, 0, 0, 0]
    raw, step = zlib.decompress(chunks[b"IDAT"]), width * 4 + 1
    assert len(raw) == step * height
    rows = [raw[n * step : (n + 1) * step] for n in range(height)]
    assert {row[0] for row in rows} == {0}
    pixels = [tuple(row[n : n + 4]) for row in rows for n in range(1, step, 4)]
    return width, height, pixels


# --- the manifest ------------------------------------------------------------------------------


@pytest.mark.parametrize("has_slash", [False, True])
def test_teams_takes_the_manifest_of_the_real_commands(has_slash: bool) -> None:  # noqa: FBT001 - a parametrised case
    check(made_of(has_slash=has_slash))


def test_the_schema_refuses_what_teams_refuses() -> None:
    made = made_of()
    made["bots"][0]["commandLists"] *= 2
    with pytest.raises(jsonschema.ValidationError, match="is too long"):
        check(made)


def test_there_is_one_list_per_place_and_it_names_the_first_words() -> None:
    made = made_of([command("ci status"), command("ci log"), command("deploy", "Deploy it.")])
    [bot] = made["bots"]
    assert [one["scopes"] for one in bot["commandLists"]] == [["personal"], ["team"], ["groupChat"]]
    assert bot["scopes"] == ["personal", "team", "groupChat"]
    assert bot["commandLists"][0]["commands"] == [
        {"title": "ci", "description": "Ci: log, status."},
        {"title": "deploy", "description": "Deploy it."},
    ]
    assert bot["botId"] == made["id"] == APP
    assert bot["supportsFiles"] is False


def test_the_real_commands_keep_within_the_lists() -> None:
    lists = titles(made_of())
    assert len(lists) <= 3
    for one in lists:
        assert 0 < len(one) <= 12
        assert "help" in one
        assert all(len(title) <= 128 for title in one)


def test_of_too_many_commands_help_is_kept_and_groups_are_dropped_first() -> None:
    many = [command(f"verb{n:02}") for n in range(11)]
    groups = [command("a one"), command("b two")]
    made = made_of([*groups, *many, command("help")])
    check(made)
    assert titles(made)[0] == ["help", *(f"verb{n:02}" for n in range(11))]


def test_help_is_listed_however_many_commands_come_before_it() -> None:
    many = [command(f"a{n:02}") for n in range(20)]
    [first, *_] = titles(made_of([*many, command("help")]))
    assert len(first) == 12
    assert first[-1] == "help"


def test_the_same_commands_in_another_order_make_the_same_manifest() -> None:
    assert json.dumps(made_of(CATALOGUE)) == json.dumps(made_of(CATALOGUE[::-1]))


def test_slash_commands_are_listed_only_when_asked_for() -> None:
    assert "slash" not in json.dumps(made_of())
    [bot] = made_of(has_slash=True)["bots"]
    assert bot["supportsTargetedMessages"] is True
    assert all(one["triggers"] == ["mention", "slash"] for one in bot["commandLists"])


def test_long_names_and_summaries_are_cut() -> None:
    made = made_of([command("x" * 200, "y" * 5000)], name="n" * 200, developer="d" * 200)
    check(made)


def test_the_addresses_of_privacy_and_terms_are_the_consoles_unless_given() -> None:
    made = made_of(privacy_url="https://h.example/privacy")
    assert made["developer"]["privacyUrl"] == "https://h.example/privacy"
    assert made["developer"]["termsOfUseUrl"] == URL
    assert made["validDomains"] == ["wardroom.hospital.example"]


def test_a_version_is_three_numbers_whatever_follows_them() -> None:
    assert made_of(version="1.4.0rc1")["version"] == "1.4.0"


@pytest.mark.parametrize(
    "change",
    [{"app_id": "wardroom"}, {"app_id": ""}, {"version": "dev"}, {"public_url": "no address"}],
)
def test_what_teams_would_refuse_is_refused_here(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        made_of(**change)


# --- the icons ---------------------------------------------------------------------------------


def test_the_coloured_icon_is_192_pixels_square_and_solid() -> None:
    width, height, pixels = image(icon.colour())
    assert (width, height) == (192, 192)
    assert {pixel[3] for pixel in pixels} == {255}
    back = tuple(bytes.fromhex(icon.ACCENT[1:]))
    assert {pixels[0][:3], pixels[-1][:3]} == {back}
    drawn = [n for n, pixel in enumerate(pixels) if pixel[:3] != back]
    assert 0.05 < len(drawn) / len(pixels) < 0.3
    # Teams may round the edge away: the mark keeps to the middle 120 pixels.
    assert all(36 <= n % 192 < 156 and 36 <= n // 192 < 156 for n in drawn)


def test_the_outline_is_32_pixels_square_white_and_otherwise_transparent() -> None:
    width, height, pixels = image(icon.outline())
    assert (width, height) == (32, 32)
    assert {pixel[:3] for pixel in pixels} == {(255, 255, 255)}
    covers = [pixel[3] for pixel in pixels]
    assert (min(covers), max(covers)) == (0, 255)
    edge = [c for n, c in enumerate(covers) if n % 32 in (0, 31) or n // 32 in (0, 31)]
    assert set(edge) == {0}


# --- the file ----------------------------------------------------------------------------------


def test_the_package_holds_the_manifest_and_the_icons_that_it_names(tmp_path: Path) -> None:
    made = made_of()
    package.write(tmp_path / "app.zip", made)
    with zipfile.ZipFile(tmp_path / "app.zip") as read:
        assert read.testzip() is None
        assert set(read.namelist()) == {"manifest.json", *made["icons"].values()}
        assert json.loads(read.read("manifest.json")) == made
        assert image(read.read(made["icons"]["color"]))[:2] == (192, 192)
        assert image(read.read(made["icons"]["outline"]))[:2] == (32, 32)


def test_the_same_manifest_makes_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one.zip", tmp_path / "other.zip"
    package.write(one, made_of())
    package.write(other, made_of())
    assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest()


# --- the command line --------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of its own to stand in, with nothing set."""
    for name in [name for name in os.environ if name.startswith("WARDROOM_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def wardroom(*words: str) -> Result:
    """Type `wardroom manifest teams` and what follows."""
    return CliRunner().invoke(main, ["manifest", "teams", *words])


def configure(here: Path, **changes: object) -> None:
    """Write a sandbox's settings."""
    for name in ("people.yaml", "services.yaml"):
        (here / name).write_text((ROOT / "docs/examples" / name).read_text("utf-8"), "utf-8")
    known = {
        "mode": "sandbox",
        "database": "sqlite:///w.db",
        "people": "people.yaml",
        "services": "services.yaml",
        **changes,
    }
    (here / "wardroom.yaml").write_text(yaml.safe_dump(known), "utf-8")


def written(here: Path) -> dict[str, Any]:
    """Return the manifest in the package that was written."""
    with zipfile.ZipFile(here / "w.zip") as read:
        made: dict[str, Any] = json.loads(read.read("manifest.json"))
    return made


def test_the_package_is_made_without_settings_when_all_is_said(here: Path) -> None:
    result = wardroom("--out", "w.zip", "--app-id", APP, "--url", URL)
    assert (result.exit_code, "Wrote w.zip" in result.output) == (0, True)
    assert written(here) == made_of(version=__version__)


def test_the_package_is_made_for_the_settings_that_are_here(here: Path) -> None:
    teams = {"app_id": APP, "app_password": "not-a-real-password", "tenant_id": APP}
    configure(here, teams=teams)
    result = wardroom("--out", "w.zip", "--slash")
    assert result.exit_code == 0, result.output
    made = written(here)
    assert made["id"] == APP
    assert made["developer"]["websiteUrl"] == "http://127.0.0.1:8080"
    assert made["bots"][0]["supportsTargetedMessages"] is True


def test_rooms_that_are_channels_ask_a_teams_owner_for_one_permission_and_no_more(
    here: Path,
) -> None:
    teams = {"app_id": APP, "app_password": "not-a-real-password", "tenant_id": APP}
    configure(here, teams={**teams, "rooms": "channel"})
    assert wardroom("--out", "w.zip").exit_code == 0
    made = written(here)
    check(made)
    assert made["authorization"] == {
        "permissions": {
            "resourceSpecific": [{"name": "Channel.Create.Group", "type": "Application"}]
        }
    }
    assert made["webApplicationInfo"]["id"] == APP
    configure(here, teams=teams)
    assert wardroom("--out", "w.zip").exit_code == 0
    assert not {"authorization", "webApplicationInfo"} & set(written(here))


def test_channels_can_be_asked_for_without_settings(here: Path) -> None:
    result = wardroom("--out", "w.zip", "--app-id", APP, "--url", URL, "--channels")
    assert result.exit_code == 0, result.output
    assert written(here) == made_of(version=__version__, has_channel_rooms=True)


def test_settings_without_teams_say_what_to_add(here: Path) -> None:
    configure(here)
    result = wardroom("--out", "w.zip")
    assert result.exit_code == 2
    assert "no teams block" in result.output
    assert not (here / "w.zip").exists()


def test_a_folder_that_is_not_there_is_said_in_one_sentence(here: Path) -> None:
    result = wardroom("--out", "no/w.zip", "--app-id", APP, "--url", URL)
    assert result.exit_code == 1
    assert result.output.strip().endswith("no/w.zip: No such file or directory")
