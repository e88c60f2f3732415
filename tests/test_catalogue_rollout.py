"""What the estate file says of sites that go one after the other; each mistake has its path."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot import catalogue
from bot.errors import ConfigurationError
from bot.model import Rollout

SITES = ["clinics", "hospice", "main"]


def _load(folder: Path, *sites: str, **production: object) -> Rollout | None:
    service = {
        "id": "a",
        "owner": "o",
        "safety_class": "A",
        "sites": list(sites),
        "environments": {"production": production},
    }
    (folder / "services.yaml").write_text(json.dumps([service]))
    found = catalogue.load(folder / "services.yaml").service("a")
    assert found is not None
    environment = found.environment("production")
    assert environment is not None
    return environment.rollout


def test_a_canary_goes_first_and_all_others_follow_together(tmp_path: Path) -> None:
    found = _load(tmp_path, *SITES, canary={"site": "hospice", "hold": "1d"})
    assert found == Rollout((("hospice",), ("clinics", "main")), timedelta(days=1))


def test_batches_are_kept_in_their_order(tmp_path: Path) -> None:
    batches = [["main"], ["hospice", "clinics"]]
    found = _load(tmp_path, *SITES, rollout={"batches": batches, "hold": "10m"})
    assert found == Rollout((("main",), ("hospice", "clinics")), timedelta(minutes=10))
    assert _load(tmp_path, *SITES) is None


@pytest.mark.parametrize(
    ("sites", "production", "said"),
    [
        (
            SITES,
            {
                "rollout": {"batches": [["main"], ["clinics", "hospice"]], "hold": "1m"},
                "canary": {"site": "main", "hold": "1m"},
            },
            ": has both rollout and canary; one of them says it all",
        ),
        (
            SITES,
            {"canary": {"site": "main", "hold": "25h"}},
            ".canary.hold: is longer than a day; the environment is locked meanwhile",
        ),
        (
            SITES,
            {"rollout": {"batches": [["main"], ["clinics", "hospice"]], "hold": "2d"}},
            ".rollout.hold: is longer than a day; the environment is locked meanwhile",
        ),
        (
            SITES,
            {"canary": {"site": "mian", "hold": "1m"}},
            ".canary.site: mian is none of the service's sites (did you mean main?)",
        ),
        (
            ["main"],
            {"canary": {"site": "main", "hold": "1m"}},
            ".canary: needs a service with at least two sites",
        ),
        (
            SITES,
            {"rollout": {"batches": [["main"], ["clinic", "clinics", "hospice"]], "hold": "1m"}},
            ".rollout.batches: clinic is none of the service's sites (did you mean clinics?)",
        ),
        (
            SITES,
            {"rollout": {"batches": [["main"], ["clinics"]], "hold": "1m"}},
            ".rollout.batches: hospice has to be in exactly one batch",
        ),
        (
            SITES,
            {"rollout": {"batches": [["main"], ["clinics", "hospice", "main"]], "hold": "1m"}},
            ".rollout.batches: main has to be in exactly one batch",
        ),
        (
            SITES,
            {"probes": [{"kind": "version", "url": "http://a/", "site": "clinik"}]},
            ".probes.site: clinik is none of the service's sites (did you mean clinics?)",
        ),
    ],
)
def test_each_mistake_has_its_path_and_its_mend(
    tmp_path: Path, sites: list[str], production: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _load(tmp_path, *sites, **production)
    listed = str(caught.value).split("\n  - ")[1:]
    assert listed == [f"a.environments.production{said}"]


@pytest.mark.parametrize("batches", [[["main", "clinics", "hospice"]], [[], SITES]])
def test_a_rollout_has_two_batches_and_none_is_empty(tmp_path: Path, batches: object) -> None:
    with pytest.raises(ConfigurationError, match=r"rollout\.batches"):
        _load(tmp_path, *SITES, rollout={"batches": batches, "hold": "1m"})
