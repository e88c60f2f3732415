from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from bot.dispatch import phi
from bot.dispatch.phi import MAX_CHARS, Finding, Tier, scan


def _found(text: str) -> list[tuple[str, str]]:
    return [(f.kind, text[f.start : f.end]) for f in scan(text).findings]


def test_a_finding_says_kind_tier_and_place() -> None:
    text = "look up MRN 00412345 please"
    assert scan(text).findings == (Finding("mrn", Tier.BLOCK, 8, 20),)


def test_a_verdict_lists_each_kind_once_in_order() -> None:
    assert scan("SSN 219-09-9123, MRN 00412345, MRN 00412346").kinds == ("mrn", "ssn")


def test_the_worst_tier_counts() -> None:
    assert scan("DOB 1980-02-14").tier is Tier.WARN
    assert scan("DOB 1980-02-14, MRN 00412345").tier is Tier.BLOCK


def test_a_text_of_the_limit_is_read_to_its_end() -> None:
    text = "x" * (MAX_CHARS - 13) + " MRN 00412345"
    assert len(text) == MAX_CHARS
    assert scan(text).kinds == ("mrn",)


def test_one_character_more_is_refused_unread() -> None:
    verdict = scan(" " * MAX_CHARS + "x")
    assert verdict.tier is Tier.BLOCK
    assert verdict.findings == (Finding("too-long", Tier.BLOCK, MAX_CHARS, MAX_CHARS + 1),)
    assert verdict.length == MAX_CHARS + 1


@pytest.mark.parametrize(
    ("text", "kind", "covered"),
    [
        ("a M\u200bRN 0041\u200b2345 b", "mrn", "M\u200bRN 0041\u200b2345"),
        (
            "\ufb01 \uff2d\uff32\uff2e \uff10\uff10\uff14\uff11\uff12 b",
            "mrn",
            "\uff2d\uff32\uff2e \uff10\uff10\uff14\uff11\uff12",
        ),
        ("q=MRN%3A%2000412345&x", "mrn", "MRN%3A%2000412345"),
        ("&lt;b&gt;MRN 00412345&lt;/b&gt;", "mrn", "MRN 00412345"),
        ('"a\\n219-09-9123\\n"', "ssn", "219-09-9123"),
        ("see TVJOIDAwNDEyMzQ1 b", "mrn", "TVJOIDAwNDEyMzQ1"),
        ("see 4d524e203030343132333435 b", "mrn", "4d524e203030343132333435"),
        ("\u0130\u0130 MRN 00412345 b", "mrn", "MRN 00412345"),
    ],
)
def test_a_place_is_one_in_the_text_as_given(text: str, kind: str, covered: str) -> None:
    assert (kind, covered) in _found(text)


@pytest.mark.parametrize(
    "number",
    ["000-12-3456", "666-12-3456", "900-12-3456", "219-00-9123", "219-09-0000", "2219-09-9123"],
)
def test_a_social_security_number_that_is_never_given_out_passes(number: str) -> None:
    assert _found(number) == []


def test_a_named_social_security_number_is_blocked_in_a_range_never_given_out_too() -> None:
    assert scan("SSN 900-12-3456").kinds == ("ssn",)
    assert scan("SSN 000-12-3456").findings == ()


@pytest.mark.parametrize("last", range(10))
def test_only_the_right_check_digit_makes_an_nhs_number(last: int) -> None:
    is_right = last == 9
    assert bool(scan(f"NHS 943476591{last}").findings) is is_right
    assert bool(scan(f"943 476 591{last}").findings) is is_right


def test_a_telephone_number_with_a_right_check_digit_passes() -> None:
    assert scan("943 476 5919").kinds == ("nhs-number",)
    assert scan("call 943 476 5919").findings == ()
    assert scan("7777777777 NHS 777 777 7777").findings == ()


@pytest.mark.parametrize("letter", "SLOIBZ")
def test_a_beneficiary_identifier_has_none_of_the_letters_left_out(letter: str) -> None:
    assert scan("1EG4-TE5-MK73").kinds == ("mbi",)
    assert scan(f"1{letter}G4-TE5-MK73").findings == ()


def test_a_beneficiary_identifier_in_lower_case_needs_its_word() -> None:
    assert scan("token 1eg4te5mk73").findings == ()
    assert scan("medicare 1eg4te5mk73").kinds == ("mbi",)


def test_a_keyword_reaches_twenty_characters_and_no_further() -> None:
    assert scan("MRN" + " " * 20 + "4123456").kinds == ("mrn",)
    assert scan("MRN" + " " * 21 + "4123456").findings == ()


@pytest.mark.parametrize(("digits", "blocked"), [(4, False), (5, True), (12, True), (13, False)])
def test_an_identifier_has_five_to_twelve_digits(digits: int, *, blocked: bool) -> None:
    assert bool(scan("MRN " + "4" * digits).findings) is blocked


def test_a_resource_that_is_nobodys_passes_inside_a_bundle() -> None:
    entry = '{"resource": {"resourceType": "%s", "name": "x"}}'
    bundle = '{"resourceType": "Bundle", "entry": [%s]}'
    assert scan(bundle % (entry % "ValueSet")).findings == ()
    assert scan(bundle % (entry % "Observation")).kinds == ("fhir-json",)


def test_a_staff_entry_has_names_and_passes() -> None:
    staff = '{"resourceType": "Practitioner", "name": [{"family": "House", "given": ["Greg"]}]}'
    assert scan(staff).findings == ()


def test_the_guard_imports_the_standard_library_and_itself_alone() -> None:
    allowed = set(sys.stdlib_module_names) - {"socket", "sqlite3", "subprocess", "logging", "os"}
    for path in Path(phi.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in names:
                assert name.startswith("bot.dispatch.phi") or name.split(".")[0] in allowed
