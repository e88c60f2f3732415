"""The sign-in page of the hospital, a real process: who signs in there is who the token says."""

from __future__ import annotations

import stat
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from sandbox import facts
from sandbox.estate import PASSWORD, PEOPLE
from sandbox.layout import Layout
from tests.sandbox.fixtures import until
from tests.sandbox.signing_in import BACK, Browser, Page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import httpx


def back(answer: httpx.Response) -> Mapping[str, str]:
    """Return what a browser takes back to the application."""
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"]
    assert address.startswith(f"{BACK}?")
    return dict(parse_qsl(urlsplit(address).query))


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A hospital's home with what the page needs."""
    made = Layout(tmp_path_factory.mktemp("sign-in"))
    made.ci.mkdir(parents=True)
    facts.make_passwords(made)
    return made


@pytest.fixture(scope="module")
def page(layout: Layout) -> Iterator[Page]:
    """One page for these tests: a sign-in leaves nothing in another browser's way."""
    with serving(layout) as running:
        yield running


def test_who_signs_in_is_who_the_token_says_and_when(page: Page) -> None:
    browser, before = Browser(page), int(time.time())
    shown = browser.open()
    assert shown.status_code == 200
    assert all(person.name in shown.text for person in PEOPLE)
    assert f"<code>{PASSWORD}</code>" in shown.text
    brought = back(browser.sign_in("safety-officer"))
    assert (brought["state"], brought["iss"]) == ("a state", page.url)
    claims = page.claims(page.token(brought["code"], browser.verifier))
    (officer,) = (person for person in PEOPLE if person.id == "safety-officer")
    assert (claims["sub"], claims["nonce"]) == (officer.subject, browser.nonce)
    assert before <= claims["auth_time"] <= claims["iat"] < claims["exp"]


@pytest.mark.parametrize(
    ("person", "password"), [("safety-officer", "wrong"), ("nobody", PASSWORD)]
)
def test_a_wrong_password_signs_nobody_in(page: Page, person: str, password: str) -> None:
    browser = Browser(page)
    refused = browser.sign_in(person, password)
    assert refused.status_code == 403
    assert "not the password" in refused.text
    assert "location" not in refused.headers
    assert dict(browser.client.cookies) == {}


def test_a_code_is_good_once(page: Page) -> None:
    browser = Browser(page)
    code = back(browser.sign_in("engineer"))["code"]
    page.token(code, browser.verifier).raise_for_status()
    again = page.token(code, browser.verifier)
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_verifier": "another"}, "invalid_grant"),
        ({"redirect_uri": BACK.replace("18080", "18081")}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"secret": "another"}, "invalid_client"),
    ],
)
def test_a_code_is_only_for_who_asked_for_it(
    page: Page, change: dict[str, str], error: str
) -> None:
    browser = Browser(page)
    code = back(browser.sign_in("engineer"))["code"]
    refused = page.token(code, browser.verifier, **change)
    assert refused.status_code == (401 if error == "invalid_client" else 400)
    assert refused.json() == {"error": error}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_an_application_that_asks_wrongly_is_sent_an_error_and_no_code(
    page: Page, change: dict[str, str | None], error: str
) -> None:
    brought = back(Browser(page).open(**change))
    assert (brought["error"], brought["state"]) == (error, "a state")
    assert "code" not in brought


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://hospital.example/sign/back"},
        {"redirect_uri": "http://127.0.0.1:18080/elsewhere"},
        {"client_id": "another"},
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_the_applications(
    page: Page, change: dict[str, str]
) -> None:
    for answer in (
        Browser(page).open(**change),
        Browser(page).sign_in("engineer", PASSWORD, **change),
    ):
        assert answer.status_code == 400
        assert "location" not in answer.headers


def test_who_is_signed_in_is_asked_again_only_where_that_is_wanted(page: Page) -> None:
    browser = Browser(page)
    first = page.claims(page.token(back(browser.sign_in("auditor"))["code"], browser.verifier))
    code = back(browser.open(prompt=None))["code"]
    again = page.claims(page.token(code, browser.verifier))
    assert (again["sub"], again["auth_time"]) == (first["sub"], first["auth_time"])
    assert "<form" in browser.open(prompt="login").text
    until(lambda: int(time.time()) > first["auth_time"])
    assert "<form" in browser.open(prompt=None, max_age="0").text


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.ci.mkdir(parents=True)
    facts.make_passwords(layout)
    published = []
    for _ in range(2):
        with serving(layout) as page:
            published.append(page.client.get(f"{page.url}/keys").json())
    assert published[0] == published[1]
    assert "d" not in published[0]["keys"][0]
    for file in (layout.signing_key, layout.client_secret):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
