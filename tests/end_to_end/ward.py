"""Wardroom as its users run it: a process, spoken to over HTTP, that a test may kill."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner, Result

from bot.cli import main
from tests.end_to_end.gate import Gate
from tests.forked import wardroom
from tests.sandbox.fixtures import ROOT, Hospital
from tests.serving import NO_TLS

PATIENCE_SECONDS = 60


@dataclass
class Ward:
    """One Wardroom over one folder; it may be killed and started again."""

    folder: Path
    port: int
    process: BaseProcess | None = None

    @property
    def config(self) -> Path:
        return self.folder / "wardroom.yaml"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        output = self.folder / "output"
        self.process = wardroom(["serve", "--config", str(self.config)], output)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if (
                    httpx.get(f"{self.url}/readyz", timeout=2, verify=NO_TLS).status_code
                    == httpx.codes.OK
                ):
                    return
            except httpx.HTTPError:
                pass
            assert self.process.is_alive(), output.read_text()
            assert time.monotonic() < deadline, "Wardroom did not become ready"
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.join()

    def stop(self) -> int | None:
        """Ask it to stop; returns its exit code, None where it goes on."""
        assert self.process is not None
        self.process.terminate()
        self.process.join(30)
        return self.process.exitcode

    def say(self, who: str, text: str) -> dict[str, Any]:
        """Type a line as a persona; returns the object of `wardroom chat --json`."""
        body = {"text": text, "as": who, "nonce": uuid.uuid4().hex}
        answer = httpx.post(f"{self.url}/api/chat", json=body, timeout=30, verify=NO_TLS)
        made: dict[str, Any] = answer.json()
        return made

    def ended(self, deploy: str) -> dict[str, Any]:
        """Wait until a deploy has ended; returns its status."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            shown = self.say("engineer", f"deploy status {deploy}")
            if shown["refs"].get("state") not in ("started", None):
                return shown
            assert time.monotonic() < deadline, shown
            time.sleep(0.3)

    def cli(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `wardroom WORDS` over this folder."""
        return subprocess.run(
            [sys.executable, "-m", "bot", *words],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "WARDROOM_CONFIG": str(self.config), "PYTHONPATH": str(ROOT)},
        )

    def typed(self, *words: str) -> Result:
        """Do what `cli` does in this process, which has loaded the product already."""
        return CliRunner().invoke(main, words, env={"WARDROOM_CONFIG": str(self.config)})

    def events(self, query: str) -> list[dict[str, Any]]:
        """Search the log on disk, newest first."""
        found = self.typed("audit", "search", query, "--json", "--limit", "500")
        assert found.exit_code == 0, found.output
        return [event["data"] for event in json.loads(found.stdout)["events"]]


@pytest.fixture
def gate(hospital: Hospital) -> Iterator[Gate]:
    """The wire to the hospital's CI server."""
    made = Gate(hospital.ci_url)
    yield made
    made.close()


@pytest.fixture
def unstarted(hospital: Hospital, gate: Gate, tmp_path: Path) -> Iterator[Ward]:
    """A Wardroom with a fresh database, beside the session's hospital; not started yet."""
    for file in [*hospital.home.glob("*.yaml"), *hospital.home.glob("*.ics")]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    shutil.copytree(hospital.home / "policies", tmp_path / "policies")
    document = yaml.safe_load((hospital.home / "wardroom.yaml").read_text())
    port = _free_port()
    document["database"] = f"sqlite:///{tmp_path / 'wardroom.db'}"
    del document["audit"]  # the hospital's anchor remembers the log of the hospital's own
    document["server"] = {"host": "127.0.0.1", "port": port}
    document["integrations"]["buildbot"]["url"] = gate.url
    (tmp_path / "wardroom.yaml").write_text(yaml.safe_dump(document))
    made = Ward(tmp_path, port)
    yield made
    made.kill()


@pytest.fixture
def ward(unstarted: Ward) -> Ward:
    """Such a Wardroom, started."""
    unstarted.start()
    return unstarted


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
