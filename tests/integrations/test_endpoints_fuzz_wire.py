"""Whatever a directory, a clock, a database or systemd answers, its parser never breaks."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.api import Finding
from integrations.probes import disk, kubernetes, ldap, ntp, systemd, tds
from tests.integrations.test_endpoints_fuzz import BOUNDED, FOREIGN, json_values, judged

lengths = st.sampled_from([0, 1, 5, 0x7F, 0x80, 0x81, 0x82, 0x84, 0x88, 0xFF])
elements = st.builds(
    lambda tag, length, body: bytes((tag, length)) + body,
    st.sampled_from([2, 4, 10, 0x30, 0x61, 0x78, 0xFF]),
    lengths,
    st.binary(max_size=12),
)


@BOUNDED
@given(st.lists(elements, max_size=4).map(b"".join) | st.binary(max_size=60))
def test_no_answer_of_a_directory_breaks_the_parser(body: bytes) -> None:
    judged(lambda: ldap.result(body, 2, ldap.BOUND))
    for tag in (ldap.BOUND, ldap.EXTENDED_ANSWER):
        framed = b"\x02\x01\x02" + bytes((tag, len(body))) + body
        judged(lambda framed=framed: ldap.result(framed, 2, ldap.BOUND))  # type: ignore[misc]  # mypy cannot infer a lambda with a default


@pytest.mark.thorough
@BOUNDED
@given(st.integers(0, 2**31))
def test_no_code_of_a_directory_is_without_words(code: int) -> None:
    found = ldap.judged(code, is_anonymous=False)
    assert found.is_passed is (code == 0)


@BOUNDED
@given(st.binary(max_size=80), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_no_datagram_breaks_the_clock(body: bytes, sent: int, came: int) -> None:
    def compared(packet: bytes) -> Finding:
        return ntp.judged(ntp.compared(packet, 7, sent, came), 1000)

    judged(lambda: compared(body))
    whole = bytearray(body.ljust(ntp.PACKET.size, b"\1"))
    whole[0], whole[24:32] = 0b00_100_100, struct.pack(">Q", 7)
    judged(lambda: compared(bytes(whole)))


@BOUNDED
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1, 2, 4, 0xFF]), st.integers(0, 60), st.integers(0, 60)),
        max_size=4,
    ),
    st.binary(max_size=60),
)
def test_no_handshake_of_a_database_breaks_the_parser(
    options: list[tuple[int, int, int]], tail: bytes
) -> None:
    judged(lambda: tds.judged(b"".join(tds.OPTION.pack(*one) for one in options) + tail))
    judged(lambda: tds.judged(tail))


words = st.sampled_from(["ActiveState=active", "LoadState=not-found", "NRestarts=²", FOREIGN, "="])


@pytest.mark.thorough
@BOUNDED
@given(st.lists(words | st.text(max_size=20), max_size=6).map("\n".join))
def test_no_words_of_a_program_break_their_reader(said: str) -> None:
    judged(lambda: systemd.judged(said))
    judged(lambda: disk.judged(said, 90))


@pytest.mark.thorough
@BOUNDED
@given(st.sampled_from(sorted(kubernetes.KINDS)), json_values, json_values, json_values)
def test_no_workload_breaks_the_parser(kind: str, spec: Any, status: Any, whole: Any) -> None:
    head: dict[str, Any] = {
        "kind": kubernetes.KINDS[kind],
        "metadata": {"name": "it", "generation": 1},
    }
    judged(lambda: kubernetes.judged({**head, "spec": spec, "status": status}, kind, "it"))
    judged(lambda: kubernetes.judged({**head, "status": {"conditions": whole}}, kind, "it"))
    judged(lambda: kubernetes.judged(whole, kind, "it"))


def test_the_fuzzed_parsers_can_say_yes() -> None:
    """Otherwise all the tests above would pass with parsers that refuse everything."""
    well = b"\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00"
    assert ldap.result(well, 2, ldap.BOUND) == 0
    packet = ntp.PACKET.pack(0b00_100_100, 1, 0, 0, 0, 0, 0, 0, 7, 100, 100)
    assert ntp.judged(ntp.compared(packet, 7, 100, 100), 1000).is_passed
    prelogin = tds.OPTION.pack(0, 11, 6) + tds.OPTION.pack(1, 17, 1) + b"\xff" + bytes(7)
    assert tds.judged(prelogin).is_passed
    assert systemd.judged("ActiveState=active").is_passed
