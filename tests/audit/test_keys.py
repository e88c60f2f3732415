"""The file of the key that signs: made once, for its owner alone, replaced in one step."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest
from tlog_scales.signing import Vkey

from bot.audit.keys import KeyFile, PrivateKey
from bot.errors import AuditUnavailable

# The key pair of the example in Go's documentation of signed notes.
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    """The file of a log that has no key yet."""
    return KeyFile(tmp_path / "keys" / "audit.key", "hospital.example/audit")


def test_a_key_of_go_signed_notes_is_read() -> None:
    key = PrivateKey.parse(GO_SECRET)
    assert (str(key.key), key.secret) == (GO_PUBLIC, GO_SECRET)


def test_a_new_key_is_one_that_another_implementation_reads() -> None:
    key = PrivateKey.new("hospital.example/audit")
    theirs = Vkey.from_string(str(key.key)).get_verifier()
    assert theirs.vkey.name == "hospital.example/audit"
    assert key.key.verifies(b"message", key.sign(b"message"))
    assert PrivateKey.new("hospital.example/audit").key != key.key


def test_a_key_is_never_printed_by_accident() -> None:
    key = PrivateKey.of("x", b"\x07" * 32)
    assert base64.b64encode(b"\x07" * 32).decode()[:8] not in repr(key)
    assert "\\x07" not in repr(key)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "x" * 300])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        PrivateKey.new(name)


def test_the_first_key_is_made_for_its_owner_alone(keys: KeyFile) -> None:
    assert keys.load() == []
    made = keys.make()
    assert made.key.name == "hospital.example/audit"
    assert keys.file.stat().st_mode & 0o777 == 0o600
    assert keys.load() == [made]
    assert list(keys.file.parent.iterdir()) == [keys.file]


def test_a_key_that_is_there_is_not_replaced(keys: KeyFile) -> None:
    made = keys.make()
    assert keys.make() == made
    assert KeyFile(keys.file, "another.example/audit").make() == made


def test_who_makes_the_first_key_at_the_same_time_gets_the_same(keys: KeyFile) -> None:
    made: list[PrivateKey] = []
    ready = threading.Barrier(8)

    def make() -> None:
        ready.wait()
        made.append(keys.make())

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len({each.secret for each in made}) == 1
    assert [each.secret for each in keys.load()] == [made[0].secret]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o777])
def test_a_key_that_others_can_read_is_refused_with_the_mend(keys: KeyFile, mode: int) -> None:
    keys.make()
    keys.file.chmod(mode)
    with pytest.raises(
        AuditUnavailable, match=f"others .* can read .*; run: chmod 600 {keys.file}"
    ):
        keys.load()
    keys.file.chmod(0o600)
    assert len(keys.load()) == 1


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"secret", GO_SECRET.replace("c74f", "c74e").encode()]
)
def test_a_file_that_holds_no_key_is_refused_without_a_word_of_it(
    keys: KeyFile, content: bytes
) -> None:
    keys.make()
    keys.file.write_bytes(content)
    with pytest.raises(AuditUnavailable, match="it holds no key; bring the file back") as caught:
        keys.load()
    assert "secret" not in str(caught.value)
    assert "AYEKFALV" not in str(caught.value)


def test_a_key_that_cannot_be_read_is_refused_with_the_mend(
    keys: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.make()

    def refused(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")  # root, who may run this, reads everything

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(AuditUnavailable, match="permission denied; run as the service's user, or"):
        keys.load()


def test_a_key_that_cannot_be_made_is_said(keys: KeyFile) -> None:
    keys.file.parent.write_text("a file where the folder should be")
    with pytest.raises(AuditUnavailable, match="cannot use the audit log's key"):
        keys.make()


def test_a_rotation_makes_the_next_key_and_then_puts_it_in_force(keys: KeyFile) -> None:
    first = keys.make()
    following = keys.make_next()
    assert following.key.name == first.key.name
    assert following.key != first.key
    assert keys.make_next() == following
    assert keys.load() == [first, following]
    keys.promote()
    assert keys.load() == [following]
    keys.promote()
    assert keys.load() == [following]


def test_nothing_follows_a_key_that_is_not_there(keys: KeyFile) -> None:
    with pytest.raises(AuditUnavailable, match="to follow on"):
        keys.make_next()


def test_the_key_of_another_log_cannot_follow(keys: KeyFile) -> None:
    keys.make()
    KeyFile(keys.next, "another.example/audit").make()
    with pytest.raises(AuditUnavailable, match="is the key of another log"):
        keys.load()


def test_a_key_that_cannot_be_put_in_force_is_said(keys: KeyFile) -> None:
    keys.make()
    keys.make_next()
    keys.file.unlink()
    keys.file.mkdir()
    with pytest.raises(AuditUnavailable, match="cannot use the audit log's key"):
        keys.promote()


def test_a_key_that_vanishes_as_it_is_made_is_said(
    keys: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.link", lambda *_: None)
    with pytest.raises(AuditUnavailable, match="taken away as it was made"):
        keys.make()
