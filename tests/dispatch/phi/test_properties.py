from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dispatch.phi import KINDS, MAX_CHARS, Tier, mask, mask_value, scan
from tests.dispatch.phi.samples import HINTS, LEAKS, ORDINARY, slow_texts
from tests.examples import examples

SLOW = slow_texts()

# No deadline: a busy machine is not a slow guard; benchmarks/bench_phi.py does the timing.
property_of = settings(max_examples=examples(80), deadline=None)

# Every code point there is, lone surrogates and NUL too, and pieces of leaks thrown together.
_ANY = st.text(st.characters(), max_size=200)
_PIECES = st.sampled_from(
    [
        *("MRN ", "mrn", "00412345", "4123456", "PID|1||", "DOE^JANE", "|", "^", "\r", "\n", " "),
        *("MSH|^~\\&|", '{"resourceType":"Patient"', "}", '"', "\\", "\\r", "%7C", "%", "=0D", "="),
        *(
            "<Patient ",
            "</",
            ">",
            "\u200b",
            "\ufb01",
            "\u0130",
            "\ud800",
            "\x00",
            "\ue000",
            "&#124;",
        ),
        *("[patient data removed: mrn]", "[patient data removed: ", "219-09-9123", "943 476 5919"),
        *(
            "UElEfDF8fDAwNDEyMzQ1",
            "select * from patient where ",
            "mrn,dob\n",
            "1,2\n",
            "DOB ",
            "1980",
        ),
        *(
            "ISA*00*",
            "NM1*IL*1*D",
            "(0010,0010) PN [D",
            "patient/12345",
            "?mrn=",
            "Mr Doe ",
            "\ufb03",
        ),
    ]
)
_MIXED = st.lists(st.one_of(_PIECES, st.text(max_size=3)), max_size=30).map("".join)
_TEXT = st.one_of(_ANY, _MIXED, st.sampled_from([s.text for s in LEAKS + HINTS + ORDINARY]))
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _MIXED),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_MIXED, inner, max_size=4)
    ),
    max_leaves=12,
)


@property_of
@given(_TEXT)
def test_every_finding_lies_inside_the_text_and_is_of_a_known_kind(text: str) -> None:
    verdict = scan(text)
    assert verdict.length == len(text)
    for finding in verdict.findings:
        assert 0 <= finding.start < finding.end <= len(text)
        assert finding.tier is KINDS[finding.kind].tier
    worst = {finding.tier for finding in verdict.findings}
    expected = Tier.BLOCK if Tier.BLOCK in worst else Tier.WARN if worst else Tier.CLEAN
    assert verdict.tier is expected


@property_of
@given(_TEXT)
def test_what_was_masked_holds_nothing_to_block_and_masks_to_itself(text: str) -> None:
    masked, verdict = mask(text)
    assert verdict == scan(text)
    assert scan(masked).tier is not Tier.BLOCK
    assert mask(masked)[0] == masked
    if verdict.tier is not Tier.BLOCK:
        assert masked == text


@property_of
@given(_MIXED, _MIXED)
def test_masked_texts_stay_masked_side_by_side(one: str, other: str) -> None:
    masked = mask(one)[0] + "\n\n" + mask(other)[0]
    assert scan(mask(masked)[0]).tier is not Tier.BLOCK


@property_of
@given(_TEXT)
def test_the_same_text_gets_the_same_verdict(text: str) -> None:
    assert scan(text) == scan(text)


@property_of
@given(_JSON)
def test_masking_a_value_never_raises_and_is_stable(value: object) -> None:
    once = mask_value(value)  # type: ignore[arg-type] # hypothesis gives JSON-like values untyped
    assert repr(mask_value(once)) == repr(once)


def test_texts_made_to_be_slow_are_scanned_to_their_end() -> None:
    """A quarter of the limit each, for the suite's sake; the benchmark takes the whole."""
    for text in SLOW.values():
        verdict = scan(text[: MAX_CHARS // 4] + " MRN 00412345")
        assert verdict.tier is Tier.BLOCK
        assert all(0 <= f.start < f.end <= verdict.length for f in verdict.findings)


@pytest.mark.parametrize("name", ["mrn-hit", "resource", "csv-rows", "ssn-hit", "digits-mrn"])
def test_a_text_that_is_leaks_all_over_masks_within_the_limit(name: str) -> None:
    masked, verdict = mask(SLOW[name])
    assert verdict.tier is Tier.BLOCK
    assert len(masked) <= MAX_CHARS
    assert scan(masked).tier is not Tier.BLOCK
    assert mask(masked)[0] == masked
