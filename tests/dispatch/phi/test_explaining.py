from __future__ import annotations

import re

from bot.dispatch.phi import KINDS, Tier, explain, scan
from tests.dispatch.phi.samples import HINTS, LEAKS

# The digits in our own labels and advice: HL7 v2, X12, PID-3, PID-5, 40,000.
_OURS = {"v2", "X12", "3", "5", "40", "000"}
_WORDS = re.compile(r"[A-Za-z0-9]+")


def test_the_answer_names_the_kind_and_how_to_rephrase_and_how_to_delete() -> None:
    answer = explain(scan("PID|1||00412345^^^HOSP^MR||DOE^JANE"))
    assert answer.startswith("Not run, and nothing of it was kept")
    assert "an HL7 v2 message segment" in answer
    assert "Name the interface and the error count instead of pasting the message." in answer
    assert "delete" in answer


def test_several_kinds_are_listed_once_each_and_the_same_advice_once() -> None:
    answer = explain(scan("MRN 00412345, SSN 219-09-9123, CSN 100234567"))
    assert "a medical record number, a social security number" in answer.replace(
        "a visit or encounter number, a medical", "a medical"
    ).replace(" and a social", ", a social")
    assert answer.count("Leave the number out") == 1


def test_a_warning_reads_as_a_warning() -> None:
    answer = explain(scan("Jane Doe, DOB 02/14/1980"))
    assert answer.startswith("Careful")
    assert "Leave the date out." in answer


def test_a_clean_text_is_said_to_be_clean() -> None:
    assert explain(scan("deploy status")) == "Nothing in it looks like patient data."


def test_a_block_is_explained_without_the_warnings_beside_it() -> None:
    assert "date of birth" not in explain(scan("MRN 00412345, DOB 02/14/1980"))


def test_the_answer_never_repeats_a_value() -> None:
    for sample in LEAKS + HINTS:
        answer = explain(scan(sample.text))
        numbers = {word for word in _WORDS.findall(sample.text) if any(map(str.isdigit, word))}
        said = set(_WORDS.findall(answer)) - _OURS
        assert not numbers & said, sample.id
        assert not {"doe", "jane"} & set(_WORDS.findall(answer.lower())), sample.id


def test_every_kind_has_a_label_and_one_sentence_of_advice() -> None:
    for slug, kind in KINDS.items():
        assert kind.slug == slug
        assert re.fullmatch(r"[a-z0-9-]+", slug)
        assert kind.tier in {Tier.WARN, Tier.BLOCK}
        assert kind.label.split()[0] in {"a", "an", "more"}
        assert kind.advice.endswith(".")
        assert not kind.advice.removesuffix(".").count(". ")
