"""The verifier's pass over the events: right at every border, and small however long the log."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.audit import tree, verify
from bot.audit.verify.walk import check_leaves
from tests.audit.bundles import bodies
from tests.examples import examples

BODIES = bodies(1_100)
LEAVES = [tree.leaf_hash(body) for body in BODIES]
TILES = tree.Frontier().extend(LEAVES)[1]
BORDERS = (0, 1, 2, 255, 256, 257, 511, 512, 513, 767, 768, 1_023, 1_024, 1_025, 1_100)


def head(size: int, span: int = verify.TILE) -> verify.Head:
    folded = TILES[: size // verify.TILE]
    width = verify.TILE
    while width < span:
        pairs = zip(folded[::2], folded[1::2], strict=False)
        folded = [tree.node_hash(*pair) for pair in pairs]
        width *= 2
    return verify.Head(size, tree.root_of(LEAVES[:size]), folded, span)


def tiles(leaves: list[bytes]) -> Iterator[list[bytes]]:
    for at in range(0, len(leaves), verify.TILE):
        yield leaves[at : at + verify.TILE]


def quickly(size: int, said: verify.Head, *kept: verify.Head) -> verify.Findings:
    return check_leaves(tiles(LEAVES[:size]), said, kept, verify.Findings())


def slowly(size: int, said: verify.Head, *kept: verify.Head) -> verify.Findings:
    return verify.check(((None, body, None) for body in BODIES[:size]), said, kept)


@pytest.mark.parametrize("span", [256, 512, 1_024, 2_048])
@pytest.mark.parametrize("size", BORDERS)
def test_a_log_of_any_size_is_compared_at_any_earlier_size(size: int, span: int) -> None:
    earlier = [head(each) for each in BORDERS if 0 < each <= size]
    for findings in (quickly(size, head(size, span), *earlier), slowly(size, head(size, span))):
        assert (findings.problems, findings.size) == ([], size)
        assert findings.root == head(size).root.hex()
    if earlier:
        assert quickly(size, head(size), *earlier).anchored == size
        first = verify.Head(earlier[0].size, bytes(32))
        assert quickly(size, head(size), first, *earlier).names == ["FORK"]
    older = [verify.Head(size + 1, bytes(32)), verify.Head(size + 500, bytes(32))]
    assert quickly(size, head(size), *older).names == ["ROLLBACK"]


@settings(max_examples=examples(100), deadline=None)
@given(st.data())
def test_both_passes_say_the_same(data: st.DataObject) -> None:
    size = data.draw(st.integers(0, 1_100))
    said = data.draw(st.sampled_from([size, max(size - 1, 0), size + 1, 256]))
    of_size = head(min(said, 1_100), data.draw(st.sampled_from([256, 512])))
    kept = head(data.draw(st.integers(1, 1_100)))
    if data.draw(st.booleans()):
        kept = verify.Head(kept.size, hashlib.sha256(b"another").digest())
    one, other = quickly(size, of_size, kept), slowly(size, of_size, kept)
    assert (one.names, one.problems, one.anchored) == (other.names, other.problems, other.anchored)
    assert one.exit_code == other.exit_code


@pytest.mark.parametrize("span", [256, 512, 1_024])
@pytest.mark.parametrize("seq", [1, 256, 257, 600, 1_024, 1_025, 1_100])
def test_damage_is_narrowed_down_to_what_the_manifest_has_a_hash_of(seq: int, span: int) -> None:
    changed = list(BODIES)
    changed[seq - 1] = changed[seq - 1].replace(b'"text":"n', b'"text":"x')
    said = head(len(BODIES), span)
    findings = verify.check(((None, body, None) for body in changed), said)
    first = (seq - 1) // span * span + 1
    last = first + span - 1 if first + span - 1 <= len(BODIES) // span * span else len(BODIES)
    assert findings.problems[0].startswith(f"one of the events {first} to {last} was changed")


def test_what_it_remembers_does_not_grow_with_the_log() -> None:
    leaves = LEAVES[: verify.TILE]

    def peak(count: int) -> int:
        tracemalloc.start()
        check_leaves((leaves for _ in range(count)), verify.Head(0, b""), [], verify.Findings())
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(4)
    assert peak(256) < peak(4) + 4_000
