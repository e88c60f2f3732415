"""The repository as the rules see it: tracked files, parsed once."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PRODUCT = ("bot", "commands", "integrations", "sandbox")
CODE = (*PRODUCT, "tests", "benchmarks")


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that git tracks, relative to the root."""
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = [Path(name) for name in done.stdout.split("\0") if name]
    return tuple(name for name in names if (ROOT / name).is_file())


def python_files(*folders: str) -> list[Path]:
    """Return the tracked Python files under some top folders."""
    return [path for path in tracked() if path.suffix == ".py" and path.parts[0] in folders]


@cache
def text(path: Path) -> str:
    """Return a file's text; "" for one that is no text."""
    try:
        return (ROOT / path).read_text("utf-8")
    except UnicodeDecodeError:
        return ""


@cache
def parsed(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(text(path), str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return every node of a file's syntax tree."""
    return tuple(ast.walk(parsed(path)))


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function and method of a file."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in nodes(path) if isinstance(node, kinds)]
