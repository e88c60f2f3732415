"""Deploys through the real CI server really replace what runs."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.sandbox.fixtures import rpc, until

if TYPE_CHECKING:
    from tests.sandbox.fixtures import Hospital

pytestmark = [pytest.mark.hospital, pytest.mark.xdist_group("hospital")]
GREEN, RED, CANCELLED = 0, 2, 6


def test_a_deploy_really_replaces_the_running_version(hospital: Hospital) -> None:
    before = hospital.tell("status")["portal test"]["pid"]
    build = hospital.deploy("portal", "1.4.2", "test", request="DEP-1")
    assert build["results"] == GREEN
    assert build["properties"]["got_revision"][0] == hospital.commit("portal", "1.4.2")
    assert hospital.running_version("portal", "test") == "1.4.2"
    assert hospital.running_version("portal", "production") == "1.4.1"
    assert hospital.tell("status")["portal test"]["pid"] != before


def test_a_deploy_goes_to_the_sites_that_it_names_and_to_all_without_any(
    hospital: Hospital,
) -> None:
    build = hospital.deploy("portal", "1.4.2", "production", sites="clinics", request="DEP-2")
    assert build["results"] == GREEN
    assert hospital.running_version("portal", "production-clinics") == "1.4.2"
    assert hospital.running_version("portal", "production") == "1.4.1"
    assert hospital.deploy("portal", "1.4.1", "production", request="DEP-3")["results"] == GREEN
    assert hospital.running_version("portal", "production-clinics") == "1.4.1"


@pytest.mark.thorough
def test_a_rollback_is_a_deploy_of_the_older_version(hospital: Hospital) -> None:
    hospital.deploy("ehr-api", "1.4.2", "test")
    assert hospital.deploy("ehr-api", "1.4.1", "test")["results"] == GREEN
    assert hospital.running_version("ehr-api", "test") == "1.4.1"


@pytest.mark.thorough
def test_version_1_4_3_is_green_in_ci_and_fails_its_probe_after_the_deploy(
    hospital: Hospital,
) -> None:
    assert hospital.test("lab-results", "1.4.3")["results"] == GREEN
    assert hospital.deploy("lab-results", "1.4.3", "test")["results"] == GREEN
    probe = hospital.probe("lab-results", "test")
    assert probe.status_code == 503
    assert probe.json()["version"] == "1.4.3"
    assert probe.json()["status"] == "degraded"
    assert hospital.probe("lab-results", "test", "health").status_code == 503


@pytest.mark.thorough
def test_version_1_5_0_is_red_in_ci_and_its_report_names_the_failing_test(
    hospital: Hospital,
) -> None:
    build = hospital.test("lab-results", "1.5.0")
    assert build["results"] == RED
    assert build["steps"]["checkout"]["results"] == GREEN
    assert "FAIL: test_a_time_with_an_offset_is_read_as_utc" in hospital.log(build, "unit-tests")
    assert "<failure" in hospital.log(build, "unit-tests", "junit.xml")


@pytest.mark.thorough
def test_the_commit_of_a_tag_and_the_commit_by_itself_are_the_same_build(
    hospital: Hospital,
) -> None:
    commit = hospital.commit("portal", "1.4.2")
    by_tag = hospital.test("portal", "1.4.2")
    by_commit = hospital.wait_build(hospital.force("portal", revision=commit))
    assert by_tag["properties"]["got_revision"][0] == commit
    assert by_commit["properties"]["got_revision"][0] == commit


@pytest.mark.thorough
def test_a_deploy_of_another_commit_than_the_tags_changes_nothing(hospital: Hospital) -> None:
    running = hospital.running_version("adt-feed", "test")
    build = hospital.deploy(
        "adt-feed", "1.4.2", "test", revision=hospital.commit("adt-feed", "1.5.0")
    )
    assert build["results"] == RED
    assert build["steps"]["install"]["results"] == RED
    assert "was checked out" in hospital.log(build, "install")
    assert hospital.running_version("adt-feed", "test") == running


@pytest.mark.thorough
def test_a_deploy_of_a_version_that_does_not_exist_is_red_and_changes_nothing(
    hospital: Hospital,
) -> None:
    assert hospital.deploy("portal", "9.9.9", "production")["results"] == RED
    assert hospital.running_version("portal", "production") == "1.4.1"


@pytest.mark.thorough
def test_two_deploys_of_one_service_never_overlap_and_are_never_merged(
    hospital: Hospital,
) -> None:
    wishes = [("1.4.2", "DEP-21"), ("1.4.1", "DEP-22")]
    requests = [
        hospital.force("deploy-ehr-api", version=version, environment="production", request=name)
        for version, name in wishes
    ]
    first, second = (hospital.wait_build(request) for request in requests)
    assert [first["results"], second["results"]] == [GREEN, GREEN]
    assert [build["properties"]["request"][0] for build in (first, second)] == ["DEP-21", "DEP-22"]
    assert second["started_at"] >= first["complete_at"]
    assert hospital.running_version("ehr-api", "production") == "1.4.1"


@pytest.mark.thorough
def test_forcing_without_signing_in_is_refused(hospital: Hospital) -> None:
    with hospital.ci(signed_in=False) as ci:
        before = ci.get("buildrequests").json()["meta"]["total"]
        answer = ci.post("forceschedulers/portal", json=rpc("force", {}))
        password = ci.post("forceschedulers/portal", json=rpc("force", {}), auth=("wardroom", "x"))
        assert ci.get("buildrequests").json()["meta"]["total"] == before
    assert [answer.status_code, password.status_code] == [403, 403]


@pytest.mark.thorough
def test_a_wrong_password_does_not_sign_in(hospital: Hospital) -> None:
    answer = httpx.get(f"{hospital.ci_url}auth/login", auth=("wardroom", "wrong"))
    assert answer.status_code == 401


def test_what_was_asked_is_found_by_its_request_before_and_after_it_runs(
    hospital: Hospital,
) -> None:
    number = hospital.read("builders/portal")["builders"][0]["builderid"]
    path = f"builders/{number}/buildrequests?property=request&order=-buildrequestid&limit=50"

    def found() -> list[int]:
        return [
            request["buildrequestid"]
            for request in hospital.read(path)["buildrequests"]
            if request["properties"].get("request", [""])[0] == "REQ-77"
        ]

    hospital.tell("stop", "ci worker")
    try:
        request = hospital.force("portal", branch="portal/1.4.1", request="REQ-77")
        assert found() == [request]
        assert hospital.read(f"buildrequests/{request}/builds")["builds"] == []
    finally:
        hospital.tell("start", "ci worker")
    assert hospital.wait_build(request)["properties"]["request"][0] == "REQ-77"
    assert found() == [request]


@pytest.mark.thorough
def test_what_waits_can_be_cancelled_and_then_has_no_build(hospital: Hospital) -> None:
    hospital.tell("stop", "ci worker")
    try:
        request = hospital.force("portal", branch="portal/1.4.1")
        with hospital.ci() as ci:
            ci.post(f"buildrequests/{request}", json=rpc("cancel", {"reason": "second thoughts"}))
        until(lambda: hospital.read(f"buildrequests/{request}")["buildrequests"][0]["complete"])
    finally:
        hospital.tell("start", "ci worker")
    found = hospital.read(f"buildrequests/{request}")["buildrequests"][0]
    assert found["results"] == CANCELLED
    assert hospital.read(f"buildrequests/{request}/builds")["builds"] == []


@pytest.mark.thorough
def test_ci_comes_back_with_its_history(hospital: Hospital) -> None:
    build = hospital.test("portal", "1.4.1")
    hospital.stop_ci()
    with pytest.raises(httpx.ConnectError):
        hospital.read("builders")
    hospital.start_ci()
    assert hospital.read(f"builds/{build['buildid']}")["builds"][0]["results"] == GREEN


@pytest.mark.thorough
def test_a_service_that_was_killed_is_started_again(hospital: Hospital) -> None:
    before = hospital.tell("status")["pacs test"]["pid"]
    os.kill(before, signal.SIGKILL)
    until(lambda: hospital.tell("status")["pacs test"]["pid"] not in (None, before))
    assert hospital.tell("start", "pacs test")["status"] == "ok"
