"""Reads secrets from the files that `*_file` settings name."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from bot.documents import inner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic import BaseModel

SUFFIX = "_file"


def fill_secrets(
    data: dict[str, object], model: type[BaseModel], folder: Path, *, strict: bool
) -> dict[str, str]:
    """Put each `x_file`'s content in `x`, in place; return what is wrong, by the setting's path.

    `strict` also refuses a file that everybody on the machine can read.
    """
    problems: dict[str, str] = {}
    for block, shape, path in _blocks(data, model, ""):
        for name in shape.model_fields:
            if not name.endswith(SUFFIX) or block.get(name) is None:
                continue
            secret = name.removesuffix(SUFFIX)
            problem = _fill(block, secret, folder, strict=strict)
            if problem:
                problems[path + name] = problem
                # Something must stand there, or the block would be called half-configured too.
                block[secret] = "unread"
    return problems


def open_to_all(path: Path, *, write: bool = False) -> bool:
    """Say whether everybody on this machine may read (or change) a file."""
    return bool(path.stat().st_mode & (stat.S_IWOTH if write else stat.S_IROTH | stat.S_IWOTH))


def _fill(block: dict[str, object], secret: str, folder: Path, *, strict: bool) -> str:
    """Fill one secret; return what is wrong, or ""."""
    if block.get(secret) is not None:
        return f"{secret} is set as well; keep one of them"
    path = folder / str(block[secret + SUFFIX])
    try:
        value = path.read_text("utf-8").strip()
        if strict and open_to_all(path):
            return f"everybody on this machine can read {path}; run: chmod o-rwx {path}"
    except OSError as error:
        return (
            f"cannot read {path} ({(error.strerror or 'error').lower()}); mend the path or rights"
        )
    except UnicodeDecodeError:
        return f"{path} is not text; it should hold the secret alone"
    if not value:
        return f"{path} is empty; it should hold the secret alone"
    block[secret] = value
    return ""


def _blocks(
    data: object, model: type[BaseModel], path: str
) -> Iterator[tuple[dict[str, object], type[BaseModel], str]]:
    if not isinstance(data, dict):
        return
    yield data, model, path
    for name, field in model.model_fields.items():
        shape, value = inner(field.annotation), data.get(name)
        if shape is None or not isinstance(value, dict):
            continue
        if field.annotation == dict[str, shape]:  # type: ignore[valid-type]  # built at run time
            for key, block in value.items():
                yield from _blocks(block, shape, f"{path}{name}.{key}.")
        else:
            yield from _blocks(value, shape, f"{path}{name}.")
