"""No byte of an export or of its checkpoint can be changed unnoticed."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.audit import verify
from tests.audit.bundles import KEY, Bundle, Log, bodies, kept
from tests.examples import THOROUGH

SMALL = Log(bodies(2))
MASKS = (0x01, 0x20, 0x80) if THOROUGH else (0x01,)
LARGE = Log(bodies(300))
KEYS = [verify.Key.parse(str(KEY.key))]


def is_ok(file: Path, keys: Sequence[verify.Key] = KEYS) -> bool:
    with contextlib.suppress(verify.Unreadable):
        return verify.verify_file(file, (), keys).ok
    return False


def flips(file: Path, target: Path, places: list[int], masks: list[int]) -> list[int]:
    """Change a byte at each place in turn; return the places where nothing was noticed."""
    original = target.read_bytes()
    # Without a key less is looked at, and a change of the events must be noticed all the same.
    keys = KEYS if target.suffix == ".checkpoint" else ()
    unnoticed = []
    for place, mask in zip(places, masks, strict=True):
        changed = bytearray(original)
        changed[place] ^= mask
        target.write_bytes(changed)
        if is_ok(file, keys):
            unnoticed.append(place)
    target.write_bytes(original)
    assert is_ok(file)
    return unnoticed


@pytest.mark.parametrize("mask", MASKS)
def test_each_byte_of_a_small_export_and_of_its_checkpoint(mask: int, tmp_path: Path) -> None:
    bundle = Bundle.of(SMALL, tmp_path / "log")
    for target in (bundle.file, bundle.checkpoint):
        size = target.stat().st_size
        assert flips(bundle.file, target, list(range(size)), [mask] * size) == []


@pytest.mark.thorough
def test_bytes_at_random_of_a_larger_one(tmp_path: Path) -> None:
    bundle = Bundle.of(LARGE, tmp_path / "log")
    choose = random.Random(17)  # noqa: S311 - chooses test data
    count = 1_000
    for target, share in ((bundle.file, count * 9 // 10), (bundle.checkpoint, count // 10)):
        size = target.stat().st_size
        places = [choose.randrange(size) for _ in range(share)]
        masks = [choose.randrange(1, 256) for _ in range(share)]
        assert flips(bundle.file, target, places, masks) == []


def test_bytes_whose_change_the_manifest_was_made_to_describe(tmp_path: Path) -> None:
    bundle = Bundle.of(SMALL, tmp_path / "log")
    original = bundle.file.read_bytes()
    for place in range(len(original)):
        changed = bytearray(original)
        changed[place] ^= 1
        bundle.file.write_bytes(changed)
        bundle.describe()
        assert not is_ok(bundle.file, ()), place


def test_bytes_added_to_either_end(tmp_path: Path) -> None:
    bundle = Bundle.of(SMALL, tmp_path / "log")
    for target in (bundle.file, bundle.checkpoint):
        original = target.read_bytes()
        for extra in (b"\n", b" ", b"\0", b"x", b"x\n", b"\xef\xbb\xbf", b"\r\n"):
            for changed in (extra + original, original + extra):
                target.write_bytes(changed)
                bundle.describe()
                assert not is_ok(bundle.file), extra
        for cut in (original[1:], original[:-1], b""):
            target.write_bytes(cut)
            bundle.describe()
            assert not is_ok(bundle.file)
        target.write_bytes(original)
        bundle.describe()
    assert is_ok(bundle.file)


def test_each_byte_of_a_part_and_of_its_proofs(tmp_path: Path) -> None:
    bundle = Bundle.of_part(Log(bodies(5)), tmp_path / "log", [4, 5])
    for target in (bundle.file, bundle.checkpoint):
        size = target.stat().st_size
        assert flips(bundle.file, target, list(range(size)), [1] * size) == []
    # A proof may say the same in other words: white space, a digit's case.
    original = bundle.proofs.read_bytes()
    for place in range(len(original)):
        changed = bytearray(original)
        changed[place] ^= 1
        bundle.proofs.write_bytes(changed)
        assert (
            not is_ok(bundle.file, ()) or original.lower().split() == bytes(changed).lower().split()
        )


def test_each_byte_of_a_kept_checkpoint(tmp_path: Path) -> None:
    bundle, where = Bundle.of(SMALL, tmp_path / "log"), tmp_path / "kept"
    original = SMALL.note()
    for place in range(len(original)):
        changed = bytearray(original)
        changed[place] ^= 1
        where.write_bytes(changed)
        with pytest.raises(verify.Unreadable, match="this checkpoint cannot be used"):
            verify.read_kept(where, KEYS)
    where.write_bytes(original)
    assert verify.read_kept(where, KEYS) == kept(SMALL)
    assert bundle.verified(verify.read_kept(where, KEYS)).exit_code == verify.WHOLE
