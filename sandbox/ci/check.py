"""Run one service's unit tests in a checkout; prints them, and writes JUnit XML beside."""

from __future__ import annotations

import os
import sys
import time
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.layout import SOURCE
from sandbox.mortal import die_with

if TYPE_CHECKING:
    from types import TracebackType

    Failure = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class Report(unittest.TextTestResult):
    """A result that keeps what JUnit's format wants to know."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.suite = ET.Element("testsuite")
        self._case = self.suite
        self._began = 0.0

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's name
        """Open a test case."""
        group, _, name = test.id().rpartition(".")
        self._case = ET.SubElement(self.suite, "testcase", classname=group, name=name)
        self._began = time.perf_counter()
        super().startTest(test)

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's name
        """Close it with its time."""
        self._case.set("time", f"{time.perf_counter() - self._began:.3f}")
        super().stopTest(test)

    def addFailure(self, test: unittest.TestCase, err: Failure) -> None:  # noqa: N802 - the same
        """Note what was expected and did not happen."""
        super().addFailure(test, err)
        self._note("failure", err)

    def addError(self, test: unittest.TestCase, err: Failure) -> None:  # noqa: N802 - the same
        """Note what broke."""
        super().addError(test, err)
        self._note("error", err)

    def addSubTest(  # noqa: N802 - unittest's name
        self, test: unittest.TestCase, subtest: unittest.TestCase, err: Failure | None
    ) -> None:
        """Note a failing part of a test."""
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._note("failure", err)

    def _note(self, kind: str, err: Failure) -> None:
        first, *_ = str(err[1]).splitlines() or [""]
        ET.SubElement(self._case, kind, message=first)


def write(report: Path, service: str, result: Report, seconds: float) -> None:
    """Write what happened as JUnit XML."""
    counts = {
        "tests": result.testsRun,
        "failures": len(result.failures),
        "errors": len(result.errors),
    }
    result.suite.attrib.update({key: str(value) for key, value in counts.items()})
    result.suite.attrib.update(name=service, time=f"{seconds:.3f}")
    ET.indent(result.suite)  # CI cuts long lines
    ET.ElementTree(result.suite).write(report, encoding="utf-8", xml_declaration=True)


def main(service: str, report: Path) -> int:
    """Test the service of the current checkout; returns the exit code."""
    die_with(int(os.environ["WARDROOM_SANDBOX_WORKER"]))
    sys.path.remove(str(SOURCE.parent))  # the checkout is all that its tests may see
    folder = str(Path.cwd() / service)
    tests = unittest.defaultTestLoader.discover(folder, top_level_dir=folder)
    began = time.perf_counter()
    result = unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=Report).run(tests)
    assert isinstance(result, Report)  # noqa: S101 - tells the type checker what resultclass did
    write(report, service, result, time.perf_counter() - began)
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
