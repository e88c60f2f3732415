"""Where the hospital keeps its things under its home."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Layout:
    """The folders and files of one hospital."""

    home: Path

    @property
    def sandbox(self) -> Path:
        """Everything that is the hospital's and not Wardroom's."""
        return self.home / "sandbox"

    @property
    def facts(self) -> Path:
        """The hospital's ports, addresses and places, for whoever needs them."""
        return self.sandbox / "hospital.json"

    @property
    def lock(self) -> Path:
        """Held while a hospital runs here."""
        return self.sandbox / "lock"

    @property
    def control(self) -> Path:
        """Where the running supervisor listens, and the word it wants to hear."""
        return self.sandbox / "control.json"

    @property
    def anchor(self) -> Path:
        """What stands for the other volume that remembers how far the audit log went."""
        return self.sandbox / "elsewhere" / "checkpoint"

    @property
    def repository(self) -> Path:
        """The bare git repository of the hospital's services."""
        return self.sandbox / "repos" / "hospital.git"

    @property
    def ci(self) -> Path:
        """The state of the Buildbot master and worker."""
        return self.sandbox / "ci"

    @property
    def scans(self) -> Path:
        """What CI's security scan found in each version of each service."""
        return self.ci / "scans"

    @property
    def ci_password(self) -> Path:
        """The password with which Wardroom signs in to CI."""
        return self.ci / "password"

    @property
    def worker_password(self) -> Path:
        """The password with which the worker joins the master."""
        return self.ci / "worker-password"

    @property
    def hook_secret(self) -> Path:
        """What proves to Wardroom that it is CI which tells it of a build."""
        return self.ci / "hook-secret"

    @property
    def sign_in(self) -> Path:
        """What the sign-in page keeps: its key, and the secret of the application it serves."""
        return self.sandbox / "sign-in"

    @property
    def signing_key(self) -> Path:
        """The key that ID tokens are signed with."""
        return self.sign_in / "key.pem"

    @property
    def client_secret(self) -> Path:
        """The secret with which Wardroom redeems what people bring from the sign-in page."""
        return self.sign_in / "client-secret"

    @property
    def scripts(self) -> Path:
        """The programs that Wardroom is allowed to run."""
        return self.sandbox / "scripts"

    @property
    def drops(self) -> Path:
        """The folder where neighbours put their files, for those programs."""
        return self.sandbox / "drops"

    @property
    def logs(self) -> Path:
        """What the processes print."""
        return self.sandbox / "logs"

    def place(self, service: str, environment: str) -> Path:
        """Return the folder of one service in one environment: releases, site.json and data."""
        return self.sandbox / "environments" / environment / service

    def current(self, service: str, environment: str) -> Path:
        """Return the link that says which release runs."""
        return self.place(service, environment) / "current"

    def site(self, service: str, environment: str) -> Path:
        """Return the file that hands a service its ports."""
        return self.place(service, environment) / "site.json"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
