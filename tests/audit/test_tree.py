from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.audit import tree

# The leaves and roots that the Certificate Transparency implementations share.
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def hashes(count: int) -> list[bytes]:
    return [tree.leaf_hash(str(number).encode()) for number in range(count)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    leaves = [tree.leaf_hash(leaf) for leaf in CT_LEAVES[:size]]
    assert tree.root_of(leaves).hex() == CT_ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert tree.root_of([]) == hashlib.sha256().digest()
    assert tree.Frontier().root() == hashlib.sha256().digest()


@given(st.integers(0, 700))
def test_the_root_is_that_of_the_definition(count: int) -> None:
    leaves = hashes(count)
    assert tree.root_of(leaves) == naive_root(leaves)


@given(st.lists(st.integers(0, 300), max_size=6))
def test_appending_in_parts_gives_the_tree_of_the_whole(parts: list[int]) -> None:
    leaves, frontier, tiles = hashes(sum(parts)), tree.Frontier(), []
    for part in parts:
        frontier, complete = frontier.extend(leaves[frontier.size : frontier.size + part])
        tiles += complete
        frontier = tree.Frontier.unpacked(frontier.size, frontier.packed())
    assert (frontier.size, frontier.root()) == (len(leaves), naive_root(leaves))
    whole = len(leaves) // tree.TILE * tree.TILE
    assert tiles == [naive_root(leaves[n : n + tree.TILE]) for n in range(0, whole, tree.TILE)]


@given(st.integers(0, 64), st.integers(0, 64))
def test_changing_any_leaf_changes_the_root(count: int, at: int) -> None:
    leaves = hashes(count + 1)
    changed = list(leaves)
    changed[at % len(leaves)] = tree.leaf_hash(b"changed")
    assert tree.root_of(changed) != tree.root_of(leaves)


def test_a_leaf_can_never_be_taken_for_a_node() -> None:
    left, right = hashes(2)
    assert tree.leaf_hash(left + right) != tree.node_hash(left, right)


@pytest.mark.parametrize(("size", "length"), [(1, 0), (0, 32), (3, 32), (4, 64), (3, 63), (-1, 0)])
def test_a_frontier_that_cannot_be_is_refused(size: int, length: int) -> None:
    with pytest.raises(ValueError, match="cannot be the frontier"):
        tree.Frontier.unpacked(size, bytes(length))
