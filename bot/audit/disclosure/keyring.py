"""The file of the keys that seal the openings: beside the audit key, and never with the database.

A destroyed key is gone from the file, so that a copy of the database made before says no more than
the database itself. It is a copy of this file that would: see docs/redaction.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shlex
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.audit.disclosure.tree import KEY_SIZE, ROOT, KeyTree
from bot.errors import AuditUnavailable

_FORMAT: Final = "wardroom-openings/1"
_MODE: Final = 0o600


@dataclass(frozen=True)
class Keys:
    """What the file holds: trees by their id, and the id of the one that seals now."""

    current: str
    trees: Mapping[str, KeyTree]


@dataclass
class KeyRing:
    """The keys in a file, which is made when it is first needed; may be used from any thread."""

    file: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _seen: tuple[int, int, int] = field(default=(0, 0, 0), repr=False)
    _keys: Keys | None = field(default=None, repr=False)

    def load(self) -> Keys:
        """Return the keys as the file has them now; AuditUnavailable where they cannot be had."""
        with self._lock:
            try:
                now = self.file.stat()
            except FileNotFoundError:
                self._keys = self._made()
                return self._keys
            except OSError as error:
                raise _unusable(self.file, error) from error
            seen = (now.st_ino, now.st_mtime_ns, now.st_size)
            if self._keys is None or seen != self._seen:
                self._keys, self._seen = _read(self.file), seen
            return self._keys

    def destroy(self, wanted: Iterable[tuple[str, str]]) -> bool:
        """Destroy keys, each named by its tree and its path; say whether one was still there.

        The bytes of the file before are overwritten; AuditUnavailable where that fails.
        """
        with self._lock, _alone(self.file):
            keys = _read(self.file)
            trees = dict(keys.trees)
            for name, path in wanted:
                if name in trees:
                    trees[name] = trees[name].without(path)
            if trees == keys.trees:
                return False
            try:
                _replace(self.file, Keys(keys.current, trees))
            except OSError as error:
                raise _unusable(self.file, error) from error
            self._keys = None
            return True

    def _made(self) -> Keys:
        name = secrets.token_hex(4)
        keys = Keys(name, {name: KeyTree({ROOT: secrets.token_bytes(KEY_SIZE)})})
        draft = self.file.with_name(f"{self.file.name}.{secrets.token_hex(4)}")
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(draft, keys)
            with contextlib.suppress(FileExistsError):
                os.link(draft, self.file)  # another process may have been faster
            draft.unlink()
            _sync(self.file.parent)
        except OSError as error:
            raise _unusable(self.file, error) from error
        return _read(self.file)


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Hold the file's folder: no other process changes the file meanwhile."""
    try:
        descriptor = os.open(file.parent, os.O_RDONLY)
    except OSError as error:
        raise _unusable(file, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(file: Path, keys: Keys) -> None:
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    with file.open("r+b") as before:
        _write(draft, keys)
        draft.replace(file)
        _sync(file.parent)
        # Nothing names the bytes of before any more; now they are not there either.
        before.write(bytes(os.fstat(before.fileno()).st_size))
        before.flush()
        os.fsync(before.fileno())


def _read(file: Path) -> Keys:
    try:
        mode = file.stat().st_mode
        whole = json.loads(file.read_text("ascii"))
        trees = {
            name: KeyTree({path: _key(node) for path, node in nodes.items()})
            for name, nodes in whole["trees"].items()
        }
        keys = Keys(whole["current"], trees)
        is_known = whole["format"] == _FORMAT and keys.current in trees
    except OSError as error:
        raise _unusable(file, error) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unusable(file, None) from error
    if not is_known:
        raise _unusable(file, None)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AuditUnavailable(
            "others on this machine can read the keys of the audit log's openings; run: chmod 600 "
            f"{shlex.quote(str(file))}"
        )
    return keys


def _key(text: str) -> bytes:
    key = bytes.fromhex(text)
    if len(key) != KEY_SIZE:
        raise ValueError("a key of another size")
    return key


def _write(file: Path, keys: Keys) -> None:
    trees = {
        name: {path: node.hex() for path, node in sorted(tree.nodes.items())}
        for name, tree in keys.trees.items()
    }
    whole = {"format": _FORMAT, "current": keys.current, "trees": trees}
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(descriptor, "wb") as out:
        out.write(json.dumps(whole).encode("ascii") + b"\n")
        out.flush()
        os.fsync(out.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(file: Path, error: OSError | None) -> AuditUnavailable:
    why = (error.strerror or "error").lower() if error else "it holds no keys of openings"
    return AuditUnavailable(
        f"cannot use the keys of the audit log's openings in {file}: {why}; mend its rights, or "
        "bring the file back from where you keep its copy (docs/redaction.md)"
    )
