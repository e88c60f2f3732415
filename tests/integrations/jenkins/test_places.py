"""The ids of builds are ours alone, and lead nowhere but to a build."""

from __future__ import annotations

import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.api import Rejected
from integrations.jenkins.places import Place, job_at, job_path, place_of
from integrations.jenkins.provider import Jenkins
from tests.examples import examples


@pytest.mark.parametrize(
    "build_id",
    [
        "42",
        "q42",
        "",
        "/42",
        "portal/",
        "portal/0",
        "portal/042",
        "portal/lastBuild",
        "portal/-1",
        "portal/q",
        "portal/qq4",
        "portal/99999999999",
        "portal/٤٢",
        "../42",
        "a/../42",
        "a/./42",
        "a//42",
        "/a/42",
        "a/b?x=1/42",
        "a/b#x/42",
        "a\\b/42",
        "a b/42",
        "a:b/42",
        "https://elsewhere.test/42",
        "a/42\n",
        "x" * 900 + "/42",
    ],
)
async def test_what_is_no_id_of_a_build_is_refused_and_never_sent(
    ci: Jenkins, wire: respx.MockRouter, build_id: str
) -> None:
    for asked in (ci.build, ci.log_tail):
        with pytest.raises(Rejected, match="is no build of Jenkins"):
            await asked(build_id)
    assert wire.calls.call_count == 0


@pytest.mark.parametrize(
    ("job", "path"),
    [
        ("clinical/lab-results", "job/clinical/job/lab-results"),
        ("Lab Results/Übergabe", "job/Lab%20Results/job/%C3%9Cbergabe"),
        ("web/release%2F1.4", "job/web/job/release%252F1.4"),
        ("job/job", "job/job/job/job"),
    ],
)
def test_a_jobs_path_is_a_url_and_back(job: str, path: str) -> None:
    assert job_path(job) == path
    for address in ("https://ci.hospital.test/", "http://localhost:8080/jenkins/"):
        assert job_at(f"{address}{path}/") == job
    for place in (Place(job, 42), Place(job, 39, is_queued=True)):
        assert place_of(place.id) == place
        assert not set(place.id) & set(" \n")


@given(text=st.text(max_size=60), number=st.integers(1, 10**9))
@settings(max_examples=examples(300))
def test_whatever_is_typed_is_refused_or_stays_below_the_jobs(text: str, number: int) -> None:
    try:
        place = place_of(f"{text}/{number}")
    except Rejected:
        return
    assert place.path.isascii()
    parts = place.path.split("/")
    assert parts[::2] == ["job"] * (len(parts) // 2) + [str(number)]
    assert not {"", ".", ".."} & set(parts)
    assert not set(place.path) & set("?#\\:@ ")
