"""The log never holds what somebody typed, at no level and from no library."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

CANARY = "canary-7f3a"

PRELUDE = """
import logging, threading, warnings
import structlog
from bot.errors import Unreachable
from bot.logs import configure
configure("debug")
for name in ["bot.dispatch", "slack_bolt", "slack_sdk.web", "aiohttp", "sqlalchemy.engine"]:
    logging.getLogger(name).setLevel(logging.DEBUG)
ours = logging.getLogger("bot.dispatch")
events = structlog.get_logger("bot.dispatch")
canary = "canary-7f3a"
"""


def _log(code: str) -> str:
    """Return what a process that runs `code` after setting up the log writes to stderr."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stderr


def _lines(code: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in _log(code).splitlines()]


def test_our_events_are_one_json_object_per_line_with_name_level_and_time() -> None:
    first, second = _lines(
        """
        events.info("deploy ended", deploy="DEP-3", seconds=4)
        ours.debug("step %s of %d", "smoke", 2)
        """
    )

    assert (first["event"], first["deploy"], first["seconds"]) == ("deploy ended", "DEP-3", 4)
    assert (first["level"], first["logger"]) == ("info", "bot.dispatch")
    assert str(first["timestamp"]).endswith("Z")
    assert (second["event"], second["level"]) == ("step smoke of 2", "debug")


def test_bodies_are_left_out_under_every_name_that_stands_for_one() -> None:
    written = _log(
        """
        events.info("handled", text=canary, body=canary, payload={"a": canary}, fields=[canary])
        events.info("handled", params=(canary,), values=canary, message=canary, content=canary)
        """
    )

    assert written.count("(not logged)") == 8
    assert CANARY not in written


def test_libraries_below_warning_are_not_heard_even_when_their_loggers_are_set_to_debug() -> None:
    written = _log(
        """
        for name in ["slack_bolt", "slack_sdk.web", "aiohttp", "httpx", "sqlalchemy.engine", ""]:
            logging.getLogger(name).debug("body: %s", canary)
            logging.getLogger(name).info("params: %s", {"text": canary})
        logging.getLogger("slack_bolt").warning("unhandled request")
        """
    )

    assert CANARY not in written
    assert [json.loads(line)["event"] for line in written.splitlines()] == ["unhandled request"]


def test_patient_data_in_a_line_is_masked() -> None:
    written = _log(
        """
        events.warning("vendor said PID|1||MRN7731^^^H^MR||DOE^JANE||19700101|F")
        logging.getLogger("aiohttp").warning("PID|1||MRN7731^^^H^MR||DOE^JANE||19700101|F")
        """
    )

    assert len(written.splitlines()) == 2
    assert "DOE" not in written
    assert "7731" not in written


def test_an_exception_is_told_by_type_and_place_without_what_it_quotes() -> None:
    (line,) = _lines(
        """
        def parse(word):
            raise KeyError(word)
        try:
            try:
                parse(canary)
            except KeyError as error:
                raise ValueError(f"bad {canary}") from error
        except ValueError:
            ours.exception("failed (ref 4f2a)")
        """
    )

    assert line["event"] == "failed (ref 4f2a)"
    assert line["error"] == ["ValueError", "KeyError"]
    assert "<string>:" in str(line["at"])
    assert CANARY not in json.dumps(line)


def test_the_sentences_of_our_own_errors_and_of_the_system_are_kept() -> None:
    first, second = _lines(
        """
        try:
            raise Unreachable("the CI server did not answer within 5 s")
        except Unreachable:
            events.exception("ci")
        try:
            open("/nowhere/at/all")
        except OSError:
            events.error("file", exc_info=True)
        """
    )

    assert first["error"] == ["Unreachable: the CI server did not answer within 5 s"]
    assert second["error"] == ["FileNotFoundError: No such file or directory"]


def test_uncaught_errors_and_records_that_cannot_be_formatted_quote_nothing() -> None:
    written = _log(
        """
        ours.info("%d", canary)
        def work():
            raise ValueError(canary)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        warnings.warn("deprecated", stacklevel=1)
        raise RuntimeError(canary)
        """
    )

    assert CANARY not in written
    assert "a thread was stopped by an error" in written
    assert "stopped by an error" in written.splitlines()[-1]


def test_a_long_value_is_cut() -> None:
    (line,) = _lines('events.info("x" * 4000)')

    assert len(str(line["event"])) == 500
