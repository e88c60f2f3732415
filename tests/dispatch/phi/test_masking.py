from __future__ import annotations

import json

import pytest

from bot.dispatch.phi import MAX_CHARS, JsonLike, Tier, mask, mask_value, masking, scan
from tests.dispatch.phi.samples import LEAKS

PID = "PID|1||00412345^^^HOSP^MR||DOE^JANE||19800214|F"


def test_clean_text_comes_back_as_it_was() -> None:
    text = 'deploy lab-results 1.4.2 to production --reason "CHG0031234 approved"'
    assert mask(text)[0] is text


def test_a_warning_is_not_masked() -> None:
    text = "Mr. Doe was seen on 2024-06-11"
    masked, verdict = mask(text)
    assert masked == text
    assert verdict.tier is Tier.WARN


def test_only_the_leak_is_replaced_and_the_rest_stays_readable() -> None:
    masked, verdict = mask("build 20481 failed for MRN 00412345 in 12 s")
    assert masked == "build 20481 failed for [patient data removed: mrn] in 12 s"
    assert verdict.kinds == ("mrn",)


def test_every_number_of_a_list_is_replaced() -> None:
    masked, _ = mask("MRNs 4123456, 4123457 and 4123458 are merged")
    assert masked == "[patient data removed: mrn] are merged"


def test_a_second_number_is_not_reached_across_a_placeholder() -> None:
    masked, _ = mask("MRN 00412345 on port 52311")
    assert masked == "[patient data removed: mrn] on port 52311"
    assert scan(masked).findings == ()


def test_a_log_excerpt_keeps_its_lines_around_a_segment() -> None:
    log = f"step 3 of 4\n10:02 parse error at PID-3\n{PID}\n\nstep 3 failed in 12 s\nexit code 1"
    masked, _ = mask(log)
    assert masked == (
        "step 3 of 4\n10:02 parse error at PID-3\n[patient data removed: hl7v2-segment]\n\n"
        "step 3 failed in 12 s\nexit code 1"
    )


def test_wrapped_text_inside_a_message_goes_with_it() -> None:
    message = f"{PID}\nOBX|1|TX|NOTE||Jane was admitted\nwith chest pain\ntoday||||||F\n\n\ndone"
    assert mask(message)[0] == "[patient data removed: hl7v2-segment]\n\n\ndone"


def test_a_json_log_line_loses_its_document_and_no_other_line() -> None:
    resource = '{"resourceType": "Patient", "name": [{"family": "Doe"}], "note": "brace } inside"}'
    masked, _ = mask(f"GET /metadata 200\n{resource}\nretry in 5 s")
    assert masked == "GET /metadata 200\n[patient data removed: fhir-json]\nretry in 5 s"


def test_a_torn_off_document_loses_its_lines() -> None:
    tail = """log tail:
      -71.3697,
      "birthDate": "1980-02-14",
      "address": [{"line": ["12 Elm St"]}],
      "active":
        true
    }
exit code 1"""
    assert mask(tail)[0] == "log tail:\n[patient data removed: fhir-json]\nexit code 1"


def test_a_document_that_never_closes_goes_to_the_end() -> None:
    masked, _ = mask('GET 500 {"resourceType": "Patient", "name": [{"family": "Doe"')
    assert masked == "GET 500 [patient data removed: fhir-json]"
    masked, _ = mask('{"resourceType": "Patient"}, {"name": "Doe"')
    assert masked == "[patient data removed: fhir-json]"
    masked, _ = mask('{"resourceType": "Patient"}, "name": "Doe"}, "id": "Doe"')
    assert masked == "[patient data removed: fhir-json]"


def test_a_text_that_will_not_come_clean_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_ROUNDS", 0)
    assert mask("Mr. Doe 2024-06-11, MRN 00412345")[0] == "[patient data removed: mrn]"


def test_a_packed_leak_is_replaced_as_a_token() -> None:
    token = "UElEfDF8fDAwNDEyMzQ1Xl5eSE9TUF5NUnx8RE9FXkpBTkU="  # the PID segment
    assert mask(f"body={token} sent")[0] == "body=[patient data removed: hl7v2-segment] sent"


def test_hidden_characters_do_not_move_the_cut() -> None:
    text = "\u200bok \ufb01ne M\u200bRN\u00ad \uff10\uff10\uff14\uff11\uff12 \U0001f680 done"
    assert mask(text)[0] == "\u200bok \ufb01ne [patient data removed: mrn] \U0001f680 done"


def test_escapes_do_not_move_the_cut() -> None:
    text = json.dumps({"a": "x\ty\u2028z", "raw": f"one\r{PID}\r", "b": 1})
    masked, _ = mask(text)
    assert masked.startswith('{"a": "x\\ty\\u2028z", "raw": "one\\r[patient data removed')
    assert "DOE" not in masked


def test_no_identifier_of_the_corpus_survives_masking() -> None:
    values = ("412345", "19800214", "1980-02-14", "DOE^JANE", "219-09-9123", "943 476 5919")
    masked = {sample.id: mask(f"before {sample.text} after")[0] for sample in LEAKS}
    assert [id_ for id_, text in masked.items() if any(value in text for value in values)] == []


def test_a_text_over_the_limit_is_cut_and_says_so() -> None:
    masked, verdict = mask("ordinary line\n" * 10_000)
    assert verdict.kinds == ("too-long",)
    assert verdict.tier is Tier.BLOCK
    assert len(masked) == MAX_CHARS
    assert masked.endswith("[cut here: longer than 40,000 characters]")
    assert scan(masked).tier is Tier.CLEAN
    assert mask(masked)[0] == masked


def test_a_leak_in_the_part_that_is_kept_is_masked_and_one_beyond_is_cut() -> None:
    masked, _ = mask(PID + "\n\n" + "ordinary line\n" * 4_000 + PID)
    assert masked.startswith("[patient data removed: hl7v2-segment]")
    assert "DOE" not in masked
    assert "[cut here" in masked


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("MRN 00412345", "[patient data removed: mrn]"),
        (None, None),
        (True, True),
        (412345, 412345),
        ({"mrn": 412345}, {"mrn": "[patient data removed: mrn]"}),
        ({"mrn": "00412345", "n": 3}, {"mrn": "[patient data removed: mrn]", "n": 3}),
        ({"mrns": ["4123456", 12]}, {"mrns": ["[patient data removed: mrn]", 12]}),
        (
            {"name": "PATIENT_ID", "value": "4123456"},
            {"name": "PATIENT_ID", "value": "[patient data removed: patient-field]"},
        ),
        (
            [{"title": "MRN", "value": "4123456"}, {"title": "Build", "value": "20481"}],
            [
                {"title": "MRN", "value": "[patient data removed: mrn]"},
                {"title": "Build", "value": "20481"},
            ],
        ),
        ({"mrn": {"value": "4123456"}}, {"mrn": {"value": "[patient data removed: mrn]"}}),
        ({"MRN 00412345": 1}, {"[patient data removed: mrn]": 1}),
        (
            {"body": {"resourceType": "Patient", "name": [{"family": "Doe"}]}, "code": 500},
            {"body": "[patient data removed: fhir-json]", "code": 500},
        ),
        (
            {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "DOE^JANE"}]}, "x": 1},
            {"00100010": "[patient data removed: dicom]", "x": 1},
        ),
        ({"birthDate": "1980-02-14"}, "[patient data removed: fhir-json]"),
        ([{"family": "Doe", "given": ["Jane"]}], ["[patient data removed: fhir-json]"]),
    ],
)
def test_a_value_is_masked_with_what_its_keys_say(value: JsonLike, expected: JsonLike) -> None:
    assert mask_value(value) == expected


def test_ordinary_payloads_pass_unchanged() -> None:
    payload: JsonLike = {
        "channel": "C0123456789",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "*lab-results* 1.4.2 is live"}},
            {"type": "actions", "elements": [{"action_id": "approve", "value": "REQ-12"}]},
        ],
        "metadata": {"event_type": "deploy", "event_payload": {"id": 104211, "ok": True}},
    }
    assert mask_value(payload) == payload


def test_two_keys_that_mask_to_the_same_both_stay() -> None:
    masked = mask_value({"MRN 00412345": "a", "MRN 00412346": "b", "MRN 00412347": "c"})
    assert masked == {
        "[patient data removed: mrn]": "a",
        "[patient data removed: mrn] (2)": "b",
        "[patient data removed: mrn] (3)": "c",
    }


def test_a_long_list_is_masked_part_by_part() -> None:
    rows: JsonLike = ["ordinary line " * 10] * 500
    assert isinstance(rows, list)
    masked = mask_value([*rows, "MRN 00412345"])
    assert masked == [*rows, "[patient data removed: mrn]"]


def test_nesting_beyond_reason_is_removed_not_trusted() -> None:
    value: JsonLike = "MRN 00412345"
    for _ in range(500):
        value = [value]
    assert "removed: nested too deep" in str(mask_value(value))
