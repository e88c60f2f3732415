"""Checkpoints and keys, against the format's own words and another implementation's reading."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales.signing import PlainEd25519Signer, Vkey, VkeySet
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from bot.audit.keys import PrivateKey
from bot.audit.note import Checkpoint, VerifierKey, opened, signed, unverified, verified

KEY = PrivateKey.of("hospital.example/audit", bytes(range(32)))
OTHER = PrivateKey.of("hospital.example/audit", bytes(32))
ROOT = hashlib.sha256(b"root").digest()
CHECKPOINT = Checkpoint("hospital.example/audit", 812, ROOT)
NOTE = signed(CHECKPOINT, KEY)

# The example of C2SP's signed-note and the key that Go's documentation of the format signs with.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)


def test_a_key_of_go_signed_notes_is_read_and_verifies() -> None:
    key = VerifierKey.parse(GO_KEY)
    assert (str(key), key.name, key.key_id.hex()) == (GO_KEY, "PeterNeumann", "c74f20a3")
    signature = base64.b64decode(GO_SIGNATURE)
    assert signature[:4] == key.key_id
    assert key.verifies(GO_TEXT.encode(), signature[4:])
    assert not key.verifies(GO_TEXT.encode() + b" ", signature[4:])


def test_a_checkpoint_reads_as_the_format_says() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == ["hospital.example/audit", "812", base64.b64encode(ROOT).decode(), ""]
    assert lines[4].startswith("\N{EM DASH} hospital.example/audit ")
    assert lines[5:] == [""]
    assert opened(NOTE, [KEY.key]) == CHECKPOINT


def written(key: Vkey) -> str:
    """Return their key as text."""
    text: str = key.serialize()  # type: ignore[no-untyped-call]  # theirs says no types here
    return text


def test_another_implementation_accepts_our_notes_and_keys() -> None:
    note = signed(CHECKPOINT, KEY, OTHER)
    theirs = TheirCheckpoint.from_text(note)
    assert (theirs.origin, theirs.size, theirs.root_hash) == ("hospital.example/audit", 812, ROOT)
    keys = VkeySet(*(Vkey.from_string(str(each.key)) for each in (KEY, OTHER)))
    assert len(keys.verify(theirs.signatures, theirs)) == 2
    assert theirs.serialize() == note
    assert written(Vkey.from_string(str(KEY.key))) == str(KEY.key)


def test_we_accept_the_notes_of_another_implementation() -> None:
    signer = PlainEd25519Signer("elsewhere.example/log", bytes(range(32)))
    body = TheirCheckpoint("elsewhere.example/log", 0, ROOT, [])
    note = TheirCheckpoint(body.origin, body.size, ROOT, [signer.sign(body)]).serialize()
    key = VerifierKey.parse(written(signer.vkey))
    assert opened(note, [key]) == Checkpoint("elsewhere.example/log", 0, ROOT)


def test_who_signed_is_said_and_other_signatures_are_passed_over() -> None:
    note = signed(CHECKPOINT, OTHER, KEY)
    assert verified(note, [KEY.key]) == (CHECKPOINT, (KEY.key,))
    assert verified(note, [KEY.key, OTHER.key]) == (CHECKPOINT, (OTHER.key, KEY.key))
    assert unverified(note) == CHECKPOINT


def test_a_note_of_no_known_key_is_refused() -> None:
    for keys in ([], [OTHER.key], [PrivateKey.of("else", bytes(range(32))).key]):
        with pytest.raises(ValueError, match="no key that we know"):
            opened(NOTE, keys)


def test_a_wrong_signature_of_a_known_key_is_refused_beside_a_right_one() -> None:
    two = signed(CHECKPOINT, KEY, OTHER)
    wrong = signed(Checkpoint("hospital.example/audit", 813, ROOT), OTHER).split("\n")[4]
    note = "\n".join([*two.split("\n")[:5], wrong, ""])
    assert opened(note, [KEY.key]) == CHECKPOINT
    with pytest.raises(ValueError, match="is not right"):
        opened(note, [KEY.key, OTHER.key])


def test_the_same_key_signs_once() -> None:
    with pytest.raises(ValueError, match="is not right"):
        opened(signed(CHECKPOINT, KEY, KEY), [KEY.key])


def resigned(text: str) -> str:
    """Sign any text, as somebody with the key could."""
    payload = base64.b64encode(KEY.key.key_id + KEY.sign(text.encode())).decode()
    return f"{text}\n\N{EM DASH} {KEY.key.name} {payload}\n"


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t + "an extension\n",
        lambda t: t + "\n",
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.replace("812", "0812"),
        lambda t: t.replace("812", "00"),
        lambda t: t.replace("812", "+812"),
        lambda t: t.replace("812", "-1"),
        lambda t: t.replace("812", "8_1_2"),
        lambda t: t.replace("812", "\u0668"),
        lambda t: t.replace("812", " 812"),
        lambda t: t.replace("812", ""),
        lambda t: t.replace("812", "9007199254740992"),
        lambda t: t.replace("812", "9" * 500),
        lambda t: t.replace("=", ""),
        lambda t: t.replace("=", "=="),
        lambda t: t.replace("hospital.example", "hospital example"),
        lambda t: t.replace("hospital.example", "hospital\u00a0example"),
        lambda t: t.replace("hospital.example", "a+b"),
        lambda t: t.replace("hospital.example/audit", ""),
        lambda t: t.split("\n", 1)[1],
        lambda t: "\n" + t,
    ],
)
def test_a_text_that_we_would_not_write_is_refused_though_signed(change: object) -> None:
    assert callable(change)
    changed = change(CHECKPOINT.text)
    assert changed != CHECKPOINT.text
    assert opened(resigned(CHECKPOINT.text), [KEY.key]) == CHECKPOINT
    with pytest.raises(ValueError, match=r"."):
        opened(resigned(changed), [KEY.key])


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n + "junk",
        lambda n: n + "\n",
        lambda n: n + "junk\n",
        lambda n: n[:-1],
        lambda n: n.replace("\n", "\r\n"),
        lambda n: n.replace("\N{EM DASH}", "-"),
        lambda n: n.replace("\N{EM DASH} ", "\N{EM DASH}"),
        lambda n: n.replace("\N{EM DASH} ", "\N{EM DASH}  "),
        lambda n: n.partition("\n\n")[0] + "\n\n",
        lambda n: n.partition("\n\n")[0],
        lambda n: n.replace("\n\n", "\n"),
        lambda n: n + "\N{EM DASH} x AAAA\n",
        lambda n: n + "\N{EM DASH} x AAAAAAAA==\n",
        lambda n: n + "\N{EM DASH} x\n",
        lambda n: n + "\N{EM DASH} x y AAAAAAAA\n",
        lambda n: n + "\N{EM DASH} other.example/key AAAAAAAAAAA=\n" * 1000,
    ],
)
def test_a_note_that_we_would_not_write_is_refused(change: object) -> None:
    assert callable(change)
    with pytest.raises(ValueError, match=r"."):
        opened(change(NOTE), [KEY.key])
    assert change(NOTE) != NOTE


def test_sixteen_signatures_are_read() -> None:
    keys = [PrivateKey.of(f"witness.example/{n}", bytes([n]) * 32) for n in range(15)]
    note = signed(CHECKPOINT, *keys, KEY)
    assert verified(note, [KEY.key]) == (CHECKPOINT, (KEY.key,))


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_no_byte_of_a_note_can_be_changed(at: int, by: int) -> None:
    changed = bytearray(NOTE.encode())
    changed[at] ^= by
    with pytest.raises(ValueError, match=r"."):
        opened(changed.decode(), [KEY.key])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "a b+00000000+AAAA",
        str(KEY.key).replace("+AQ", "+BA"),
        str(KEY.key) + "=",
        str(KEY.key).replace(KEY.key.key_id.hex(), "00000000"),
        str(KEY.key).replace(KEY.key.key_id.hex(), KEY.key.key_id.hex().upper()),
        str(KEY.key).replace("hospital", "clinic"),
        f"{KEY.key.name}+{KEY.key.key_id.hex()}+{base64.b64encode(b'short').decode()}",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        VerifierKey.parse(text)


def test_a_public_key_that_is_no_point_verifies_nothing() -> None:
    key = VerifierKey.of("x", b"\xff" * 32)
    assert not key.verifies(b"", bytes(64))
