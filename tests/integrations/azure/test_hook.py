"""Azure DevOps' service hooks: whose they are, and which run they are about."""

from __future__ import annotations

import base64

import pytest

from integrations.azure import hook

RUN = {"id": 479, "name": "20260302.2", "state": "completed", "result": "succeeded"}


def test_the_password_of_the_hook_is_one_of_the_secrets() -> None:
    pair = base64.b64encode(b"wardroom:hook-secret").decode()
    headers = {"authorization": f"Basic {pair}"}
    assert hook.is_genuine(headers, b"{}", ["hook-secret", "before"])
    assert not hook.is_genuine(headers, b"{}", ["before"])
    assert not hook.is_genuine({}, b"{}", ["hook-secret"])


@pytest.mark.parametrize(
    ("told", "builds"),
    [
        ({"eventType": "build.complete", "resource": {"id": 479, "status": "succeeded"}}, ["479"]),
        (
            {
                "eventType": "ms.vss-pipelines.run-state-changed-event",
                "resource": {"run": RUN, "pipeline": {"id": 7}},
            },
            ["479"],
        ),
        (
            {
                "eventType": "ms.vss-pipelines.stage-state-changed-event",
                "resource": {"stage": {"name": "Production"}, "run": RUN},
            },
            ["479"],
        ),
        ({"eventType": "git.push", "resource": {"id": 479}}, []),
        ({"eventType": "build.complete", "resource": {"id": "479"}}, []),
        ({"eventType": "ms.vss-pipelines.run-state-changed-event", "resource": {"run": 7}}, []),
        ({"eventType": "build.complete"}, []),
        ({"resource": []}, []),
    ],
)
def test_the_run_of_an_event_is_read_and_nothing_else(
    told: dict[str, object], builds: list[str]
) -> None:
    assert list(hook.builds({}, told)) == builds
