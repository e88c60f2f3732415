"""The people file joins accounts into humans, and is refused whole when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import directory
from bot.errors import ConfigurationError
from bot.model import Account, AccountKind

EXAMPLE = Path(__file__).parent.parent / "docs/examples/people.yaml"
TENANT = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
OBJECT = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
SLACK = Account("slack", "U012AB3CD", "T012AB3CD")


@pytest.fixture
def people() -> directory.People:
    return directory.load(EXAMPLE, sandbox=False)


def _write(folder: Path, text: str) -> Path:
    path = folder / "people.yaml"
    path.write_text(text)
    return path


def _problems(path: Path, *, sandbox: bool = True) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        directory.load(path, sandbox=sandbox)
    return str(caught.value).split("\n  - ")[1:]


def test_one_human_is_the_same_from_every_account(people: directory.People) -> None:
    from_slack = people.identify(SLACK)
    from_teams = people.identify(Account("teams", OBJECT, TENANT))

    assert from_slack is not None
    assert from_slack == from_teams == people.person("engineer")
    assert from_slack.roles == {"engineer"}


def test_one_human_may_have_accounts_in_two_workspaces(people: directory.People) -> None:
    first = people.identify(Account("slack", "U045EF6GH", "T012AB3CD"))
    second = people.identify(Account("slack", "U078JK9LM", "T078JK9LM"))

    assert first is not None
    assert first == second


def test_entra_ids_compare_without_case(people: directory.People) -> None:
    assert people.identify(Account("teams", OBJECT.upper(), TENANT.upper())) is not None


@pytest.mark.parametrize("kind", [AccountKind.GUEST, AccountKind.BOT, AccountKind.EXTERNAL])
def test_guests_bots_and_externals_are_nobody_even_when_listed(
    people: directory.People, kind: AccountKind
) -> None:
    assert people.identify(Account("slack", SLACK.user, SLACK.tenant, kind)) is None


@pytest.mark.parametrize(
    "account",
    [
        Account("slack", "U012AB3CD", "T0OTHER"),
        Account("slack", "U0NOBODY", "T012AB3CD"),
        Account("teams", "U012AB3CD", "T012AB3CD"),
        Account("slack", "engineer"),
        Account("teams", OBJECT, ""),
    ],
)
def test_an_account_that_is_not_listed_is_nobody(
    people: directory.People, account: Account
) -> None:
    assert people.identify(account) is None


@pytest.mark.parametrize("platform", ["web", "terminal"])
def test_a_persona_is_who_it_says_in_the_sandbox_only(platform: str) -> None:
    account = Account(platform, "engineer")
    sandbox = directory.load(EXAMPLE, sandbox=True)
    production = directory.load(EXAMPLE, sandbox=False)

    assert sandbox.identify(account) == sandbox.person("engineer")
    assert sandbox.identify(Account(platform, "engineer", "T012AB3CD")) is None
    assert sandbox.identify(Account(platform, "engineer", kind=AccountKind.GUEST)) is None
    assert production.identify(account) is None


def test_everybody_is_listed_by_id(people: directory.People) -> None:
    assert [one.id for one in people.people()] == ["engineer", "release-manager", "safety-officer"]


def test_an_equal_email_joins_nobody(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        "- {id: a, name: A, email: same@hospital.example, slack: {team: T1, user: U1}}\n"
        "- {id: b, name: B, email: same@hospital.example, slack: {team: T2, user: U1}}\n",
    )
    people = directory.load(path, sandbox=False)

    first, second = (people.identify(Account("slack", "U1", team)) for team in ("T1", "T2"))

    assert first is not None
    assert second is not None
    assert first.id != second.id


def test_an_account_of_two_people_is_refused(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        "- {id: a, name: A, slack: {team: T1, user: U1}}\n"
        "- {id: b, name: B, slack: {team: T1, user: U1}}\n"
        f"- {{id: c, name: C, teams: {{tenant: {TENANT}, object_id: {OBJECT}}}}}\n"
        f"- {{id: d, name: D, teams: {{tenant: {TENANT}, object_id: {OBJECT.upper()}}}}}\n",
    )

    assert _problems(path) == [
        "b.slack: U1 is a's account already; an account belongs to one human",
        f"d.teams: {OBJECT} is c's account already; an account belongs to one human",
    ]


def test_every_mistake_of_the_file_is_listed_with_its_person(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        "- {id: a, name: A, roles: [enginer]}\n"
        "- {id: a, name: Again}\n"
        "- {name: Nameless}\n"
        "- {id: b, name: B, slack: {team: hospital, user: '@anna'}}\n"
        "- {id: c, name: C, role: [engineer]}\n"
        "- {id: d, name: D, teams: {tenant: t, object_id: o}}\n"
        "- just text\n",
    )

    assert _problems(path) == [
        "entry 3.id: is missing; set it",
        "b.slack[0].team: must be the workspace's id, such as T012AB3CD, not its name",
        ("b.slack[0].user: must be a member id, such as U012AB3CD (profile, then Copy member ID)"),
        "c.role: there is no such setting (did you mean roles?); mend or remove it",
        "d.teams[0].tenant: must be an id like 1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        "d.teams[0].object_id: must be an id like 1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        "entry 7: must hold settings of its own, one `name: value` per line, indented",
        "a.roles: there is no role enginer (did you mean engineer?)",
        "a: is there twice; one human is one entry",
    ]


def test_a_persona_without_an_account_is_refused_in_production(tmp_path: Path) -> None:
    path = _write(tmp_path, "- {id: engineer, name: Engineer, roles: [engineer]}\n")

    assert directory.load(path, sandbox=True).person("engineer") is not None
    assert _problems(path, sandbox=False) == [
        (
            "engineer: has no slack or teams account, so nobody can be identified as them; add one "
            "(personas without an account work in sandbox mode only)"
        )
    ]


@pytest.mark.parametrize("text", ["", "[]", "people: []", "just text"])
def test_a_file_that_lists_nobody_is_refused(tmp_path: Path, text: str) -> None:
    assert _problems(_write(tmp_path, text)) == ["must be a list of people, one `- id: ...` each"]


def test_who_signs_is_known_by_the_providers_subject_alone(people: directory.People) -> None:
    subject = "6f1c1f0e-3f0a-4b7e-9f57-0d7f0c0a2b11"
    officer = people.identify(Account("oidc", subject))
    assert officer is not None
    assert officer.id == "safety-officer"
    assert people.identify(Account("oidc", "engineer@hospital.example")) is None
    assert people.identify(Account("oidc", "safety-officer")) is None


def test_an_e_mail_address_is_no_subject(tmp_path: Path) -> None:
    text = "- {id: a, name: A, oidc: {subject: a@hospital.example}}"
    [problem] = _problems(_write(tmp_path, text))
    assert "not an e-mail address" in problem


def test_one_subject_belongs_to_one_human(tmp_path: Path) -> None:
    rows = [f"- {{id: {name}, name: {name}, oidc: {{subject: s-1}}}}" for name in "ab"]
    [problem] = _problems(_write(tmp_path, "\n".join(rows)))
    assert "is a's account already" in problem


def test_an_account_to_sign_with_is_none_to_type_from(tmp_path: Path) -> None:
    text = "- {id: a, name: A, oidc: {subject: s-1}}"
    [problem] = _problems(_write(tmp_path, text), sandbox=False)
    assert "no slack or teams account" in problem
