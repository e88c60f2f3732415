"""A running sandbox hospital, as a handle that any test can use.

`hospital` is one hospital for the whole session, with every service and no builds in CI yet.
Tests that use it are marked `hospital` and `xdist_group("hospital")`, so that one worker starts it
once. `started` gives a test a hospital of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sandbox import control, repository, venv
from sandbox.estate import tag
from sandbox.layout import SOURCE, Layout
from tests.serving import NO_TLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE_SECONDS = 90
POLL_SECONDS = 0.2  # asked ten times a second, CI spends a third of its time on answers
ROOT = SOURCE.parent


@dataclass
class Hospital:
    """A hospital that runs in `home`; `process` is its supervisor, `reader` asks without login."""

    home: Path
    process: subprocess.Popen[bytes]
    reader: httpx.Client

    @property
    def layout(self) -> Layout:
        """Where things are."""
        return Layout(self.home)

    @property
    def facts(self) -> dict[str, Any]:
        """What hospital.json says: ports, addresses, places."""
        facts: dict[str, Any] = json.loads(self.layout.facts.read_text("utf-8"))
        return facts

    @property
    def output(self) -> str:
        """What it has said so far."""
        return (self.home / "output").read_text("utf-8")

    @property
    def ci_url(self) -> str:
        """CI's base address, with its slash."""
        return str(self.facts["ci"]["url"])

    @property
    def credentials(self) -> tuple[str, str]:
        """CI's user and password."""
        return self.facts["ci"]["user"], self.layout.ci_password.read_text("utf-8").strip()

    @contextlib.contextmanager
    def ci(self, *, signed_in: bool = True) -> Iterator[httpx.Client]:
        """Open a client of CI's REST interface, signed in unless told otherwise."""
        with httpx.Client(base_url=f"{self.ci_url}api/v2/", timeout=30, verify=NO_TLS) as client:
            if signed_in:
                # Buildbot answers a good login with a cookie and the way to its front page.
                login = client.get(f"{self.ci_url}auth/login", auth=self.credentials)
                assert login.status_code == httpx.codes.FOUND, login.text
            yield client

    def read(self, path: str) -> dict[str, Any]:
        """Read one resource of CI."""
        answer = self.reader.get(f"{self.ci_url}api/v2/{path}").raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def force(self, scheduler: str, **params: str) -> int:
        """Ask CI for a build; returns its build request."""
        with self.ci() as ci:
            answer = ci.post(f"forceschedulers/{scheduler}", json=rpc("force", params)).json()
        _, requests = answer["result"]
        return int(next(iter(requests.values())))

    def wait_build(self, request: int) -> dict[str, Any]:
        """Wait until a build request is through; returns its last build, with `steps`."""
        until(lambda: self.read(f"buildrequests/{request}")["buildrequests"][0]["complete"])
        path = f"buildrequests/{request}/builds?property=*"
        build: dict[str, Any] = self.read(path)["builds"][-1]
        steps = self.read(f"builds/{build['buildid']}/steps")["steps"]
        return build | {"steps": {step["name"]: step for step in steps}}

    def deploy(self, service: str, version: str, environment: str, **more: str) -> dict[str, Any]:
        """Deploy a version through CI and wait for it; returns the build."""
        params = {"version": version, "environment": environment, **more}
        return self.wait_build(self.force(f"deploy-{service}", **params))

    def test(self, service: str, version: str) -> dict[str, Any]:
        """Have CI test a version and wait for it; returns the build."""
        return self.wait_build(self.force(service, branch=tag(service, version)))

    def log(self, build: dict[str, Any], step: str, name: str = "stdio") -> str:
        """Return the log of one step of a build."""
        logs = self.read(f"steps/{build['steps'][step]['stepid']}/logs")["logs"]
        number = next(log["logid"] for log in logs if log["name"] == name)
        chunks = self.read(f"logs/{number}/contents")["logchunks"]
        return "".join(line[1:] for chunk in chunks for line in chunk["content"].splitlines(True))

    def commit(self, service: str, version: str) -> str:
        """Return the commit of a version."""
        return repository.commit_of(self.layout, f"refs/tags/{tag(service, version)}")

    def probe(self, service: str, environment: str, page: str = "version") -> httpx.Response:
        """Ask a service's status port, as a smoke probe does."""
        return self.reader.get(self.facts["services"][service][environment][f"{page}_url"])

    def running_version(self, service: str, environment: str) -> str:
        """Return the version that a service itself says it is."""
        return str(self.probe(service, environment).json()["version"])

    def tell(self, do: str, what: str = "") -> dict[str, Any]:
        """Tell the supervisor something."""
        return control.call(self.layout, {"do": do, "what": what})

    def stop_ci(self) -> None:
        """Take CI down."""
        self.tell("stop", "ci")

    def start_ci(self) -> None:
        """Bring CI back, and wait until it answers."""
        self.tell("start", "ci")

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal the supervisor and wait for it; returns its exit code."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_SECONDS)


def rpc(method: str, params: dict[str, str]) -> dict[str, Any]:
    """Return the body of a command to CI."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds; fail when it does not within the patience of a test."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(POLL_SECONDS)


def processes_of(home: Path) -> list[str]:
    """Return the processes of a hospital that still run, by what started them (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            environ = (folder / "environ").read_bytes().decode(errors="replace")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if state != "Z" and (str(home) in environ or str(home) in command):
                found.append(f"{folder.name} {command}")
    return found


def shared_venv() -> Path:
    """Return where test runs share the hospital's environment."""
    return Path(os.environ.get("WARDROOM_SANDBOX_VENV", ROOT / ".venv-sandbox"))


def environment() -> dict[str, str]:
    """Return the environment in which tests start a hospital."""
    return {**os.environ, "WARDROOM_SANDBOX_VENV": str(shared_venv())}


@contextlib.contextmanager
def started(home: Path, *options: str, command: Sequence[str] = ()) -> Iterator[Hospital]:
    """Start a hospital and wait until it is up (or has ended); it is killed when the test is."""
    words = ["--home", str(home), "--port", "0", *options]
    words += ["--", *command] if command else []
    home.mkdir(exist_ok=True)
    with (home / "output").open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "sandbox.hospital",
                *words,
                *(["--", *command] if command else ()),
            ],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        with httpx.Client(timeout=30, verify=NO_TLS) as reader:
            hospital = Hospital(home, process, reader)
            until(lambda: "The hospital is up" in hospital.output or process.poll() is not None)
            yield hospital
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def sandbox_python() -> Path:
    """Return the Python of the hospital's environment, installed if it is not yet."""
    return venv.ensure(shared_venv(), print)


@pytest.fixture(scope="session")
def hospital(sandbox_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """Run one hospital for the session: every service, CI without builds."""
    assert sandbox_python.exists()
    with started(tmp_path_factory.mktemp("hospital") / "home", "--no-prebuild") as running:
        assert running.process.poll() is None, running.output
        yield running
        running.end()
