"""Backstage's descriptor files fill in and check what the services file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import catalogue
from bot.errors import ConfigurationError

SERVICES = """
- {id: lab-results, safety_class: B, environments: {production: {}}}
- {id: adt-feed, owner: interfaces, safety_class: B, environments: {production: {}}}
- {id: portal, owner: web, safety_class: A, environments: {production: {}}, depends_on: [adt-feed]}
"""
DESCRIBED = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: laboratory
  annotations: {wardroom/service: lab-results}
spec:
  type: service
  lifecycle: production
  owner: group:interfaces
  dependsOn: ["component:default/ADT-feed", "resource:lab-database"]
  providesApis: [orders]
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: adt-feed}
spec: {type: service, lifecycle: production, owner: interfaces}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: portal}
spec: {type: website, lifecycle: production, owner: web, consumesApis: [orders]}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: orders}
spec: {type: openapi, lifecycle: production, owner: interfaces, definition: none}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: lab-database}
spec: {type: database, owner: interfaces}
"""


def loaded(folder: Path, described: str, services: str = SERVICES) -> catalogue.Estate:
    (folder / "services.yaml").write_text(services)
    (folder / "catalog-info.yaml").write_text(described)
    return catalogue.load(folder / "services.yaml", descriptors=[folder / "catalog-info.yaml"])


def test_owners_and_dependencies_are_filled_in_by_annotation_name_and_api(tmp_path: Path) -> None:
    estate = loaded(tmp_path, DESCRIBED)
    lab, portal = estate.by_id["lab-results"], estate.by_id["portal"]
    assert (lab.owner, lab.depends_on) == ("interfaces", ("adt-feed",))
    assert portal.depends_on == ("adt-feed", "lab-results")
    assert estate.notes == ()


def test_a_reference_that_leads_nowhere_is_said_and_not_guessed(tmp_path: Path) -> None:
    estate = loaded(tmp_path, DESCRIBED.replace("component:default/ADT-feed", "component:adt"))
    assert estate.by_id["lab-results"].depends_on == ()
    (note,) = estate.notes
    assert "component:default/laboratory refers to component:default/adt" in note
    assert "catalog-info.yaml entry 1" in note


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("owner: interfaces}\n---", "owner: others}\n---", "adt-feed.owner: is interfaces here"),
        ("component:default/ADT-feed", "adt-feed", "must begin with its kind"),
        ("component:default/ADT-feed", "a/b/c", "is no reference like"),
        ("metadata: {name: adt-feed}", "metadata: {}", "entry 2: metadata.name is missing"),
        ("kind: API", "kinds: API", "entry 4: is no entity of Backstage"),
        ("metadata: {name: portal}", "metadata: {name: adt-feed}", "is there twice"),
        ("dependsOn: [", "dependsOn: [[", "line 12"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, DESCRIBED.replace(old, new))
    assert says in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_an_owner_that_nobody_names_and_a_dependency_that_is_none_refuse(tmp_path: Path) -> None:
    wrong = SERVICES.replace("depends_on: [adt-feed]", "depends_on: [adt-fed, portal]")
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, "", wrong)
    said = str(caught.value)
    assert "lab-results.owner: is missing; set it" in said
    assert "portal.depends_on: there is no service adt-fed (did you mean adt-feed?)" in said
    assert "portal.depends_on: there is no service portal" in said
