"""SIGKILL before, during and after the trigger: the deploy goes on, and happens once."""

from __future__ import annotations

import time

import pytest

from tests.end_to_end.gate import Gate
from tests.end_to_end.ward import Ward
from tests.sandbox.fixtures import Hospital

pytestmark = [
    pytest.mark.hospital,
    pytest.mark.crash,
    pytest.mark.xdist_group("hospital"),
]
SERVICE = "portal"


@pytest.fixture
def built(hospital: Hospital) -> str:
    """A version that CI has built green."""
    if not hospital.read(f"builders/{SERVICE}/builds?limit=1")["builds"]:
        hospital.test(SERVICE, "1.4.2")
    return "1.4.2"


@pytest.mark.parametrize("moment", ["before", "between", "after"])
def test_a_kill_at_the_trigger_leaves_exactly_one_deploy(
    ward: Ward, gate: Gate, hospital: Hospital, built: str, moment: str
) -> None:
    setattr(gate, moment, ward.kill)
    asked = ward.say("engineer", f"deploy {SERVICE} {built} to test --reason {moment}")
    assert asked["refs"]["deploy"] == "DEP-1", asked
    assert ward.process is not None
    ward.process.join(30)
    time.sleep(0.2)

    ward.start()
    ended = ward.ended("DEP-1")

    assert ended["refs"]["state"] == "succeeded", ended["text"]
    assert hospital.running_version(SERVICE, "test") == built
    (builder,) = hospital.read(f"builders/deploy-{SERVICE}")["builders"]
    asked_for = hospital.read(f"builders/{builder['builderid']}/buildrequests?property=request")
    names = [row["properties"]["request"][0] for row in asked_for["buildrequests"]]
    (effect,) = {event["correlation"] for event in ward.events("verb:deploy kind:ended")}
    assert names.count(effect) == 1, "the CI server was asked exactly once"
    assert gate.orders == (2 if moment == "before" else 1)
    verified = ward.typed("audit", "verify")
    assert verified.exit_code == 0, verified.output
