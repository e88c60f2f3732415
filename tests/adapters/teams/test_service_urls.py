"""Service URLs: our token goes there, so only Teams' own are allowed."""

from __future__ import annotations

import pytest

from bot.adapters.teams.service_urls import ServiceUrls


@pytest.mark.parametrize(
    "url",
    [
        "https://smba.trafficmanager.net/emea/",
        "https://SMBA.trafficmanager.net:443/teams/",
        "https://webchat.botframework.com/",
        "https://smba.infra.gcc.teams.microsoft.com/gcc",
        "https://smba.infra.gov.teams.microsoft.us/gcch",
    ],
)
def test_teams_own_addresses_are_allowed(url: str) -> None:
    assert ServiceUrls().allows(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://smba.trafficmanager.net/",
        "https://smba.trafficmanager.net:8443/",
        "https://smba.trafficmanager.net.evil.test/",
        "https://trafficmanager.net/",
        "https://eviltrafficmanager.net/",
        "https://evil.test/?smba.trafficmanager.net",
        "https://smba.trafficmanager.net@evil.test/",
        "https://evil.test#.trafficmanager.net",
        "https://evil.test\\.trafficmanager.net/",
        "https://smba.trafficmanager.net/ x",
        "https://smba\n.trafficmanager.net/",
        "https://smba.trafficmanager.net:port/",
        "https://[::1/",
        "http://127.0.0.1:4000/",
        "https://localhost/",
        "",
        "ftp://smba.trafficmanager.net/",
    ],
)
def test_other_addresses_are_not(url: str) -> None:
    assert not ServiceUrls().allows(url)


def test_loopback_is_allowed_where_it_is_named_in_full_and_that_port_only() -> None:
    urls = ServiceUrls(("http://127.0.0.1:4000/",))
    assert urls.allows("http://127.0.0.1:4000/teams/")
    assert not urls.allows("http://127.0.0.1:4001/teams/")
    assert not urls.allows("https://127.0.0.1:4000/teams/")
    assert not urls.allows("https://smba.trafficmanager.net/")
