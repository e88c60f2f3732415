"""Proofs, against the definition of the tree and another implementation's checks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales import tlog

from bot.audit import proof
from bot.audit.keys import PrivateKey
from bot.audit.note import Checkpoint, signed
from bot.audit.proof import Consistency, HashOf, Inclusion
from bot.audit.tree import leaf_hash, node_hash, root_of

MOST = 600
LEAVES = [leaf_hash(str(n).encode()) for n in range(MOST)]
ROOTS = [root_of(LEAVES[:n]) for n in range(MOST + 1)]


def complete(leaves: Sequence[bytes]) -> HashOf:
    """A source that knows complete subtrees alone, as the log's does."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = zip(below[0::2], below[1::2], strict=False)
        levels.append([node_hash(left, right) for left, right in pairs])
    return lambda level, index: levels[level][index]


HASH_OF = complete(LEAVES)
sizes = st.integers(1, MOST)


def index_and_size() -> st.SearchStrategy[tuple[int, int]]:
    return sizes.flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size)))


def two_sizes() -> st.SearchStrategy[tuple[int, int]]:
    return sizes.flatmap(lambda new: st.tuples(st.integers(0, new), st.just(new)))


def they_accept_inclusion(index: int, size: int, path: list[bytes], leaf: bytes) -> bool:
    try:
        tlog.InclusionProof(index, size, path).check(leaf, ROOTS[size])
    except tlog.InclusionProofInvalid:
        return False
    return True


def they_accept_growth(old: int, new: int, path: list[bytes], before: bytes) -> bool:
    try:
        tlog.ConsistencyProof(old, new, path).check(before, ROOTS[new])
    except tlog.ConsistencyProofInvalid:
        return False
    return True


@given(st.integers(0, MOST))
def test_a_root_is_made_of_complete_subtrees(size: int) -> None:
    assert proof.root(HASH_OF, size) == ROOTS[size]


def test_every_leaf_of_every_small_tree_is_proved() -> None:
    for size in range(1, 34):
        for index in range(size):
            path = proof.inclusion(HASH_OF, index, size)
            assert proof.includes(LEAVES[index], index, size, path, ROOTS[size])
            assert they_accept_inclusion(index, size, path, LEAVES[index])


def test_every_growth_of_small_trees_is_proved() -> None:
    for new in range(1, 34):
        for old in range(new + 1):
            path = proof.consistency(HASH_OF, old, new)
            assert proof.grew(old, ROOTS[old], new, ROOTS[new], path)
            assert they_accept_growth(old, new, path, ROOTS[old])


@given(index_and_size())
def test_inclusion_is_accepted_by_another_implementation(where: tuple[int, int]) -> None:
    index, size = where
    path = proof.inclusion(HASH_OF, index, size)
    assert they_accept_inclusion(index, size, path, LEAVES[index])
    assert proof.includes(LEAVES[index], index, size, path, ROOTS[size])


@given(two_sizes())
def test_growth_is_accepted_by_another_implementation(both: tuple[int, int]) -> None:
    old, new = both
    path = proof.consistency(HASH_OF, old, new)
    assert they_accept_growth(old, new, path, ROOTS[old])
    assert proof.grew(old, ROOTS[old], new, ROOTS[new], path)


def tampered(path: list[bytes], how: int, at: int) -> list[bytes]:
    """Change a path: a byte of it, its order, its length."""
    place = at % len(path)
    if how == 0:
        return [*path[:place], bytes([path[place][0] ^ 1]) + path[place][1:], *path[place + 1 :]]
    if how == 1:
        return path[:place] + path[place + 1 :]
    if how == 2:
        return [*path[:place], path[place], *path[place:]]
    return [*path, bytes(32)]


@given(index_and_size(), st.integers(0, 3), st.integers(0, 50), st.integers(0, MOST - 1))
def test_each_tampered_inclusion_is_rejected_by_both(
    where: tuple[int, int], how: int, at: int, other: int
) -> None:
    index, size = where
    path = proof.inclusion(HASH_OF, index, size)
    if path:
        changed = tampered(path, how, at)
        assert not proof.includes(LEAVES[index], index, size, changed, ROOTS[size])
        assert not they_accept_inclusion(index, size, changed, LEAVES[index])
    if other != index:
        assert not proof.includes(LEAVES[other], index, size, path, ROOTS[size])
        assert not proof.includes(LEAVES[index], other, size, path, ROOTS[size])
    assert not proof.includes(LEAVES[index], index, size, path, ROOTS[size - 1])


@given(two_sizes(), st.integers(0, 3), st.integers(0, 50), sizes)
def test_each_tampered_growth_is_rejected_by_both(
    both: tuple[int, int], how: int, at: int, other: int
) -> None:
    old, new = both
    path = proof.consistency(HASH_OF, old, new)
    if path:
        changed = tampered(path, how, at)
        assert not proof.grew(old, ROOTS[old], new, ROOTS[new], changed)
        assert not they_accept_growth(old, new, changed, ROOTS[old])
    if other != old:
        assert not proof.grew(old, ROOTS[other], new, ROOTS[new], path)
    assert not proof.grew(old, ROOTS[old], new, ROOTS[new - 1], path) or old == 0


def test_nothing_is_proved_by_an_empty_path() -> None:
    assert not proof.grew(3, ROOTS[3], 8, ROOTS[8], [])
    assert not proof.grew(0, ROOTS[3], 8, ROOTS[8], [])
    assert not proof.grew(0, ROOTS[0], 8, ROOTS[8], [LEAVES[0]])
    assert not proof.grew(0, ROOTS[0], 0, ROOTS[8], [])
    assert not proof.grew(8, ROOTS[8], 3, ROOTS[3], [LEAVES[0]])
    assert not proof.grew(-1, ROOTS[1], 3, ROOTS[3], [LEAVES[0]])
    assert not proof.includes(LEAVES[0], 0, 2, [], ROOTS[2])
    assert not proof.includes(LEAVES[0], 0, 0, [], ROOTS[0])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_a_leaf_that_is_not_there_cannot_be_proved(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="is not in a tree"):
        proof.inclusion(HASH_OF, index, size)


@pytest.mark.parametrize(("old", "new"), [(4, 3), (-1, 3)])
def test_a_tree_that_shrank_cannot_be_proved(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="does not begin with"):
        proof.consistency(HASH_OF, old, new)


KEY = PrivateKey.of("hospital.example/audit", bytes(32))
NOTE = signed(Checkpoint("hospital.example/audit", 300, ROOTS[300]), KEY)


def test_an_inclusion_is_written_as_a_tlog_proof() -> None:
    path = tuple(proof.inclusion(HASH_OF, 41, 300))
    text = Inclusion(41, path, NOTE, b"41").text
    lines = text.split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra NDE=", "index 41"]
    assert lines[3 + len(path)] == ""
    assert text.endswith(NOTE)
    assert Inclusion.parse(text) == Inclusion(41, path, NOTE, b"41")
    note = text.partition("\n\n")[2]
    theirs = tlog.Checkpoint.from_text(note)
    found = Inclusion.parse(text)
    tlog.InclusionProof(found.index, theirs.size, list(found.path)).check(
        leaf_hash(found.extra), theirs.root_hash
    )


def test_a_log_of_one_event_has_a_proof_without_hashes() -> None:
    note = signed(Checkpoint("x", 1, ROOTS[1]), KEY)
    text = Inclusion(0, (), note).text
    assert text == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{note}"
    assert Inclusion.parse(text) == Inclusion(0, (), note)


def test_growth_is_written_as_a_witness_is_asked() -> None:
    path = tuple(proof.consistency(HASH_OF, 41, 300))
    text = Consistency(41, path, NOTE).text
    assert text.startswith("old 41\n")
    assert text.endswith(f"\n\n{NOTE}")
    assert Consistency.parse(text) == Consistency(41, path, NOTE)
    assert Consistency.parse(Consistency(300, (), NOTE).text) == Consistency(300, (), NOTE)


GOOD = Inclusion(41, (LEAVES[1],), NOTE, b"41").text


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD.replace("@v1", "@v2"),
        GOOD.replace("\n\n", "\n"),
        GOOD.replace("index 41", "index 041"),
        GOOD.replace("index 41", "index -1"),
        GOOD.replace("index 41", "41 index"),
        GOOD.replace("index 41\n", ""),
        GOOD.replace("extra NDE=", "extra NDE"),
        GOOD.replace("extra NDE=", "extra NDF="),
        GOOD.replace("extra NDE=", "extra ?"),
        GOOD.replace("index 41\n", "index 41\nNDE=\n"),
        GOOD.replace("index 41\n", "index 41\n\N{SNOWMAN}\n"),
        "c2sp.org/tlog-proof@v1\n\n" + NOTE,
    ],
)
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="this is no proof"):
        Inclusion.parse(text)


@pytest.mark.parametrize("text", ["", "old 1", "old 01\n\n" + NOTE, "new 1\n\n" + NOTE])
def test_what_is_no_proof_of_growth_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no proof of consistency"):
        Consistency.parse(text)
