"""HTML: semantic and accessible, and nobody's text is ever markup."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Input, Reply, Table
from bot.render.html import html
from bot.render.plain import clean
from tests.examples import examples
from tests.render.html_reading import Page
from tests.render.samples import ATTACKS, FORM, FULL, hostile


def test_a_reply_is_one_article_that_says_its_reason_and_topic() -> None:
    page = Page(html(FULL))
    assert page.elements[0] == (
        "article",
        {"class": "reply", "data-reason": "pending_approval", "data-topic": "REQ-1"},
    )


def test_everything_is_the_element_that_it_means() -> None:
    page = Page(html(FULL))
    assert [cell["scope"] for cell in page.all("th")] == ["col", "col"]
    assert len(page.all("dt")) == len(page.all("dd")) == 2
    assert [step["data-state"] for step in page.all("li")[2:]] == ["done", "running", "waiting"]
    region = next(d for d in page.all("div") if d.get("role") == "region")
    assert (region["tabindex"], region["aria-label"]) == ("0", FULL.title)
    said = " ".join(page.said)
    for words in ("Status: waiting for approval", "Done:", "Running:", "Waiting:"):
        assert words in said


def test_a_button_carries_its_command_and_what_it_asks() -> None:
    approve, reject, roll_back = Page(html(FULL)).all("button")
    assert approve == {"type": "button", "data-command": "approve REQ-1", "class": "primary"}
    assert (reject["data-command"], reject["data-asks"]) == ("reject REQ-1", "reason")
    assert roll_back["class"] == "danger"


def test_a_form_labels_every_control_and_marks_what_is_required() -> None:
    fragment = html(Reply("deploy needs more.", form=FORM))
    page = Page(fragment)
    assert page.all("form") == [{"data-command": "deploy"}]
    assert len(page.all("label")) == 3
    assert page.all("select")[0] == {"name": "service", "required": ""}
    assert [o for o in page.all("option") if "selected" in o] == [{"value": "pacs", "selected": ""}]
    assert page.all("input")[0]["required"] == ""
    assert "required" not in page.all("textarea")[0]
    assert "Reason (optional)" in " ".join(page.said)


def test_a_hint_belongs_to_its_control() -> None:
    label = html(Reply("", form=FORM)).split("<label>")[2]
    assert label.index('name="version"') < label.index("Such as 1.4.2.") < label.index("</label>")


def test_a_newline_at_the_start_of_a_long_value_is_kept() -> None:
    form = FORM.__class__("x", "X", (Input("a", "A", FORM.inputs[2].kind, value="\nb"),))
    assert ">\n\nb</textarea>" in html(Reply("", form=form))


def test_paragraphs_and_lines_stay_apart() -> None:
    assert "<p>a<br>b</p><p>c</p>" in html(Reply("a\nb\n\nc"))


def test_an_empty_table_is_not_drawn() -> None:
    assert "table" not in html(Reply("None.", table=Table(("a",), ())))


@pytest.mark.parametrize("attack", ATTACKS)
def test_nobodys_text_is_markup(attack: str) -> None:
    page = Page(html(hostile(attack)))
    assert len(page.all("article")) == 1
    assert page.all("button")[0]["type"] == "submit"
    assert page.all("button")[1]["data-command"] == clean(attack)
    assert html(hostile(attack)).encode("utf-8")


@given(st.text(max_size=200) | st.text("`ab \n<", max_size=20))
@settings(max_examples=examples(80), deadline=None)
def test_any_text_is_read_back_as_it_was(said: str) -> None:
    page = Page(html(Reply("x", items=(said,))))
    assert page.written == "x" + clean(said)
    if page.all("code"):
        assert "".join(page.said) == "x" + clean(said).replace("`", "")
    else:
        assert "".join(page.said) == "x" + clean(said)


@pytest.mark.parametrize("said", ["``", "a `` b", "``x``", "a `b` c ``"])
def test_backticks_with_nothing_between_them_stay(said: str) -> None:
    page = Page(html(Reply("x", items=(said,))))
    assert page.all("code") == []
    assert "".join(page.said) == "x" + said


def test_what_stands_in_backticks_is_code_and_escaped_all_the_same() -> None:
    drawn = html(Reply("Type `help <b>` or `deploy`; a lone ` stays"))
    assert "<code>" not in drawn
    drawn = html(Reply("Type `help <b>` or `deploy`."))
    assert "<code>help &lt;b&gt;</code> or <code>deploy</code>" in drawn
