"""How strictly the verifier reads checkpoints and keys; `bot/audit/note.py` is the other reader."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from bot.audit import note as writer
from bot.audit.keys import PrivateKey
from bot.audit.verify import Key, Note
from tests.audit.bundles import KEY, ORIGIN, OTHER, in_base64

CHECKPOINT = writer.Checkpoint(ORIGIN, 3_000, bytes(range(32)))
NOTE = writer.signed(CHECKPOINT, KEY)
PINNED = Key.parse(str(KEY.key))
TEXT, LINE = NOTE.split("\n\n")
WITNESS = PrivateKey.of("witness.example", bytes([9]) * 32)


def opened(raw: str | bytes, *keys: Key) -> tuple[str, int, bytes]:
    """What a note says, once a pinned key is known to have signed it; ValueError."""
    note = Note.parse(raw.encode() if isinstance(raw, str) else raw)
    note.signers(keys or (PINNED,))
    return note.origin, note.size, note.root


def signed_again(text: str) -> str:
    """A note whose signature is right, whatever its text is."""
    return f"{text}\n{line(KEY, text)}"


def line(key: PrivateKey, text: str, name: str = "") -> str:
    payload = in_base64(key.key.key_id + key.sign(text.encode()))
    return f"— {name or key.key.name} {payload}\n"


def test_a_note_of_ours_is_read() -> None:
    assert opened(NOTE) == (ORIGIN, 3_000, bytes(range(32)))
    assert Note.parse(NOTE.encode()).signers([PINNED]) == [f"{ORIGIN}+{KEY.key.key_id.hex()}"]


def test_the_empty_log_has_a_note() -> None:
    assert opened(writer.signed(writer.Checkpoint(ORIGIN, 0, bytes(32)), KEY))[1] == 0


def of_text(change: Callable[[str], str]) -> str:
    return signed_again(change(f"{TEXT}\n"))


def of_root(encoded: str) -> str:
    return signed_again(f"{ORIGIN}\n3000\n{encoded}\n")


ONES = b"\xff" * 32
SIGNED = f"{TEXT}\n"
REFUSED = {
    "extension lines": of_text(lambda text: f"{text}more\n"),
    "an empty line at the end": of_text(lambda text: f"{text}\n"),
    "CRLF": NOTE.replace("\n", "\r\n"),
    "CRLF, signed": of_text(lambda text: text.replace("\n", "\r\n")),
    "trailing junk": f"{NOTE}junk",
    "a trailing line": f"{NOTE}junk\n",
    "a trailing blank line": f"{NOTE}\n",
    "a trailing space": f"{NOTE[:-1]} \n",
    "no last newline": NOTE[:-1],
    "a huge size": of_text(lambda text: text.replace("3000", "9" * 16)),
    "a size of 2**53": of_text(lambda text: text.replace("3000", str(2**53))),
    "a size of a thousand digits": of_text(lambda text: text.replace("3000", "3" * 1_000)),
    "a size of ten thousand digits": of_text(lambda text: text.replace("3000", "3" * 10_000)),
    "leading zeros": of_text(lambda text: text.replace("3000", "03000")),
    "a plus sign": of_text(lambda text: text.replace("3000", "+3000")),
    "a minus sign": of_text(lambda text: text.replace("3000", "-3000")),
    "an underscore": of_text(lambda text: text.replace("3000", "3_000")),
    "a space before the size": of_text(lambda text: text.replace("3000", " 3000")),
    "digits of another script": of_text(lambda text: text.replace("3000", "٣٠٠٠")),
    "no size": of_text(lambda text: text.replace("3000", "")),
    "a short root": of_root(in_base64(bytes(31))),
    "a long root": of_root(in_base64(bytes(33))),
    "a root in URL base64": of_root(in_base64(ONES).replace("/", "_")),
    "a root with other padding bits": of_text(lambda text: text.replace("Hh8=", "Hh9=")),
    "a space in the origin": of_text(lambda text: text.replace("hospital", "hospi tal")),
    "no origin": of_text(lambda text: text.replace(ORIGIN, "")),
    "a NUL": of_text(lambda text: text.replace("hospital", "hospi\0tal")),
    "an escape": of_text(lambda text: text.replace("hospital", "\x1b[2Jhospital")),
    "a tab": NOTE.replace("— ", "—\t"),
    "a hyphen for the dash": NOTE.replace("— ", "- "),
    "no signature": f"{TEXT}\n\n",
    "no blank line": f"{TEXT}\n{LINE}",
    "two blank lines": f"{TEXT}\n\n\n{LINE}",
    "a signature of nothing": f"{TEXT}\n\n— {ORIGIN} \n",
    "a signature as long as a key's id": f"{TEXT}\n\n— {ORIGIN} {in_base64(KEY.key.key_id)}\n",
    "two signatures by one key": f"{NOTE}{LINE}",
    "two signatures by one key name": f"{NOTE}{line(KEY, 'another text')}",
    "a forged one by the same key": f"{TEXT}\n\n{line(KEY, 'another text')}",
    "the right text, signed by another key of the name": writer.signed(CHECKPOINT, OTHER),
    "the right signature under another name": f"{TEXT}\n\n{line(KEY, SIGNED, 'x.example')}",
    "a witness alone": writer.signed(CHECKPOINT, WITNESS),
    "nothing": "",
    "too long": f"{NOTE}{''.join(line(WITNESS, str(n)) for n in range(700))}",
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_a_note_is_refused_that_has(raw: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        opened(raw)


@pytest.mark.parametrize(
    "raw", [b"\xff" + NOTE.encode(), NOTE.encode() + b"\xff\n", NOTE.encode("utf-16")]
)
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"UTF-8"):
        opened(raw)


def test_signatures_of_others_say_nothing_for_and_nothing_against() -> None:
    text = f"{TEXT}\n"
    for other in (
        line(WITNESS, text),
        line(OTHER, text),  # the same name, another id
        line(WITNESS, "another text"),
        "— hospital.example/audit AAAAAAAA\n",
    ):
        assert opened(f"{NOTE}{other}")[1] == 3_000
        assert opened(f"{TEXT}\n\n{other}{LINE}")[1] == 3_000


def test_a_wrong_signature_of_a_pinned_key_spoils_the_note_of_another() -> None:
    both = (PINNED, Key.parse(str(WITNESS.key)))
    good = f"{NOTE}{line(WITNESS, SIGNED)}"
    assert Note.parse(good.encode()).signers(both) == [
        f"{ORIGIN}+{KEY.key.key_id.hex()}",
        f"witness.example+{WITNESS.key.key_id.hex()}",
    ]
    with pytest.raises(ValueError, match=r"the signature of witness\.example is not right"):
        opened(f"{NOTE}{line(WITNESS, 'another text')}", *both)


def test_both_readers_agree() -> None:
    """What the product would refuse to continue, an auditor refuses to believe."""
    for raw in REFUSED.values():
        with pytest.raises(ValueError, match=r"."):
            writer.opened(raw, [KEY.key])
    assert writer.opened(NOTE, [KEY.key]) == CHECKPOINT


# --- keys --------------------------------------------------------------------------------------


def test_a_key_is_read_as_it_is_printed() -> None:
    assert (PINNED.name, PINNED.key_id) == (ORIGIN, KEY.key.key_id)
    assert PINNED.public == KEY.key.public
    sizes = [
        ("", (0, 2**53)),
        ("@..", (0, 2**53)),
        ("@1..", (1, 2**53)),
        ("@..9", (0, 9)),
        ("@3..9", (3, 9)),
    ]
    for said, limits in sizes:
        key = Key.parse(f"{KEY.key}{said}")
        assert (key.first, key.last) == limits


def vkey(marked: bytes, name: str = ORIGIN) -> str:
    """A key with the id that belongs to it, whatever it is."""
    digest = hashlib.sha256(f"{name}\n".encode() + marked).digest()
    return f"{name}+{digest[:4].hex()}+{in_base64(marked)}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "++",
        ORIGIN,
        str(KEY.key).replace(ORIGIN, "other.example"),
        str(KEY.key).replace(KEY.key.key_id.hex(), "00000000"),
        str(KEY.key).replace(KEY.key.key_id.hex(), KEY.key.key_id.hex().upper()),
        f"{KEY.key}x",
        f" {KEY.key}",
        f"{KEY.key}@",
        f"{KEY.key}@7",
        f"{KEY.key}@a..b",
        f"{KEY.key}@-1..5",
        vkey(b"\x02" + KEY.key.public),
        vkey(KEY.key.public),
        vkey(b"\x01" + bytes(31)),
        vkey(b"\x01" + bytes([1]) + bytes(31)),
        vkey(b"\x01" + KEY.key.public, "two words"),
        vkey(b"\x01" + KEY.key.public, ""),
    ],
)
def test_a_key_is_refused_that_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Key.parse(text)


def test_the_same_key_under_two_ranges_may_sign_in_both() -> None:
    keys = [Key.parse(f"{KEY.key}@..10"), Key.parse(f"{KEY.key}@2000..3000")]
    assert opened(NOTE, *keys)[1] == 3_000
    with pytest.raises(ValueError, match="may not sign a log of 3000 events"):
        opened(NOTE, keys[0])
