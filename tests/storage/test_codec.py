"""What is stored as JSON comes back as it was, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Form, Input, Place, Proposal, Reply, Step, StepState
from bot.storage.codec import PLACE, PROPOSAL, REPLY, STEPS, WORDS, Codec, Undecodable

WORDS_BY_NAME = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2)
REPLIES = st.builds(Reply, refs=WORDS_BY_NAME)
CODECS: list[tuple[Codec[Any], st.SearchStrategy[Any]]] = [
    (REPLY, REPLIES),
    (PROPOSAL, st.builds(Proposal, values=WORDS_BY_NAME, facts=WORDS_BY_NAME)),
    (PLACE, st.none() | st.builds(Place)),
    (STEPS, st.lists(st.builds(Step)).map(tuple)),
    (WORDS, st.lists(st.text()).map(tuple)),
]
FORM = Reply("which?", form=Form("deploy", "Deploy", (Input("service", "Service"),)))


@given(st.sampled_from(CODECS).flatmap(lambda pair: st.tuples(st.just(pair[0]), pair[1])))
def test_every_value_comes_back_as_it_was(case: tuple[Codec[Any], Any]) -> None:
    codec, value = case
    assert codec.decode(codec.encode(value)) == value


@given(st.text(max_size=200) | REPLIES.map(REPLY.encode).map(lambda t: t[:-1]))
def test_text_that_was_not_encoded_is_refused_and_never_quoted(text: str) -> None:
    with pytest.raises(Undecodable) as refused:
        REPLY.decode(text)
    assert str(refused.value).startswith("not a Reply: ")
    assert len(str(refused.value)) < 50


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["reason"], "perhaps"),
        (["text"], 3),
        (["fields"], "ab"),
        (["form", "inputs", 0, "required"], "yes"),
        (["extra"], ""),
        (["form", "extra"], ""),
        (["form", "inputs", 0, "extra"], ""),
    ],
)
def test_a_value_with_a_wrong_or_unknown_field_is_refused(
    path: list[str | int], value: object
) -> None:
    stored = json.loads(REPLY.encode(FORM))
    place = stored
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(Undecodable, match="not a Reply"):
        REPLY.decode(json.dumps(stored))


def test_a_field_that_was_not_there_yet_reads_as_its_default() -> None:
    assert STEPS.decode('[{"label": "Build", "state": "done"}]') == (Step("Build", StepState.DONE),)
