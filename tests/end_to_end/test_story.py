"""The README's story, typed with `wardroom` beside a real hospital."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.end_to_end.gate import Gate
from tests.end_to_end.ward import Ward
from tests.sandbox.fixtures import Hospital

pytestmark = [pytest.mark.hospital, pytest.mark.xdist_group("hospital")]
ASK = "deploy lab-results 1.4.2 to production --reason 'fix the unit mapping'"


def chat(ward: Ward, who: str, text: str) -> tuple[int, dict[str, Any]]:
    """Type `wardroom chat --as WHO --json TEXT`; returns its exit code and object."""
    done = ward.typed("chat", "--as", who, "--url", ward.url, "--json", text)
    assert done.stdout, done.output
    made: dict[str, Any] = json.loads(done.stdout)
    assert list(made) == ["reason", "text", "request", "refs"]
    return done.exit_code, made


def test_the_story_of_the_readme(ward: Ward, gate: Gate, hospital: Hospital) -> None:
    code, said = chat(ward, "engineer", ASK)
    assert (code, said["reason"]) == (2, "ci_not_green"), said["text"]

    code, said = chat(ward, "engineer", "ci run lab-results 1.4.2")
    assert (code, said["reason"]) == (0, "ok"), said["text"]
    hospital.wait_build(int(said["refs"]["build"].removeprefix("q")))
    code, said = chat(ward, "engineer", "ci status lab-results 1.4.2")
    assert (code, said["refs"]["state"]) == (0, "green")

    code, said = chat(ward, "engineer", ASK)
    assert (code, said["reason"], said["request"]) == (0, "pending_approval", "REQ-1")
    code, said = chat(ward, "engineer", "approve REQ-1")
    assert (code, said["reason"]) == (2, "not_authorised")
    code, said = chat(ward, "engineer-2", "approve REQ-1")
    assert (code, said["reason"]) == (0, "ok")
    before = hospital.running_version("lab-results", "production")
    code, said = chat(ward, "release-manager", "approve REQ-1")
    assert (code, said["reason"], said["refs"]["deploy"]) == (0, "ok", "DEP-1"), said["text"]
    assert ward.ended("DEP-1")["refs"]["state"] == "succeeded"
    assert before != hospital.running_version("lab-results", "production") == "1.4.2"

    code, said = chat(ward, "engineer", "change show CHG-1")
    assert (said["refs"]["state"], said["refs"]["result"]) == ("closed", "successful")

    gate.is_shut = True
    code, said = chat(ward, "engineer", "ci status lab-results 1.4.2")
    assert (code, said["reason"]) == (1, "unavailable"), said
    gate.is_shut = False

    done = ward.cli(
        "chat",
        "--as",
        "engineer",
        "--url",
        ward.url,
        "--json",
        "deploy portal 1.4.2 to test --reason 'MRN 00123456 is missing'",
    )
    assert (done.returncode, json.loads(done.stdout)["reason"]) == (2, "phi_blocked")
    assert "00123456" not in done.stdout

    piped = ward.cli("chat", "--as", "engineer", "--url", ward.url, stdin="whoami\nservices\n")
    assert piped.returncode == 0, piped.stderr
    assert "lab-results" in piped.stdout

    verbs = [event["verb"] for event in ward.events("REQ-1")]
    assert {"deploy", "approve", "deploy trigger"} <= set(verbs)
    verified = ward.cli("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    out = ward.folder / "log.jsonl"
    assert ward.cli("audit", "export", "--format", "jsonl", "--out", str(out)).returncode == 0
    assert ward.cli("audit", "verify", str(out)).returncode == 0
    assert b"00123456" not in b"".join(
        file.read_bytes() for file in ward.folder.iterdir() if file.is_file()
    )
    assert ward.stop() == 0
