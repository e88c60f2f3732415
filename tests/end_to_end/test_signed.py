"""A signed approval in the sandbox: Wardroom, the sign-in page and CI, three processes."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml

from sandbox.estate import PASSWORD
from tests.sandbox.fixtures import until
from tests.serving import NO_TLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.ward import Ward
    from tests.sandbox.fixtures import Hospital

pytestmark = [
    pytest.mark.hospital,
    pytest.mark.thorough,
    pytest.mark.xdist_group("hospital"),
]
LINK = re.compile(r"http://\S+/sign/[a-z]+")


@pytest.fixture
def archive(hospital: Hospital) -> Iterator[Hospital]:
    """A hospital whose CI has built the next version of its archive; the old one is put back."""
    hospital.test("pacs", "1.4.2")
    yield hospital
    hospital.deploy("pacs", "1.4.1", "production")


def opened(browser: httpx.Client, link: str) -> httpx.Response:
    """Follow a link, and press the one that its page offers: to the sign-in page."""
    assert "Safety Officer" in browser.get(link).text
    page = browser.get(f"{link}/go", follow_redirects=True)
    assert "Sandbox hospital" in page.text
    return page


def signed_in(browser: httpx.Client, page: httpx.Response, who: str) -> httpx.Response:
    """Sign in on the page; returns where that leads."""
    form = {"person": who, "password": PASSWORD}
    return browser.post(page.url, data=form, follow_redirects=True)


def test_class_c_is_deployed_with_the_signature_of_the_safety_officer_alone(
    unstarted: Ward, archive: Hospital
) -> None:
    ward = unstarted
    document = yaml.safe_load(ward.config.read_text())
    del document["calendars"]  # at night pacs is not deployed
    ward.config.write_text(yaml.safe_dump(document))
    ward.start()
    asked = ward.say("engineer", "deploy pacs 1.4.2 to production --reason 'the new viewer'")
    assert asked["request"] == "REQ-1", asked
    assert ward.say("release-manager", "approve REQ-1")["reason"] == "ok"

    with httpx.Client(verify=NO_TLS, timeout=30) as browser:
        # Somebody else's sign-in is no signature of hers.
        offered = ward.say("safety-officer", "approve REQ-1")
        assert offered["reason"] == "pending_approval"
        found = LINK.search(offered["text"])
        assert found, offered
        refused = signed_in(browser, opened(browser, found[0]), "engineer-2")
        assert refused.status_code == 403, refused.text

        offered = ward.say("safety-officer", "approve REQ-1")
        found = LINK.search(offered["text"])
        assert found, offered
        page = signed_in(browser, opened(browser, found[0]), "safety-officer")
        assert page.status_code == 200, page.text
        assert "pacs" in page.text
        proof = re.search(r'name="proof" value="([^"]+)"', page.text)
        assert proof, page.text
        done = browser.post(page.url, data={"proof": proof[1]}, headers={"origin": ward.url})
        assert "DEP-1: deploying pacs 1.4.2 to production" in html.unescape(done.text)

    deployed(ward, archive)


def deployed(ward: Ward, hospital: Hospital) -> None:
    """See the deploy through, validated by radiology, and the signature on its change."""
    assert ward.ended("DEP-1")["refs"]["state"] == "validating"
    said = ward.say("radiographer", "deploy validate DEP-1 ok --note 'the images load'")
    assert said["reason"] == "ok", said
    until(lambda: ward.ended("DEP-1")["refs"]["state"] == "succeeded")
    assert hospital.running_version("pacs", "production") == "1.4.2"
    shown = ward.say("auditor", "change show CHG-1")["text"]
    assert "approved as clinical safety officer: Deploy pacs 1.4.2 to production" in shown
    assert ward.typed("audit", "verify").exit_code == 0
