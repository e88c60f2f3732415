"""What is put in place before a process starts, and what is said when it cannot be."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bot import catalogue, directory, settings
from sandbox import facts, releases, repository, wardroom_config
from sandbox.estate import PEOPLE, SERVICES, VERSIONS, tag
from sandbox.hospital import put_first_version
from sandbox.layout import Layout
from sandbox.sentences import Problem
from tests.sandbox.fixtures import ROOT, environment

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [service.id for service in SERVICES]


def run(home: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox.hospital", "--home", str(home), *options],
        cwd=ROOT,
        env=environment() | env,
        capture_output=True,
        text=True,
        check=False,
    )


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    for word in words:
        assert word in done.stderr


def test_without_git_one_sentence_says_to_install_it(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "--port", "0", PATH=str(tmp_path))
    assert_one_sentence(done, "needs git", "apt install git")


def test_a_web_port_in_use_is_one_sentence_that_names_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = run(tmp_path / "home", "--port", str(port))
    assert_one_sentence(done, f"Port {port} is in use", f"PORT={port + 1} make run")


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert_one_sentence(run(tmp_path / "file", "--port", "0"), "Cannot write", "WARDROOM_HOME")


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare for a small disk")
def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    script = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" -m sandbox.hospital --home "$1"'
    words = ["unshare", "--map-root-user", "--mount", "sh", "-c", f"{script} --port 0", "sh"]
    done = subprocess.run(
        [*words, str(tmp_path), sys.executable],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip("this machine lets nobody mount a small disk")
    assert_one_sentence(done, "is full", "WARDROOM_HOME")


def test_the_history_has_the_same_commits_whatever_the_machine_is_set_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, odd = Layout(tmp_path / "plain"), Layout(tmp_path / "odd")
    repository.make(plain)
    config = tmp_path / "gitconfig"
    config.write_text("[core]\n autocrlf = true\n[init]\n defaultBranch = other\n")
    for name, value in {
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_AUTHOR_NAME": "Somebody Else",
        "GIT_COMMITTER_DATE": "2001-01-01T00:00:00Z",
        "GIT_DEFAULT_HASH": "sha256",
        "TZ": "Pacific/Auckland",
    }.items():
        monkeypatch.setenv(name, value)
    old = os.umask(0o077)
    try:
        repository.make(odd)
    finally:
        os.umask(old)
    for service in NAMES:
        for version in VERSIONS:
            ref = f"refs/tags/{tag(service, version)}"
            commit = repository.commit_of(plain, ref)
            assert len(commit) == 40
            assert repository.commit_of(odd, ref) == commit


def test_a_repository_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    repository.make(layout)
    before = repository.commit_of(layout, "refs/heads/main")
    repository.git(layout.repository, "tag", "mine", "refs/heads/main")
    repository.make(layout)
    assert repository.commit_of(layout, "refs/tags/mine") == before


def test_each_tag_holds_the_version_that_it_says(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    repository.make(layout)
    for service in NAMES:
        for version in VERSIONS:
            held = repository.git(
                layout.repository, "show", f"refs/tags/{tag(service, version)}:{service}/VERSION"
            )
            assert held.decode().strip() == version


def test_ports_are_kept_and_a_taken_one_moves_with_a_sentence(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.ci.mkdir(parents=True)
    said: list[str] = []
    first = facts.settle(layout, ["portal"], 8080, said.append)
    assert facts.settle(layout, ["portal"], 8080, said.append) == first
    assert said == []
    taken = first["services"]["portal"]["test"]["port"]
    with socket.create_server(("127.0.0.1", taken)):
        second = facts.settle(layout, ["portal"], 8080, said.append)
    moved = second["services"]["portal"]["test"]["port"]
    assert moved != taken
    assert said == [
        f"Port {taken} of portal (test) is used by another program now: it moves to {moved}"
    ]
    assert second["ci"] == first["ci"]


def test_a_release_is_switched_to_whole_or_not_at_all(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    repository.make(layout)
    put_first_version(layout, "portal", "test")
    first = releases.current(layout, "portal", "test")
    assert first is not None
    with pytest.raises(Problem, match=r"1\.4\.2 is not installed"):
        releases.switch(layout, "portal", "1.4.2", "test")
    checkout = tmp_path / "checkout"
    repository.export(layout, "refs/tags/portal/1.4.2", checkout)
    with pytest.raises(Problem, match=r"is version 1\.4\.2, not 1\.4\.3"):
        releases.install(layout, checkout, "portal", "1.4.3", "test")
    assert releases.current(layout, "portal", "test") == first
    releases.install(layout, checkout, "portal", "1.4.2", "test")
    assert releases.current(layout, "portal", "test") == first
    releases.switch(layout, "portal", "1.4.2", "test")
    assert releases.current(layout, "portal", "test") == first.with_name("1.4.2")


def test_a_release_that_was_lost_is_installed_again_at_the_next_start(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    repository.make(layout)
    put_first_version(layout, "portal", "test")
    checkout = tmp_path / "checkout"
    repository.export(layout, "refs/tags/portal/1.4.2", checkout)
    lost = releases.install(layout, checkout, "portal", "1.4.2", "test")
    releases.switch(layout, "portal", "1.4.2", "test")
    shutil.rmtree(lost)
    put_first_version(layout, "portal", "test")
    assert releases.current(layout, "portal", "test") == lost


def test_wardroom_reads_the_configuration_that_is_made_for_it(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.ci.mkdir(parents=True)
    facts.make_passwords(layout)
    known = facts.settle(layout, NAMES, 8080, print)
    file = wardroom_config.write(layout, known)
    read = settings.load(file, {})
    assert read.is_sandbox
    estate = catalogue.load(read.services, providers=read.integrations)
    assert [one.id for one in estate.services()] == sorted(NAMES)
    for one in estate.services():
        assert one.ci is not None
        assert [env.name for env in one.environments] == ["test", "production"]
        assert all(env.probes[0].kind == "version" for env in one.environments)
    feed = estate.services()[0].environments[1]
    (disk,) = [one for one in feed.endpoints if one.kind == "disk"]
    assert (disk.name, disk.path) == ("adt-feed-disk", str(tmp_path.resolve()))
    people = directory.load(read.people, sandbox=False).people()
    assert {one.id: one.roles for one in people} == {one.id: frozenset(one.roles) for one in PEOPLE}


def test_the_log_of_a_new_hospital_is_anchored_and_an_older_one_is_not(tmp_path: Path) -> None:
    layout, log = Layout(tmp_path), tmp_path / "wardroom.db"
    layout.ci.mkdir(parents=True)
    facts.make_passwords(layout)
    known = facts.settle(layout, NAMES, 8080, print)
    log.touch()  # it was begun before there was a place elsewhere
    assert settings.load(wardroom_config.write(layout, known), {}).audit.anchors == {}
    log.unlink()
    for _ in range(2):
        anchors = settings.load(wardroom_config.write(layout, known), {}).audit.anchors
        assert anchors["elsewhere"].file == layout.anchor
        layout.anchor.write_text("a checkpoint")
        log.touch()
    assert layout.anchor.exists()
    log.unlink()  # what begins anew continues nothing
    wardroom_config.write(layout, known)
    assert not layout.anchor.exists()
