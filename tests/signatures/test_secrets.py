"""No secret of a signing is kept: not in a row, not in a record, not in a log line."""

from __future__ import annotations

import logging
import re
import sqlite3
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from tests.fakes.oidc import SECRET
from tests.signatures.house import Desk


def rows(database: str) -> str:
    """Return everything that a database holds."""
    connection = sqlite3.connect(str(make_url(database).database))
    try:
        return "\n".join(connection.iterdump())
    finally:
        connection.close()


async def test_no_row_record_or_log_line_holds_a_secret_of_a_signing(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as said, caplog.at_level(logging.DEBUG):
        await desk.asked()
        link = await desk.link()
        browser = await desk.browser()
        page = await browser.follow(link)
        proof = re.search(r'name="proof" value="([^"]+)"', page.text)
        cookie = dict(browser.client.cookies)["wardroom_signing"]
        desk.provider.over = {"nonce": "forged"}
        other = await desk.browser()
        failed = await other.follow(await desk.link())
        assert failed.status == 403
    assert proof is not None
    back = next(url for url in browser.seen if "/sign/back?" in url)
    sent = parse_qs(urlsplit(back).query)
    asked = desk.provider.asked[0]
    secrets = {
        "link": link.rpartition("/")[2],
        "cookie": cookie,
        "proof": proof[1],
        "state": sent["state"][0],
        "code": sent["code"][0],
        "nonce": asked["nonce"],
        "token": desk.provider.issued[0].rpartition(".")[2],
        "forged token": desk.provider.issued[1].rpartition(".")[2],
        "client secret": SECRET,
    }
    kept = rows(desk.chat.settings.database.get_secret_value())
    # What libraries say below a warning is heard nowhere: tests/test_logs.py.
    heard = [one for one in caplog.records if one.levelno >= logging.WARNING]
    lines = str(said) + "\n".join(record.getMessage() for record in heard)
    for name, secret in secrets.items():
        assert secret not in kept, name
        assert secret not in lines, name


async def test_the_settings_do_not_show_the_client_secret(desk: Desk) -> None:
    assert SECRET not in repr(desk.chat.settings)
