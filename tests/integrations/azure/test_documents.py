"""Every request of these tests is held against Microsoft's documents: that check works."""

from __future__ import annotations

import httpx
import pytest

from tests.integrations.azure.documents import BESIDE, FILES, FOLDER, answer_problems, problems
from tests.integrations.azure.organisation import URL

RUNS = f"{URL}/Clinical%20IT/_apis/pipelines/12/runs"


@pytest.fixture(autouse=True)
def _documented() -> None:
    if missing := [name for name in FILES if not (FOLDER / name).is_file()]:
        pytest.skip(f"the vendor's documents are not here: {', '.join(missing)}")


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("GET", "build/builds?api-version=7.1&definition=12", None, "definition is not known"),
        ("GET", "build/builds?definitions=12", None, "api-version is missing"),
        ("GET", "build/runs?api-version=7.1", None, "in no document"),
        ("GET", "build/builds/x?api-version=7.1", None, "no integer"),
        ("GET", "build/builds?api-version=7.1&queryOrder=newest", None, "none of"),
        ("GET", "git/repositories/portal/refs?api-version=7.1&peel=true", None, "not know peel"),
        ("POST", "git/repositories/portal/refs?api-version=7.1", {}, "in no document"),
        ("POST", "pipelines/12/runs?api-version=7.1", {"resource": {}}, "has resource"),
        (
            "POST",
            "pipelines/12/runs?api-version=7.1",
            {"templateParameters": {"sites": ["north"]}},
            "not of type 'string'",
        ),
    ],
)
def test_what_the_documents_do_not_allow_is_found(
    method: str, path: str, body: object, told: str
) -> None:
    request = httpx.Request(method, f"{URL}/Clinical%20IT/_apis/{path}", json=body)
    assert any(told in problem for problem in problems(request, URL)), problems(request, URL)


def test_an_answer_of_another_shape_than_documented_is_found() -> None:
    request = httpx.Request("POST", f"{RUNS}?api-version=7.1", json={})
    good = httpx.Response(200, json={"id": 7, "state": "inProgress"})
    assert answer_problems(request, good, URL) == []
    for odd in ({"id": "7"}, {"id": 7, "state": "begun"}):
        assert answer_problems(request, httpx.Response(200, json=odd), URL)


def test_only_what_the_documents_lack_is_listed_beside_them() -> None:
    for one, path in zip(
        BESIDE,
        (
            "git/repositories/portal/refs",
            f"git/repositories/portal/commits/{'a' * 40}",
            "git/repositories/portal/commits",
            "git/repositories/portal/diffs/commits",
            "test/runs",
            "test/runs/9/results",
            "build/builds/12/timeline",
        ),
        strict=True,
    ):
        assert one.path.fullmatch(f"Clinical%20IT/_apis/{path}"), one.page
        request = httpx.Request("POST", f"{URL}/Clinical%20IT/_apis/{path}?api-version=7.1")
        assert problems(request, URL), one.page
