"""docs/integrations/argocd.md: a configuration that works, and an application that is taken."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import yaml

from bot import catalogue
from bot.settings import load
from integrations.argocd import connect
from integrations.argocd.places import applications_of
from integrations.argocd.provider import GET, SYNC
from integrations.argocd.reading import HEALTH, PHASES
from tests.house import write_site
from tests.integrations.argocd.vendor import PlayedArgo, asking
from tests.serving import NO_TLS

TEXT = (Path(__file__).parents[3] / "docs/integrations/argocd.md").read_text("utf-8")
PROJECT, SETTINGS, SERVICES, APPLICATION = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def estate(folder: Path) -> catalogue.Estate:
    file = folder / "services.yaml"
    file.write_text(SERVICES)
    return catalogue.load(file, providers=("buildbot", "argocd"))


async def test_the_settings_of_the_page_make_the_provider(tmp_path: Path) -> None:
    file = write_site(tmp_path, f"sqlite:///{tmp_path}/w.db", **yaml.safe_load(SETTINGS))
    for name in ("argocd-token", "buildbot-password"):
        secret = tmp_path / "secrets" / name
        secret.parent.mkdir(exist_ok=True)
        secret.write_text("a-token-of-a-projects-role\n")
        secret.chmod(0o600)
    given = load(file, {}).integrations["argocd"].credentials()
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        vendor = connect(given, client).vendor
        sent = await vendor.headers()
    assert sent == {"Authorization": "Bearer a-token-of-a-projects-role"}


def test_the_services_of_the_page_name_applications(tmp_path: Path) -> None:
    services = estate(tmp_path).services()
    assert [[str(each) for each in applications_of(service)] for service in services] == [
        ["lab-results-test", "lab-results-production"],
        [
            "web/portal-test-north",
            "web/portal-test-south",
            "web/portal-production-north",
            "web/portal-production-south",
        ],
    ]


async def test_the_application_of_the_page_is_one_that_is_synced(tmp_path: Path) -> None:
    service = estate(tmp_path).service("lab-results")
    assert service is not None
    argo = PlayedArgo()
    argo.apps["lab-results-production"] = {**yaml.safe_load(APPLICATION), "status": {}}
    async with asking(argo) as ci:
        await ci.deploy(service, "1.4.2", "a" * 40, "production", correlation="REQ-1-aa")
    assert len(argo.synced) == 1


def test_the_project_of_the_page_grants_what_is_asked_and_no_more() -> None:
    (role,) = yaml.safe_load(PROJECT)["spec"]["roles"]
    granted = [", ".join(policy.split(", ")[2:4]) for policy in role["policies"]]
    assert granted == [GET, SYNC]


def test_every_state_that_is_read_is_on_the_page() -> None:
    states = {f"`{name}`" for name in (*PHASES, *HEALTH)}
    assert {name for name in states if name not in TEXT} == set()
