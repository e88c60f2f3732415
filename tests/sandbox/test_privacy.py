"""Who may talk to a hospital, and that there is one at a time in a home."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.fixtures import started

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.fixtures import Hospital

pytestmark = [pytest.mark.hospital, pytest.mark.xdist_group("hospital")]


def test_passwords_and_tokens_are_readable_by_their_owner_only(hospital: Hospital) -> None:
    layout = hospital.layout
    for path in (layout.facts, layout.control, layout.ci_password, layout.worker_password):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_supervisor_does_nothing_for_a_stranger(hospital: Hospital) -> None:
    where = json.loads(hospital.layout.control.read_text("utf-8"))
    with socket.create_connection(("127.0.0.1", where["port"])) as link:
        link.sendall(b'{"token": "guess", "do": "stop", "what": "ci"}\n')
        assert b"token was wrong" in link.recv(1000)
    assert hospital.tell("status")["ci master"]["pid"] is not None


def test_a_second_hospital_in_the_same_home_is_refused(hospital: Hospital, tmp_path: Path) -> None:
    with started(tmp_path / "other", "--home", str(hospital.home)) as second:
        assert second.process.wait() == 1
        assert f"already running in {hospital.home} (process {hospital.process.pid})" in (
            second.output
        )
    assert hospital.running_version("pacs", "production") == "1.4.1"


def test_everything_listens_on_loopback_only(hospital: Hospital) -> None:
    ports = {hospital.facts["ci"]["port"], hospital.facts["ci"]["worker_port"]}
    for places in hospital.facts["services"].values():
        for place in places.values():
            ports |= {place["status_port"], place["port"]}
    own = socket.gethostbyname(socket.gethostname())
    assert ports
    if own.startswith("127."):
        pytest.skip("this machine's name is a loopback address")
    for port in ports:
        with socket.socket() as probe:
            probe.settimeout(5)
            assert probe.connect_ex((own, port)) != 0, port
