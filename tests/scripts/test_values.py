"""Values of scripts: typed, refused where they do not fit, and each of them one argument."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.model import Deployment, Endpoint, EndpointKind, Service
from bot.model.scripts import Argument, Call, ParameterType, Reach, Script, ScriptParameter
from bot.scripts.filling import Filler, filled, typed
from integrations.reach.ssh import line

LAB_IN = Endpoint("lab-in", EndpointKind.TCP, "lab-results", "production")
ESTATE = Service("lab-results", "x", "B", None, (Deployment("production", endpoints=(LAB_IN,)),))


class Estate:
    """One service with one endpoint."""

    def services(self) -> list[Service]:
        return [ESTATE]

    def service(self, name: str) -> Service | None:
        return ESTATE if name == ESTATE.id else None

    def channel(self, _name: str) -> None:
        return None

    def environments(self) -> list[str]:
        return ["production"]


def script(kind: ParameterType, *, pattern: str = "", may_dash: bool = False) -> Script:
    """Return a script with one value of a type."""
    choices = ("north", "east") if kind is ParameterType.CHOICE else ()
    one = ScriptParameter(
        "value", kind, "a value", choices, pattern=pattern, may_begin_with_dash=may_dash
    )
    return Script(
        name="any",
        summary="Any.",
        owner="x",
        reach=Reach.SSH,
        command=("/bin/any", "--value={{ value }}", "{{ value }}"),
        reads=False,
        parameters=(one,),
    )


ANY = script(ParameterType.WORD)
FILLER = Filler(Estate())


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (ParameterType.WORD, "a;b|c", '"two words"'),
        (ParameterType.NUMBER, "42", "4x"),
        (ParameterType.CHOICE, "north", "west"),
        (ParameterType.SERVICE, "lab-results", "portal"),
        (ParameterType.ENVIRONMENT, "production", "test"),
        (ParameterType.ENDPOINT, "lab-in", "lab-out"),
    ],
)
def test_a_value_of_each_type_is_taken_or_refused(kind: ParameterType, good: str, bad: str) -> None:
    assert FILLER.values(script(kind), f"value={good}") == {"value": good}
    with pytest.raises(BadInput, match="`value`"):
        FILLER.values(script(kind), f"value={bad}")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "`value` is missing: a value"),
        ("value=a value=b", "`value` is given twice"),
        ("valeu=a", "`valeu` is no parameter .did you mean value"),
        ("odd", "`odd` is no parameter"),
        ("value=--force", "must not begin with `-`"),
        (f"value={'x' * 201}", "at most 200 characters"),
        ('value="a\x07b"', "that can be printed"),
    ],
)
def test_what_is_wrong_is_said_with_how_it_is_typed(said: str, why: str) -> None:
    with pytest.raises(BadInput, match=why) as refused:
        FILLER.values(ANY, said)
    assert "Type `script run any with value=..." in refused.value.text


def test_a_dash_is_let_through_where_it_is_declared_and_a_pattern_is_of_the_whole() -> None:
    minus = script(ParameterType.NUMBER, may_dash=True)
    assert FILLER.values(minus, "value=-5") == {"value": "-5"}
    shaped = script(ParameterType.WORD, pattern="[a-z]+")
    with pytest.raises(BadInput, match="does not look like a value"):
        FILLER.values(shaped, "value=abc1")


@given(value=st.text(min_size=1, max_size=60))
def test_what_is_typed_again_is_the_same_value(value: str) -> None:
    try:
        found = FILLER.values(ANY, typed({"value": value}))
    except BadInput:
        return
    assert found == {"value": value}
    assert FILLER.values(ANY, typed(found)) == found


ARGUMENT = st.text(max_size=40).map(lambda word: word.replace("\x00", "")) | st.sampled_from(
    ["$(id)", "`id`", "; id", "a'b", "'", '"', "\\", "*", "~", "!1", "\n", "", "-n"]
)


@given(words=st.lists(ARGUMENT, max_size=6))
def test_a_line_for_a_shell_is_read_back_as_exactly_its_arguments(words: list[str]) -> None:
    call = Call(Reach.SSH, tuple(Argument(word) for word in ["/bin/any", *words]))
    assert shlex.split(line(call)) == ["/bin/any", *words]


@given(many=st.lists(st.lists(ARGUMENT, max_size=5), min_size=8, max_size=8))
@settings(max_examples=5, deadline=None)
def test_a_real_shell_hands_on_exactly_the_arguments(many: list[list[str]]) -> None:
    words = [["printf", "%s\\0", *one, "end"] for one in many]
    lines = [line(Call(Reach.SSH, tuple(Argument(w) for w in one))) for one in words]
    ran = subprocess.run(["/bin/sh", "-c", "\n".join(lines)], capture_output=True, check=True)
    printed = [word for one in words for word in one[2:]]
    assert ran.stdout.decode().split("\x00")[:-1] == printed


@given(value=st.text(max_size=30))
def test_a_value_never_makes_another_argument(value: str) -> None:
    call = filled(ANY, {"value": value})
    assert [one.text for one in call.arguments] == ["/bin/any", f"--value={value}", value]
    assert [one.is_fixed for one in call.arguments] == [True, False, False]
