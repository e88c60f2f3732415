"""Whatever part of an answer is odd, it is a build or one sentence, and never our own failure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import respx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.api import IntegrationError
from tests.examples import examples
from tests.integrations.jenkins import vendor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.model import Service
    from bot.ports import Ci

LEAVES = st.none() | st.booleans() | st.integers(-5, 10**15) | st.sampled_from(("", "x", "3", "é"))
ODD = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(st.sampled_from(("id", "x")), LEAVES)
COMMIT = "a" * 40
ASKED: dict[str, Callable[[Ci, Service], Awaitable[object]]] = {
    "builds": lambda ci, portal: ci.builds(portal, "1.5.0"),
    "recent": lambda ci, portal: ci.recent(portal),
    "build": lambda ci, _: ci.build("clinical/portal/3"),
    "waiting": lambda ci, _: ci.build("clinical/deploy-portal/q39"),
    "find": lambda ci, portal: ci.find(portal, "x"),
    "log": lambda ci, _: ci.log_tail("clinical/portal/3"),
    "deploy": lambda ci, portal: ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="y"),
}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.vendors.vendor.ATTEMPTS", 1)


def bent(found: Any, data: st.DataObject) -> Any:
    """Return an answer with something else in one place of it, or without that place."""
    if not found or not isinstance(found, dict | list) or data.draw(st.integers(0, 5)) == 0:
        return data.draw(ODD)
    keys = list(found) if isinstance(found, dict) else list(range(len(found)))
    key = data.draw(st.sampled_from(keys))
    if isinstance(found, dict) and data.draw(st.integers(0, 5)) == 0:
        return {name: value for name, value in found.items() if name != key}
    made = found.copy()
    made[key] = bent(found[key], data)
    return made


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@given(data=st.data())
@settings(
    max_examples=examples(200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_an_odd_answer_is_a_build_or_a_sentence(
    asked: Callable[[Ci, Service], Awaitable[object]], data: st.DataObject
) -> None:
    there, portal = vendor.hospital(), vendor.portal()
    there.jobs["clinical/portal"].runs[2].step = {"text": "x"}
    left = data.draw(st.integers(0, 3), label="good answers before the odd one")

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal left
        good, left = there.answer(request), left - 1
        if left != -1 or not good.headers.get("content-type", "").endswith("json"):
            return good
        odd = json.dumps(bent(good.json(), data)).encode()
        return httpx.Response(200, content=odd, headers={"content-type": "application/json"})

    there.queue[39] = vendor.Waiting(39, there.jobs["clinical/deploy-portal"], {})
    with respx.mock(assert_all_called=False) as router:
        router.route().mock(side_effect=answer)
        async with vendor.connected() as ci:
            await _quietly(asked(ci, portal))
    orders = [call for call in router.calls if call.request.method == "POST"]
    assert len(orders) <= 1


async def _quietly(asking: Awaitable[object]) -> None:
    try:
        await asking
    except IntegrationError as error:
        told = error.text
    else:
        return
    assert told.endswith(".")
    assert "\n" not in told
