"""What leaves is masked, and only what is clean is remembered."""

from __future__ import annotations

from bot.dispatch import outbound
from bot.model import Button, Form, Input, Reply, Step, StepState, Table

MRN = "MRN 48213377"


def test_a_clean_reply_is_handed_on_as_it_is() -> None:
    reply = Reply("All well.", fields=(("Service", "portal"),), refs={"deploy": "DEP-1"})
    assert outbound.masked(reply) is reply
    assert outbound.masked(reply) is reply


def test_every_string_of_a_reply_is_looked_at() -> None:
    reply = Reply(
        MRN,
        title=MRN,
        fields=((MRN, "a"), ("b", MRN)),
        items=(MRN,),
        table=Table((MRN,), ((MRN,),)),
        code=MRN,
        progress=(Step(MRN, StepState.DONE, MRN),),
        buttons=(Button(MRN, MRN, confirm=MRN, asks=MRN),),
        form=Form(MRN, MRN, (Input(MRN, MRN, choices=(MRN,), hint=MRN, value=MRN),)),
        topic=MRN,
        request=MRN,
        refs={MRN: MRN},
    )
    assert "48213377" in repr(reply)
    assert "48213377" not in repr(outbound.masked(reply))


def test_each_string_alone_is_enough_to_be_masked() -> None:
    for reply in (
        Reply("ok", items=("fine", MRN)),
        Reply("ok", refs={"a": MRN}),
        Reply("ok", form=Form("x", "y", (Input("n", "l", value=MRN),))),
        Reply("ok", progress=(Step("s", StepState.RUNNING, MRN),)),
    ):
        assert "48213377" not in repr(outbound.masked(reply))


def test_what_was_masked_is_not_remembered() -> None:
    outbound.masked(Reply(f"Seen: {MRN}", items=("an ordinary line",)))
    assert "an ordinary line" in outbound._clean
    assert not any("48213377" in text for text in outbound._clean)


def test_what_is_remembered_is_bounded() -> None:
    for number in range(outbound._REMEMBERED + 10):
        outbound.masked(Reply(f"line {number}"))
    assert len(outbound._clean) <= outbound._REMEMBERED
