"""The verifier's own Ed25519 against RFC 8032's vectors, another implementation, and forgeries."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.audit.verify.ed25519 import is_signed, is_sound
from tests.examples import examples

# RFC 8032, section 7.1, tests 1, 2, 3 and "SHA(abc)": what is long stands on two lines.
VECTORS = """
public d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a
message
signature e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
signature 5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
public 3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c
message 72
signature 92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
signature 085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
public fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025
message af82
signature 6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
signature 18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
public ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf
message ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a
message 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
signature dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589
signature 09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704
"""
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
MESSAGE = b"hospital.example/audit\n3000\nroot\n"
SIGNATURE = PRIVATE.sign(MESSAGE)
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",  # the neutral element
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # order 2
    "0000000000000000000000000000000000000000000000000000000000000000",  # order 4
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  # order 8
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
NOT_CANONICAL = [
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p + 1
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = 2**255 - 1
    "0100000000000000000000000000000000000000000000000000000000000080",  # x = 0, odd
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


def vectors() -> list[dict[str, bytes]]:
    found: list[dict[str, bytes]] = []
    for line in VECTORS.strip().splitlines():
        name, _, digits = line.partition(" ")
        if name == "public":
            found.append({})
        found[-1][name] = found[-1].get(name, b"") + bytes.fromhex(digits)
    return found


@pytest.mark.parametrize("vector", vectors())
def test_the_vectors_of_the_rfc(vector: dict[str, bytes]) -> None:
    assert is_signed(**vector)
    assert not is_signed(**{**vector, "message": vector["message"] + b"x"})


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.data())
def test_it_agrees_with_another_implementation(
    seed: bytes, message: bytes, data: st.DataObject
) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    signature = private.sign(message)
    assert is_signed(message, signature, public)
    forged = bytearray(signature)
    forged[data.draw(st.integers(0, 63))] ^= data.draw(st.integers(1, 255))
    assert is_signed(message, bytes(forged), public) == verified(message, bytes(forged), public)
    assert not is_signed(message, bytes(forged), public)
    other = bytearray(public)
    other[data.draw(st.integers(0, 31))] ^= data.draw(st.integers(1, 255))
    assert not is_signed(message, signature, bytes(other))


def verified(message: bytes, signature: bytes, public: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_a_signature_has_one_form() -> None:
    r, s = SIGNATURE[:32], int.from_bytes(SIGNATURE[32:], "little")
    assert is_signed(MESSAGE, SIGNATURE, PUBLIC)
    for more in range(1, 15):
        assert not is_signed(MESSAGE, r + (s + more * L).to_bytes(32, "little"), PUBLIC)


def test_other_lengths_are_refused() -> None:
    for signature in (b"", SIGNATURE[:63], SIGNATURE + b"\0", SIGNATURE[:32]):
        assert not is_signed(MESSAGE, signature, PUBLIC)
    for public in (b"", PUBLIC[:31], PUBLIC + b"\0"):
        assert not is_signed(MESSAGE, SIGNATURE, public)
        assert not is_sound(public)


@pytest.mark.parametrize("encoded", SMALL_ORDER)
def test_a_key_of_small_order_vouches_for_nothing(encoded: str) -> None:
    public = bytes.fromhex(encoded)
    # With S = 0 and R = the key or the neutral element, the equation can hold for any message.
    for r in (public, bytes([1]) + bytes(31)):
        for message in (b"", b"a", b"b", b"c", MESSAGE):
            assert not is_signed(message, r + bytes(32), public)
    assert not is_sound(public)


@pytest.mark.parametrize("encoded", NOT_CANONICAL)
def test_a_point_is_written_in_one_way(encoded: str) -> None:
    point = bytes.fromhex(encoded)
    assert not is_sound(point)
    assert not is_signed(MESSAGE, SIGNATURE, point)
    assert not is_signed(MESSAGE, point + SIGNATURE[32:], PUBLIC)


def test_about_half_of_all_numbers_are_no_point() -> None:
    found = [is_sound(number.to_bytes(32, "little")) for number in range(2, 102)]
    assert 30 < sum(found) < 70
    assert is_sound(PUBLIC)
    assert is_sound((P - 3).to_bytes(32, "little")) == is_sound((3).to_bytes(32, "little"))
