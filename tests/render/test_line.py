"""What a control types is read back by the parser exactly as it was meant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.dispatch.tokens import DOUBLE, tokens
from bot.model import Reason, Reply
from bot.render.json import answer
from bot.render.line import QUOTES, answered, quoted


@given(st.text(max_size=200))
def test_any_answer_is_one_quoted_word_byte_for_byte(value: str) -> None:
    [reject, request, option, word] = tokens(answered("reject REQ-1", "reason", value))
    assert (reject.text, request.text, option.text) == ("reject", "REQ-1", "--reason")
    assert (word.text, word.quoted) == (value, True)


def test_our_quotes_are_all_that_the_parser_knows() -> None:
    assert QUOTES == DOUBLE
    assert quoted('say "no" \\ now') == '"say \\"no\\" \\\\ now"'


def test_an_argument_is_named_as_it_is_typed() -> None:
    assert answered("x", "clinical_impact", "none") == 'x --clinical-impact "none"'


def test_scripts_get_the_four_names_of_the_contract() -> None:
    reply = Reply("Waits.", Reason.PENDING_APPROVAL, request="REQ-3", refs={"change": "CHG-1"})
    assert answer(reply) == {
        "reason": "pending_approval",
        "text": "Waits.\nStatus: waiting for approval",
        "request": "REQ-3",
        "refs": {"change": "CHG-1"},
    }
