"""The estate file becomes services, and is refused whole when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import catalogue
from bot.errors import ConfigurationError
from bot.model import CiTarget, Deployment, Probe

EXAMPLE = Path(__file__).parent.parent / "docs/examples/services.yaml"


def _write(folder: Path, text: str) -> Path:
    path = folder / "services.yaml"
    path.write_text(text)
    return path


def _problems(path: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        catalogue.load(path, providers=("buildbot",))
    return str(caught.value).split("\n  - ")[1:]


def test_the_example_becomes_a_service_with_its_environments() -> None:
    estate = catalogue.load(EXAMPLE, providers=("buildbot",))

    service = estate.service("lab-results")

    assert service is not None
    assert (service.owner, service.safety_class, service.criticality) == (
        "interfaces",
        "B",
        "critical",
    )
    assert service.ci == CiTarget(
        "buildbot",
        "lab-results",
        "deploy-lab-results",
        "https://git.hospital.example/lab-results.git",
        "v{version}",
    )
    assert service.environment("test") == Deployment(
        "test", (Probe("version", "http://lab-results.test.hospital.example:8081/version", 5),)
    )
    assert service.environment("staging") is None


def test_services_and_environments_are_listed_by_name(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        "- {id: b, owner: o, safety_class: A, environments: {test: {}, production: {}}}\n"
        "- {id: a, owner: o, safety_class: C, environments: {training: {}, test: {}}}\n",
    )
    estate = catalogue.load(path)

    assert [one.id for one in estate.services()] == ["a", "b"]
    assert estate.environments() == ["production", "test", "training"]
    assert estate.service("c") is None


def test_jobs_are_named_after_the_service_and_local_repositories_start_at_the_file(
    tmp_path: Path,
) -> None:
    path = _write(
        tmp_path,
        "- id: portal\n  owner: web\n  safety_class: A\n  environments: {test: {}}\n"
        "  ci: {provider: buildbot, repo: ./sandbox/repository}\n",
    )

    service = catalogue.load(path, providers=("buildbot",)).service("portal")

    assert service is not None
    assert service.ci == CiTarget(
        "buildbot", "portal", "deploy-portal", f"{tmp_path}/sandbox/repository", "{version}"
    )


def test_every_mistake_of_the_file_is_listed_with_its_service(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        "- {id: a, owner: o, safety_class: D, environments: {test: {}}}\n"
        "- {id: b, owner: o, environments: {Pre Prod: {}}}\n"
        "- {id: Big Name, owner: o, safety_class: A, environments: {}}\n"
        "- id: c\n  owner: o\n  safety_class: B\n"
        "  ci: {provider: buildbott, repo: x, tag: v1}\n"
        "  environments: {test: {probes: [{kind: version, timeout_seconds: 60}]}}\n"
        "- {id: d, owner: o, safety_class: B, environments: {test: {}},"
        " ci: {provider: buildbott, repo: x, tag: v1}}\n"
        "- {id: d, owner: o, safety_class: B, enviroments: {test: {}}, environments: {test: {}}}\n"
        "- {id: d, owner: o, safety_class: B, environments: {test: {}}}\n",
    )

    assert _problems(path) == [
        "a.safety_class: should be 'A', 'B' or 'C'",
        "b.safety_class: is missing; set it",
        "b.environments.Pre Prod: must be lower-case letters, digits and hyphens",
        "Big Name.id: must be lower-case letters, digits and hyphens",
        "Big Name.environments: must not be empty",
        "c.environments.test.probes[0].timeout_seconds: should be less than or equal to 10",
        (
            "d.ci.provider: buildbott has no block under integrations in the settings "
            "(did you mean buildbot?)"
        ),
        "d.ci.tag: must hold {version}, such as v{version}",
        "d.enviroments: there is no such setting (did you mean environments?); mend or remove it",
        "d: is there twice; one service is one entry",
    ]


@pytest.mark.parametrize("text", ["", "[]", "services: []"])
def test_a_file_that_lists_no_service_is_refused(tmp_path: Path, text: str) -> None:
    assert _problems(_write(tmp_path, text)) == ["must be a list of services, one `- id: ...` each"]


def test_a_channel_names_its_platform(tmp_path: Path) -> None:
    entry = "id: a, owner: o, safety_class: A, environments: {test: {}}"
    text = f'- {{{entry}, channels: [C1, "slack:"]}}\n'
    assert _problems(_write(tmp_path, text)) == [
        "a.channels[0]: C1 is no channel; write it as slack:C012AB3CD or teams:19:...",
        "a.channels[1]: slack: is no channel; write it as slack:C012AB3CD or teams:19:...",
    ]
