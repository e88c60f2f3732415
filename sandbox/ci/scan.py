"""Look through the release of a checkout for what is dangerous in Python, and keep the counts.

A small security scan of its own: it reads the syntax, so that words in a comment are nothing to it.
The counts are kept by service and version, and name the commit that they are of.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.layout import Layout
from sandbox.mortal import die_with

CRITICAL, HIGH, MEDIUM = "critical", "high", "medium"
# What a call is dangerous by: its name as it is written.
CALLS = {
    "eval": CRITICAL,
    "exec": CRITICAL,
    "os.system": CRITICAL,
    "os.popen": CRITICAL,
    "pickle.load": CRITICAL,
    "pickle.loads": CRITICAL,
    "marshal.loads": CRITICAL,
    "tempfile.mktemp": HIGH,
    "hashlib.md5": HIGH,
    "hashlib.sha1": HIGH,
}
# And by what it is given.
KEYWORDS = {("shell", True): CRITICAL, ("verify", False): HIGH}
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - what is looked for, not what is listened on
HARMLESS = ("usedforsecurity", False)


@dataclass(frozen=True)
class Problem:
    """One finding."""

    severity: str
    rule: str
    file: str
    line: int


def look(text: str, file: str) -> Iterator[Problem]:
    """Yield what is dangerous in one file."""
    for node in ast.walk(ast.parse(text)):
        for severity, rule in _of(node):
            yield Problem(severity, rule, file, getattr(node, "lineno", 0))


def _of(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Constant) and node.value in EVERYWHERE:
        yield HIGH, "listens on every network"
    elif isinstance(node, ast.ExceptHandler) and node.type is None:
        yield MEDIUM, "catches everything"
    elif isinstance(node, ast.Assert):
        yield MEDIUM, "relies on assert, which can be turned off"


def _of_call(node: ast.Call) -> Iterator[tuple[str, str]]:
    name = ast.unparse(node.func)
    given = {
        (each.arg, each.value.value)
        for each in node.keywords
        if each.arg is not None and isinstance(each.value, ast.Constant)
    }
    if name in CALLS and HARMLESS not in given:
        yield CALLS[name], f"calls {name}"
    for wanted, severity in KEYWORDS.items():
        if wanted in given:
            yield severity, f"passes {wanted[0]}={wanted[1]}"
    if name.endswith(".execute") and node.args and isinstance(node.args[0], ast.JoinedStr):
        yield HIGH, "puts values into the text of a query"


def scan(checkout: Path, service: str) -> dict[str, object]:
    """Return the counts for a service's own files and those that it shares, without its tests."""
    files = [
        path
        for path in sorted([*checkout.glob("*.py"), *(checkout / service).rglob("*.py")])
        if not path.name.startswith("test_")
    ]
    texts = {str(path.relative_to(checkout)): path.read_text("utf-8") for path in files}
    found = [problem for name, text in texts.items() for problem in look(text, name)]
    counts = Counter(problem.severity for problem in found)
    return {
        "service": service,
        "version": (checkout / service / "VERSION").read_text("utf-8").strip(),
        "commit": _commit(checkout),
        **{severity: counts[severity] for severity in (CRITICAL, HIGH, MEDIUM)},
        "files": len(texts),
        "lines": sum(text.count("\n") for text in texts.values()),
        "findings": [asdict(problem) for problem in found],
    }


def _commit(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def keep(layout: Layout, result: dict[str, object]) -> Path:
    """Keep a result where the hospital shows it, whole or not at all."""
    path = layout.scans / str(result["service"]) / f"{result['version']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    fresh.replace(path)
    return path


def main(home: str, service: str) -> int:
    """Scan the current checkout; what it finds does not fail the build, a deploy asks for it."""
    die_with(int(os.environ["WARDROOM_SANDBOX_WORKER"]))
    result = scan(Path.cwd(), service)
    print(json.dumps(result, indent=1))
    keep(Layout(Path(home)), result)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
