"""The keys of the openings: one for each, and one can be destroyed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.audit.disclosure.hiding import Hidden
from bot.audit.disclosure.keyring import KeyRing
from bot.audit.disclosure.sdjwt import Disclosure
from bot.audit.disclosure.tree import KeyTree, path_of
from bot.audit.disclosure.vault import Unopenable, Vault
from bot.errors import AuditUnavailable

SALT = bytes(16)
LEAVES = [(1, 0), (1, 1), (2, 0), (16, 0), (255, 3), (4_096, 0), (10_000_000, 0), (2**40, 255)]


def sealed_in(vault: Vault, seq: int, *texts: str) -> list[tuple[int, int, str, str, bytes, bytes]]:
    """Seal texts of one event."""
    return vault.seal(seq, [Hidden("text", Disclosure.of("text", each, SALT)) for each in texts])


def test_every_opening_has_a_key_of_its_own_and_only_one_is_destroyed() -> None:
    whole = KeyTree({"": bytes(32)})
    before = {leaf: whole.key(path_of(*leaf)) for leaf in LEAVES}
    assert len(set(before.values())) == len(LEAVES)
    for gone in LEAVES:
        left = whole.without(path_of(*gone))
        after = {leaf: left.key(path_of(*leaf)) for leaf in LEAVES}
        assert after == {**before, gone: None}
        assert before[gone] not in left.nodes.values()


def test_no_node_that_is_left_leads_to_a_destroyed_key() -> None:
    path = path_of(77, 1)
    left = KeyTree({"": b"r" * 32}).without(path).without(path_of(78, 0)).without(path)
    assert not any(path.startswith(node) for node in left.nodes)
    assert left.key(path_of(77, 0)) == KeyTree({"": b"r" * 32}).key(path_of(77, 0))


def test_a_destroyed_key_is_in_no_byte_of_the_file_and_opens_nothing(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "openings.key")
    vault = Vault(ring)
    gone, kept = sealed_in(vault, 7, "one", "two")
    root = ring.load().trees[gone[3]].nodes[""]
    held = ring.file.open("rb")  # somebody still has the file of before
    ring.destroy([(gone[3], path_of(7, 0))])
    with held:
        assert not held.read().strip(b"\0")
    assert root.hex() not in ring.file.read_text()
    with pytest.raises(Unopenable, match="destroyed"):
        vault.open(gone)
    assert vault.open(kept).value == "two"
    assert vault.open(sealed_in(vault, 8, "three")[0]).value == "three"
    assert ring.file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["openings.key"]


def test_another_process_finds_the_same_keys_and_sees_one_destroyed(tmp_path: Path) -> None:
    here, there = (Vault(KeyRing(tmp_path / "openings.key")) for _ in range(2))
    (row,) = sealed_in(here, 3, "one")
    assert there.open(row).value == "one"
    here.ring.destroy([(row[3], path_of(3, 0))])
    with pytest.raises(Unopenable):
        there.open(row)


@pytest.mark.parametrize("at", range(6))
def test_an_opening_that_was_changed_or_moved_is_not_opened(tmp_path: Path, at: int) -> None:
    vault = Vault(KeyRing(tmp_path / "openings.key"))
    (row,) = sealed_in(vault, 3, "one")
    other = (4, 1, "error", "00000000", bytes(12), row[5][:-1] + bytes([row[5][-1] ^ 1]))
    changed = (*row[:at], other[at], *row[at + 1 :])
    with pytest.raises(Unopenable):
        vault.open(changed)  # type: ignore[arg-type]  # a row with one part exchanged


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": "wardroom-openings/1"}'])
def test_a_file_that_holds_no_keys_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "openings.key"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(AuditUnavailable, match=r"openings\.key: it holds no keys"):
        KeyRing(file).load()


def test_keys_that_others_may_read_are_not_used(tmp_path: Path) -> None:
    file = tmp_path / "openings.key"
    KeyRing(file).load()
    file.chmod(0o640)
    with pytest.raises(AuditUnavailable, match="chmod 600"):
        KeyRing(file).load()
