"""Service URLs: our token goes there, so only Teams' own are allowed."""

from __future__ import annotations

import pytest

from bot.adapters.teams.service_urls import ServiceUrls
from bot.errors import ConfigurationError


@pytest.mark.parametrize(
    "url",
    [
        "https://smba.trafficmanager.net/emea/",
        "https://SMBA.trafficmanager.net:443/teams/",
        "https://smba.infra.gcc.teams.microsoft.com/gcc",
        "https://smba.infra.gov.teams.microsoft.us/gcch",
        "https://smba.infra.dod.teams.microsoft.us/dod",
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
        "https://evil.trafficmanager.net/",
        "https://x.smba.trafficmanager.net/",
        "https://webchat.botframework.com/",
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


@pytest.mark.parametrize("allowed", [(), ("http://proxy.hospital.test/",)])
def test_a_list_that_would_send_our_token_in_clear_is_refused(allowed: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="allowed_service_urls"):
        ServiceUrls(allowed)


def test_an_address_given_in_full_means_that_host_and_port() -> None:
    urls = ServiceUrls(("https://smba.trafficmanager.net/",))
    assert urls.allows("https://SMBA.trafficmanager.net:443/emea/")
    assert not urls.allows("https://other.trafficmanager.net/emea/")
    assert not urls.allows("http://smba.trafficmanager.net/emea/")


def test_a_host_with_a_star_means_every_name_below_it() -> None:
    urls = ServiceUrls(("*.proxy.hospital.test",))
    assert urls.allows("https://teams.proxy.hospital.test/")
    assert not urls.allows("https://proxy.hospital.test/")
    assert not urls.allows("https://evilproxy.hospital.test/")


def test_loopback_is_allowed_where_it_is_named_in_full_and_that_port_only() -> None:
    urls = ServiceUrls(("http://127.0.0.1:4000/",))
    assert urls.allows("http://127.0.0.1:4000/teams/")
    assert not urls.allows("http://127.0.0.1:4001/teams/")
    assert not urls.allows("https://127.0.0.1:4000/teams/")
    assert not urls.allows("https://smba.trafficmanager.net/")
