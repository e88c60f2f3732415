"""Files and functions stay small, are named by nouns, and import at the top only."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from tests.house_rules.tree import CODE, PRODUCT, functions, nodes, parsed, python_files, text

# Together on one worker: each would read the whole tree again.
pytestmark = pytest.mark.xdist_group("shape")

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "common", "misc", "base", "manager", "core"}

# The only exceptions; these lists may only shrink, and the last test sees to it.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}
# Broad handlers stand at the edges: where a platform, a worker or a stream must outlive a failure.
BROAD_HANDLERS = {
    "bot/adapters/teams/invokes.py": 1,  # somebody waits for the answer
    "bot/outbox.py": 2,  # one letter's fault, or one round's, does not stop the others
    "bot/tickets/follower.py": 2,  # one ticket's fault, or one round's, does not stop the others
    "bot/adapters/web/door.py": 1,  # a page says that it failed
    "bot/audit/batch.py": 1,  # whatever an effect raises is its caller's alone
    "bot/audit/writer.py": 1,  # every caller of the writer thread is told
    "bot/deploys/flow.py": 1,  # no deploy is left hanging
    "bot/dispatch/carry_out.py": 1,  # every ending is recorded
    "bot/dispatch/pipeline.py": 1,  # every ending is a Reply
}
EMPTY_ON_PURPOSE = {
    "bot/storage/migrations/versions/0001_audit.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0002_stores.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0003_links.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0004_letters.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0005_teams.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0006_secrets.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0007_checkpoints.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0008_forward.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0009_openings.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0010_retention.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0011_saved_searches.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0012_freezes.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0013_locks.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0014_flow.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0015_checks.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0018_changes.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0016_tasks.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0017_emergency.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0019_signatures.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0020_reloads.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0021_tickets.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0022_runs.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0023_run_acts.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0024_scripts.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0025_schedules.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0026_samples.py:downgrade": "records outlive code",
    "bot/storage/migrations/versions/0027_drills.py:downgrade": "records outlive code",
    "bot/audit/forward/syslog.py:close": "each batch has a connection of its own",
    "bot/workflow/claim.py:renew": "a file lock has nothing to renew",
}


def test_a_file_has_at_most_400_lines() -> None:
    long = {str(path) for path in python_files(*CODE) if _lines(text(path)) > LONGEST_FILE}

    assert long == set(LONG_FILES)


def test_a_function_has_at_most_60_lines() -> None:
    long = {
        f"{path}:{function.name}"
        for path in python_files(*CODE)
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno + 1 > LONGEST_FUNCTION
    }

    assert long == set(LONG_FUNCTIONS)


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [p for p in python_files(*CODE) if p.stem in NAMES_THAT_SAY_NOTHING] == []


def test_imports_stand_at_the_top_of_their_file() -> None:
    within = [
        f"{path}:{node.lineno}"
        for path in python_files(*CODE)
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert within == []


def test_only_the_edges_catch_everything() -> None:
    found: Counter[str] = Counter()
    for path in python_files(*PRODUCT):
        for node in nodes(path):
            if isinstance(node, ast.ExceptHandler) and _is_broad(node):
                found[str(path)] += 1

    assert dict(found) == BROAD_HANDLERS


def test_nothing_in_the_product_is_a_stub() -> None:
    stubs = {
        f"{path}:{function.name}"
        for path in python_files(*PRODUCT)
        for function in functions(path)
        if _is_empty(function)
        and not _is_click_group(function)
        and id(function) not in _declared_by_protocols(parsed(path))
    }

    assert stubs == set(EMPTY_ON_PURPOSE)


def _lines(source: str) -> int:
    return source.count("\n")


def _is_broad(handler: ast.ExceptHandler) -> bool:
    """Say whether a handler catches everything and goes on."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {node.id if isinstance(node, ast.Name) else None for node in caught}
    if not names & {"Exception", "BaseException"} and handler.type is not None:
        return False
    return not isinstance(handler.body[-1], ast.Raise)


def _is_empty(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    body = [node for node in function.body if not _is_constant(node)]
    return all(isinstance(node, ast.Pass) or _raises_not_implemented(node) for node in body)


def _is_click_group(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Say whether a function only names a group of commands; its docstring is the help."""
    return any("attr='group'" in ast.dump(node) for node in function.decorator_list)


def _is_constant(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _raises_not_implemented(node: ast.stmt) -> bool:
    return isinstance(node, ast.Raise) and "NotImplementedError" in ast.dump(node)


def _declared_by_protocols(tree: ast.Module) -> set[int]:
    """Return the methods that only declare: those of a Protocol."""
    return {
        id(method)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.dump(b) for b in node.bases)
        for method in node.body
    }
