"""Puts the verifier's parts into one file, for an auditor to take along."""

from __future__ import annotations

import ast
from importlib.resources import files
from typing import Final

PACKAGE: Final = "bot.audit.verify"
PARTS: Final = (
    *("findings", "hashing", "pruned", "walk", "ed25519", "notes"),
    *("spreadsheet", "form", "openings", "bundle", "proofs", "program"),
)
"""The parts, each after those that it needs."""

_FUTURE: Final = "from __future__ import annotations"
_START: Final = '\n\nif __name__ == "__main__":\n    sys.exit(main())\n'


def one_file() -> str:
    """Return the source of `verify_export.py`: the parts as they are, their imports together."""
    imports: dict[str, set[str]] = {}
    bodies = []
    for name in PARTS:
        source = _source(name)
        tree = ast.parse(source)
        heading = [node for node in tree.body if _is_heading(node)]
        for node in heading:
            _collect(node, imports)
        last = heading[-1].end_lineno or 0
        rule = f"# --- {name} ".ljust(99, "-")
        bodies.append(f"{rule}\n\n{''.join(source.splitlines(keepends=True)[last:]).strip()}\n")
    described = ast.get_docstring(ast.parse(_source("__init__")), clean=False)
    whole = "\n\n".join(bodies)
    return f'"""{described}"""\n\n{_FUTURE}\n\n{_written(imports)}\n\n{whole}{_START}'


def _source(name: str) -> str:
    return (files(PACKAGE) / f"{name}.py").read_text("utf-8")


def _is_heading(node: ast.stmt) -> bool:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Import | ast.ImportFrom) or (is_text and node.lineno == 1)


def _collect(node: ast.stmt, imports: dict[str, set[str]]) -> None:
    """Keep what is imported from Python's library: a module, or names out of it."""
    if isinstance(node, ast.Import):
        imports |= {alias.name: set() for alias in node.names}
    elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
        module = node.module or ""
        if not module.startswith("bot."):
            imports.setdefault(module, set()).update(alias.name for alias in node.names)


def _written(imports: dict[str, set[str]]) -> str:
    """Return the imports as one block: modules first, then names out of others."""
    modules = [f"import {name}" for name in sorted(imports) if not imports[name]]
    names = [
        f"from {name} import {', '.join(sorted(imports[name]))}"
        for name in sorted(imports)
        if imports[name]
    ]
    return "\n".join([*modules, *names])
