"""Disclosures and digests against the examples of RFC 9901."""

from __future__ import annotations

import pytest

from bot.audit.disclosure.hiding import hide
from bot.audit.disclosure.sdjwt import Disclosure, digest, digests_of, revealed
from bot.model import Json

# RFC 9901: sections 4.2.1 and 4.2.3, and the first of the example in section 5.1.
VECTORS = [
    (
        "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0",
        "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0",
        "family_name",
        "Möbius",
    ),
    (
        "WyI2cU1RdlJMNWhhaiIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0",
        "uutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYY",
        "family_name",
        "Möbius",
    ),
    (
        "WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgImdpdmVuX25hbWUiLCAiSm9obiJd",
        "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4",
        "given_name",
        "John",
    ),
]


@pytest.mark.parametrize(("text", "expected", "name", "value"), VECTORS)
def test_the_digests_of_rfc_9901_are_ours(text: str, expected: str, name: str, value: str) -> None:
    opened = Disclosure.parse(text)
    assert (digest(text), opened.name, opened.value) == (expected, name, value)
    assert opened.digest == expected


def test_what_is_hidden_is_opened_again_where_it_stood() -> None:
    params: dict[str, Json] = {"reason": "Möbius", "version": "1.4.2"}
    fields: dict[str, Json] = {"verb": "deploy", "text": "because of Möbius", "params": params}
    before = {**fields, "params": dict(params)}
    hidden = hide(fields, {"text", "params.reason", "params.note", "error"})
    assert [each.field for each in hidden] == ["params.reason", "text"]
    assert "bius" not in str(fields)
    assert fields["_sd_alg"] == "sha-256"
    assert [path for path, _ in digests_of(fields)] == [("params",), ()]
    opened, left = revealed(fields, [each.disclosure for each in hidden])
    assert (opened, left) == (before, [])


def test_equal_texts_have_different_digests() -> None:
    digests = set[str]()
    for _ in range(20):
        fields: dict[str, Json] = {"text": "1234567"}
        hide(fields, {"text"})
        digests |= {found for _, found in digests_of(fields)}
    assert len(digests) == 20


def test_a_disclosure_of_another_event_opens_nothing() -> None:
    fields: dict[str, Json] = {"text": "one"}
    hide(fields, {"text"})
    other = Disclosure.of("text", "one", bytes(16))
    opened, left = revealed(fields, [other])
    assert left == [other]
    assert opened == fields


def test_a_name_that_stands_there_is_never_replaced() -> None:
    other = Disclosure.of("verb", "whoami", bytes(16))
    fields: dict[str, Json] = {"verb": "deploy", "_sd": [other.digest], "_sd_alg": "sha-256"}
    opened, left = revealed(fields, [other])
    assert (opened["verb"], left) == ("deploy", [other])


@pytest.mark.parametrize(
    "text",
    [
        *("", "!", "bm8", "WzFd", "bnVsbA"),
        "WyJzIiwgIl9zZCIsIDFd",  # ["s", "_sd", 1]
        "WyJzIiwgIi4uLiIsIDFd",  # ["s", "...", 1]
        "WzEsICJuIiwgMV0",  # [1, "n", 1]
        "WyJzIiwgIm4iXQ",  # ["s", "n"]
    ],
)
def test_what_is_no_disclosure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="disclosure"):
        Disclosure.parse(text)
