"""`POST /api/chat`: what it answers, what it refuses, and to whom."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from bot.errors import StoreFailed
from bot.model import Account, Button, Form, Input, Place, Reason, Reply, Visibility
from tests.adapters.web.house import House, build, serving
from tests.serving import NO_TLS

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEPLOY = Reply("Deploying.", topic="DEP-3", request="REQ-9", refs={"deploy": "DEP-3"})


@pytest_asyncio.fixture(loop_scope="session")
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=house.url, trust_env=False, verify=NO_TLS) as made:
        yield made


async def test_a_line_goes_down_the_road_as_the_person_named(
    house: House, client: httpx.AsyncClient
) -> None:
    house.say["help"] = Reply("You can type these.")
    answer = await client.post("/api/chat", json={"text": "help", "as": "engineer", "nonce": "n1"})
    assert answer.status_code == 200
    heard = house.road.heard[0]
    assert heard.account == Account("web", "engineer")
    assert heard.place == Place("web", "console")
    assert heard.delivery == "web:n1"
    assert heard.fields is None


async def test_the_answer_holds_the_contract_and_more_for_richer_clients(
    house: House, client: httpx.AsyncClient
) -> None:
    house.say["deploy"] = Reply(
        "Which?",
        Reason.BAD_INPUT,
        request="REQ-1",
        refs={"change": "CHG-2"},
        buttons=(Button("Help", "help"),),
        form=Form("deploy", "Deploy", (Input("service", "Service"),)),
    )
    answer = (await client.post("/api/chat", json={"text": "deploy", "as": "engineer"})).json()
    assert answer["reason"] == "bad_input"
    assert answer["text"].startswith("Which?")
    assert answer["request"] == "REQ-1"
    assert answer["refs"] == {"change": "CHG-2"}
    assert answer["html"].startswith("<article")
    assert answer["topic"] == ""
    assert answer["buttons"][0]["command"] == "help"
    assert answer["form"]["inputs"][0]["name"] == "service"


async def test_a_form_arrives_with_its_fields(house: House, client: httpx.AsyncClient) -> None:
    body = {"text": "deploy", "as": "engineer", "fields": {"service": "portal", "reason": "a\nb"}}
    await client.post("/api/chat", json=body)
    assert house.road.heard[0].fields == {"service": "portal", "reason": "a\nb"}


async def test_the_same_nonce_runs_once(house: House, client: httpx.AsyncClient) -> None:
    body = {"text": "deploy", "as": "engineer", "nonce": "twice"}
    house.say["deploy"] = Reply("Done.")
    answers = await asyncio.gather(*(client.post("/api/chat", json=body) for _ in range(2)))
    assert [one.json()["text"] for one in answers] == ["Done.", "Done."]
    assert house.road.lines == ["deploy"]


async def test_a_missing_nonce_is_a_new_submission(house: House, client: httpx.AsyncClient) -> None:
    for _ in range(2):
        await client.post("/api/chat", json={"text": "help", "as": "engineer"})
    deliveries = {one.delivery for one in house.road.heard}
    assert len(deliveries) == 2
    assert all(one.startswith("web:") for one in deliveries)


async def test_without_a_person_the_cookie_of_the_page_counts(
    house: House, client: httpx.AsyncClient
) -> None:
    await client.post("/persona", data={"as": "safety-officer"})
    await client.post("/api/chat", json={"text": "help"})
    assert house.road.heard[0].account.user == "safety-officer"


async def test_nobody_at_all_is_left_to_the_road(house: House, client: httpx.AsyncClient) -> None:
    await client.post("/api/chat", json={"text": "help"})
    assert house.road.heard[0].account.user == ""


async def test_the_persona_cookie_is_out_of_reach(client: httpx.AsyncClient) -> None:
    answer = await client.post("/persona", data={"as": "engineer", "page": "//elsewhere.example"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


async def test_somebody_who_does_not_exist_is_not_remembered(client: httpx.AsyncClient) -> None:
    await client.post("/persona", data={"as": "nobody-here"})
    assert client.cookies.get("wardroom_persona") is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{not json", "The body is not JSON."),
        (b"", "The body is not JSON."),
        (b"[" * 5000, "The body is not JSON."),
        (b'{"text": "\xff\xfe"}', "The body is not UTF-8 text."),
        (b'["help"]', 'The body is one JSON object with "text"'),
        (b'{"as": "engineer"}', '"text" is what you would type'),
        (b'{"text": 7}', '"text" is what you would type'),
        (b'{"text": "help", "nonce": "a b"}', '"nonce" is 1 to 64'),
        (b'{"text": "help", "fields": {"a": 1}}', '"fields" is a form'),
        (b'{"text": "help", "as": {}}', '"as" is the id of a person'),
        (b'{"text": "help", "secret-mrn-12345678": 1}', "The body is one JSON object"),
        (b'{"text": "' + b"a" * 20_000 + b'"}', '"text" is what you would type'),
        (b'{"text": "' + b"a" * 70_000 + b'"}', "That is too much at once"),
    ],
)
async def test_a_bad_body_is_refused_with_one_sentence(
    house: House, client: httpx.AsyncClient, body: bytes, said: str
) -> None:
    answer = await client.post(
        "/api/chat", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["reason"] == "bad_input"
    assert answer.json()["text"].startswith(said)
    assert "\n" not in answer.json()["text"]
    assert "12345678" not in answer.text
    assert house.road.heard == []


async def test_only_json_is_taken(house: House, client: httpx.AsyncClient) -> None:
    # What another site's form can send without asking the browser first.
    answer = await client.post(
        "/api/chat", content=b'{"text":"help"}', headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 415
    assert house.road.heard == []


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "attacker.example"},
        {"host": "127.0.0.1.attacker.example"},
        {"host": "wardroom.internal:8080"},
        {"origin": "https://attacker.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_another_site_gets_nothing(
    house: House, client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post("/api/chat", json={"text": "help"}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["reason"] == "not_authorised"
    assert house.road.heard == []


async def test_a_rebound_name_can_not_read_the_page_either(client: httpx.AsyncClient) -> None:
    for path in ("/", "/audit", "/api/events"):
        answer = await client.get(path, headers={"host": "attacker.example"})
        assert answer.status_code == 403
        assert "engineer" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:1"])
async def test_loopback_names_are_answered(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.post("/api/chat", json={"text": "help"}, headers={"host": host})
    assert answer.status_code == 200


async def test_a_client_on_another_machine_is_refused() -> None:
    app, house = build()
    transport = httpx.ASGITransport(app, client=("10.1.2.3", 40000))
    async with httpx.AsyncClient(
        verify=NO_TLS, transport=transport, base_url="http://127.0.0.1"
    ) as client:
        answer = await client.post("/api/chat", json={"text": "help", "as": "engineer"})
    assert answer.status_code == 403
    assert house.road.heard == []


async def test_in_production_page_and_api_are_closed_and_say_why() -> None:
    async with (
        serving("production") as house,
        httpx.AsyncClient(base_url=house.url, verify=NO_TLS) as client,
    ):
        api = await client.post("/api/chat", json={"text": "help", "as": "engineer"})
        page = await client.get("/")
        others = [await client.get(path) for path in ("/audit", "/audit/7", "/api/events")]
    assert api.status_code == page.status_code == 403
    assert "no sign-in yet" in api.json()["text"]
    assert "no sign-in yet" in page.text
    assert "engineer" not in page.text
    assert {one.status_code for one in others} == {403}
    assert house.road.heard == []


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    answers = [await client.get(path) for path in ("/", "/audit", "/static/console.css")]
    answers.append(await client.post("/api/chat", json={"text": "help"}))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
    assert answers[0].headers["cache-control"] == "no-store"
    assert answers[-1].headers["cache-control"] == "no-store"


async def test_an_asset_that_a_browser_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/static/console.js")
    again = await client.get("/static/console.js", headers={"if-none-match": first.headers["etag"]})
    assert first.headers["content-type"].startswith("text/javascript")
    assert again.status_code == 304
    assert (await client.get("/static/..%2fdoor.py")).status_code == 404


async def test_a_topic_is_followed_from_the_moment_it_is_shown(
    house: House, client: httpx.AsyncClient
) -> None:
    house.say["deploy"] = DEPLOY
    answer = (await client.post("/api/chat", json={"text": "deploy", "as": "engineer"})).json()
    assert answer["ref"] == answer["topic"] == "DEP-3"
    assert await house.topics.posts("DEP-3") == [(Place("web", "console"), "DEP-3")]


async def test_a_repeated_delivery_does_not_bring_an_old_state_back(
    house: House, client: httpx.AsyncClient
) -> None:
    house.say["deploy"] = DEPLOY
    body = {"text": "deploy", "as": "engineer", "nonce": "n"}
    await client.post("/api/chat", json=body)
    await house.notices.publish("DEP-3", Reply("Deployed.", topic="DEP-3"))
    again = (await client.post("/api/chat", json=body)).json()
    assert again["text"] == "Deploying."
    assert "Deployed." in again["html"]


async def test_a_store_that_is_down_does_not_lose_the_answer(
    house: House, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise StoreFailed("disk")

    house.say["deploy"] = DEPLOY
    monkeypatch.setattr(house.notices, "shown", broken)
    answer = await client.post("/api/chat", json={"text": "deploy", "as": "engineer"})
    assert answer.status_code == 200
    assert answer.json()["refs"] == {"deploy": "DEP-3"}


async def test_what_everybody_may_see_reaches_the_other_pages(
    house: House, client: httpx.AsyncClient
) -> None:
    house.say["change open"] = Reply("CHG-1 is open.", visibility=Visibility.PUBLIC)
    house.say["help"] = Reply("Only for you.")
    with house.live.watch() as watcher:
        for line in ("help", "change open"):
            await client.post("/api/chat", json={"text": line, "as": "engineer"})
        seen = [watcher.queue.get_nowait() for _ in range(watcher.queue.qsize())]
    assert [json.loads(one.data)["text"] for one in seen if one] == ["CHG-1 is open."]


async def test_suggestions_are_whole_lines(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/complete", json={"text": "deploy "})
    assert answer.json() == {
        "lines": ["deploy lab-results 1.4.2 to test", "deploy portal 1.4.2 to test"]
    }


async def test_a_failure_of_ours_says_so_and_no_more(
    house: House, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise OSError("secret path")

    monkeypatch.setattr(house.topics, "recent", broken)
    answer = await client.get("/")
    assert answer.status_code == 500
    assert "Something failed here" in answer.text
    assert "secret path" not in answer.text
