"""scripts.yaml: believed whole or not at all, each mistake with its path and what to mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ConfigurationError
from bot.scripts.shelf import load
from tests.scripts.site import entry, reading, write
from tests.scripts.test_values import Estate

SSH = {"reach": "ssh", "host": "router.hospital.example", "user": "wardroom", "password": "x" * 9}
PRINT = "SHA256:" + "A" * 43
WINDOWS = {"reach": "winrm", "host": "win.hospital.example", "user": "w", "password": "x" * 9}
HOSTS = {"router": {**SSH, "fingerprint": PRINT}, "win": WINDOWS}
SITE = {"name": "site", "type": "word", "description": "A site"}
GOOD = reading("good", ["/bin/true"])


def wrong(folder: Path, *scripts: dict[str, Any], **blocks: Any) -> str:
    """Return what is said of a file."""
    file = write(folder, *scripts, **blocks)
    with pytest.raises(ConfigurationError) as refused:
        load(file, strict=False, catalogue=Estate(), roles=["engineer"])
    return str(refused.value)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ({**GOOD, "reach": "telnet"}, "scripts[0].reach"),
        ({**GOOD, "shell": True}, "scripts[0].shell: there is no such setting"),
        ({k: v for k, v in GOOD.items() if k != "reads"}, "scripts[0].reads: is missing"),
        ({**GOOD, "timeout_seconds": 601}, "scripts[0].timeout_seconds"),
        ({**GOOD, "timeout_seconds": 61}, "waited for 60 at most"),
        ({**GOOD, "host": "router"}, "scripts.good.host: a local script has none"),
        ({**GOOD, "reach": "ssh"}, "scripts.good.host: is missing; ssh needs one"),
        ({**GOOD, "reach": "ssh", "host": "rooter"}, "no host rooter (did you mean router?)"),
        ({**GOOD, "reach": "ssh", "host": "win"}, "win is reached by winrm"),
        ({**GOOD, "command": ["true"]}, "must begin with a whole path"),
        ({**GOOD, "command": ["/bin/bash", "-c", "id"]}, "/bin/bash is a shell"),
        ({**GOOD, "command": ["/usr/bin/env", "sh", "-c", "id"]}, "begins a shell here"),
        ({**GOOD, "command": ["{{ site }}"]}, "no value is in its first item"),
        ({**GOOD, "command": ["/bin/true", "{{ sight }}"]}, "sight is no parameter"),
        ({**GOOD, "command": ["/bin/true", "{% x %}"]}, "only a name stands between braces"),
        ({**GOOD, "command": ["/bin/true", "\x00"]}, "NUL"),
        ({**GOOD, "parameters": [SITE]}, "parameters.site: is in no argument"),
        (
            {**GOOD, "command": ["/bin/true", "{{ site }}"], "parameters": [SITE, SITE]},
            "parameters.site: is there twice",
        ),
        ({**GOOD, "variables": {"PATH": "/opt"}}, "variables.PATH: is always as Wardroom sets it"),
        ({**GOOD, "variables": {"KEY": {"secret": "none"}}}, "variables.KEY: there is no secret"),
        ({**GOOD, "roles": ["enginer"]}, "no role enginer (did you mean engineer?)"),
        ({**GOOD, "environment": "test"}, "environment: is of a service"),
        ({**GOOD, "service": "pacs"}, "service: there is no service pacs"),
        (
            {**GOOD, "service": "lab-results", "environment": "test"},
            "environment: lab-results has no test",
        ),
        (entry("bad", ["/bin/true"], service=""), "scripts.bad.service: is missing; by it"),
        (entry("bad", ["/bin/true"], figures=["x"]), "figures: are of what only reads"),
        (
            {**GOOD, "reach": "winrm", "host": "win", "command": ["powershell.exe", "-c", "x"]},
            "powershell.exe is a shell",
        ),
        (
            {**GOOD, "reach": "winrm", "host": "win", "command": ["Invoke-Expression"]},
            "Invoke-Expression is a shell",
        ),
        (
            {**GOOD, "reach": "winrm", "host": "win", "command": ["restart"]},
            "must begin with a cmdlet",
        ),
        (
            {
                **GOOD,
                "reach": "winrm",
                "host": "win",
                "command": ["Get-Service"],
                "variables": {"A": "b"},
            },
            "a winrm script has none",
        ),
        (
            {
                **GOOD,
                "command": ["/bin/true", "{{ site }}"],
                "parameters": [{**SITE, "pattern": "["}],
            },
            "its pattern is none",
        ),
        (
            {
                **GOOD,
                "command": ["/bin/true", "{{ site }}"],
                "parameters": [{**SITE, "choices": ["a"]}],
            },
            "of type choice has choices",
        ),
    ],
)
def test_a_mistake_in_a_script_is_said_with_its_path(
    tmp_path: Path, script: dict[str, Any], said: str
) -> None:
    assert said in wrong(tmp_path, script, hosts=HOSTS)


@pytest.mark.parametrize(
    ("host", "said"),
    [
        (SSH, "needs known_hosts or fingerprint"),
        ({**SSH, "fingerprint": PRINT, "known_hosts": "k"}, "needs known_hosts or fingerprint"),
        ({**SSH, "fingerprint": "any"}, "as ssh-keygen -lf shows it"),
        ({**SSH, "fingerprint": PRINT, "key": "x"}, "needs key_file or password_file"),
        ({**SSH, "fingerprint": PRINT, "ca": "x"}, "an ssh host has no ca"),
        ({**SSH, "known_hosts": "none"}, "hosts.one.known_hosts: there is no"),
        ({**WINDOWS, "fingerprint": PRINT}, "a winrm host has no fingerprint"),
        ({**WINDOWS, "ca": "none.pem"}, "hosts.one.ca: there is no"),
        ({**WINDOWS, "password": None}, "needs password_file"),
        ({**SSH, "password": None, "password_file": "none"}, "hosts.one.password_file: cannot"),
    ],
)
def test_a_host_that_would_be_trusted_blindly_or_not_reached_is_refused(
    tmp_path: Path, host: dict[str, Any], said: str
) -> None:
    found = wrong(tmp_path, GOOD, hosts={"one": host})
    assert said in found
    assert "x" * 9 not in found, "no secret is shown"


def test_everything_wrong_is_said_at_once_and_a_secret_others_may_read_is_refused(
    tmp_path: Path,
) -> None:
    found = wrong(tmp_path, GOOD, {**GOOD, "host": "x"}, secrets={})
    assert found.count("\n  - ") == 2
    file = tmp_path / "token"
    file.write_text("a secret\n", "utf-8")
    file.chmod(0o644)
    whole = write(tmp_path, GOOD, secrets={"token": {"value_file": "token"}})
    with pytest.raises(ConfigurationError, match="everybody on this machine can read"):
        load(whole, strict=True)
    file.chmod(0o600)
    script = load(whole, strict=True).scripts["good"]
    assert script.secrets == ("a secret",)
    assert "a secret" not in repr(script)
    whole.write_text(json.dumps([GOOD]), "utf-8")
    with pytest.raises(ConfigurationError, match="must hold scripts"):
        load(whole, strict=True)
