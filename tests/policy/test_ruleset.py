"""A site's rules and roles are believed whole or not at all, each problem with place and mend."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from bot.dispatch.authorise import Facts
from bot.dispatch.authorise.ruleset import ATTRIBUTES
from bot.dispatch.authorise.sources import clauses_of
from bot.errors import ConfigurationError
from tests.policy.rules import KNOWN, person, policies

RUN = 'forbid (principal, action == Action::"run", resource)'


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ('@id("a")\nforbid (principal, action', "site.cedar:3: the rule that begins here"),
        (f"{RUN} when {{ context.servise == 1 }};", "site.cedar:3: "),
        (f'{RUN} unless {{ principal in Role::"pharmasist" }};', "there is no role pharmasist"),
        (f'{RUN} when {{ resource == Command::"deplo" }};', "did you mean deploy?"),
        (f'{RUN} when {{ resource in Group::"deploy" }};', "did you mean deploys?"),
        (f"{RUN} when {{ context has sevice }};", "did you mean service?"),
        (f'@reason("frosen") {RUN};', "there is no reason frosen (did you mean frozen?)"),
        (f'@needs("luck") {RUN};', '@needs can only be "approval"'),
        (f'@message("{{who}}") {RUN};', "@message cannot name {who}"),
        (f'@message("{{service") {RUN};', "has a brace that is not closed"),
        (f'@role("release_manger") {RUN};', "did you mean release_manager?"),
        (f'@id("role-needed") {RUN};', 'two rules are called @id("role-needed")'),
    ],
)
def test_a_mistake_is_named_with_its_file_its_line_and_its_mend(
    tmp_path: Path, rule: str, says: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        policies(tmp_path, "// mine;", "", rule)

    assert says in str(caught.value)
    assert "two rules" in says or "site.cedar:3" in str(caught.value)


def test_every_problem_of_several_files_is_listed_at_once(tmp_path: Path) -> None:
    (tmp_path / "other.cedar").write_text(f'{RUN} unless {{ principal in Role::"nobody" }};')

    with pytest.raises(ConfigurationError) as caught:
        policies(tmp_path, f'{RUN} when {{ resource == Command::"fly" }};', roles="roles: {a: [b]}")

    said = str(caught.value)
    assert said.startswith("policies: 3 things to mend")
    assert {"other.cedar:1", "site.cedar:1", "roles.yaml"} <= set(
        re.findall(r"other\.cedar:1|site\.cedar:1|roles\.yaml", said)
    )


@pytest.mark.parametrize(
    ("roles", "says"),
    [
        ("pharmacist: [approver]", "must hold one block named roles"),
        ("roles: {pharmacist: [aprover]}", "did you mean approver?"),
        ("roles: {a: [b], b: [c], c: [a]}", "brings itself along"),
        ("roles: {a: [a]}", "brings itself along"),
        ("roles: {engineer: []}", "is a shipped role"),
        ("roles: {Pharmacist: []}", "lower-case letters"),
        ("roles: {pharmacist: approver}", "must be a list"),
        ("roles: {pharmacist: [approver], pharmacist: []}", "given twice"),
    ],
)
def test_roles_that_do_not_fit_are_refused(tmp_path: Path, roles: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=r"roles\.yaml") as caught:
        policies(tmp_path, roles=roles)

    assert says in str(caught.value)


def test_a_role_of_a_sites_own_brings_along_what_it_says(tmp_path: Path) -> None:
    roles = "roles: {pharmacist: [class_c_approver], lead_pharmacist: [pharmacist]}"
    made = policies(tmp_path, roles=roles)

    held = made.held(person("somebody", "lead_pharmacist"))

    assert {"pharmacist", "class_c_approver", "approver", "reader"} <= held
    assert "deployer" not in held


def test_rules_are_told_apart_by_what_stands_outside_of_strings_and_comments() -> None:
    text = '// a; b\n@id("x;y")\npermit (principal, action, resource); // ;\n\nforbid (\n;\n// end'

    found = [(one.line, one.text.strip()[-1]) for one in clauses_of("f", text)]

    assert found == [(2, ";"), (5, ";")]


def test_the_attributes_that_rules_may_look_at_are_those_of_the_schema() -> None:
    schema = (resources.files("bot.policy") / "wardroom.cedarschema").read_text("utf-8")
    plain = re.sub(r"//[^\n]*", "", schema)
    named = set(re.findall(r"(\w+)\??:\s*(?:[A-Z{]|datetime)", plain)) - {
        "principal",
        "resource",
        "context",
    }

    assert set(ATTRIBUTES) == named


def test_other_rules_or_roles_are_another_version(tmp_path: Path) -> None:
    plain = policies(tmp_path, "").version

    with_rule = policies(tmp_path, f'@id("no") {RUN} when {{ context.incident == "INC-1" }};')
    with_role = policies(tmp_path, "", roles="roles: {pharmacist: []}")

    assert len({plain, with_rule.version, with_role.version}) == 3


def test_a_rule_without_a_name_is_called_by_its_place(tmp_path: Path) -> None:
    made = policies(tmp_path, "", "", f'{RUN} when {{ context.incident == "INC-1" }};')
    command = KNOWN.get("help")
    assert command is not None

    says = made.may_run(person("engineer", "engineer"), command, Facts(incident="INC-1"))

    assert says.policies == ("site.cedar:3",)
