"""The seal on the log's head: a checkpoint that is signed inside every commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bot.audit.note import Checkpoint, Signer, VerifierKey, opened, signed, signers_named
from bot.errors import AuditUnavailable

if TYPE_CHECKING:
    from bot.audit.keys import KeyStore, PrivateKey
    from bot.audit.tree import Frontier

_LOOK: Final = "run `wardroom audit verify`"
_UNSIGNED: Final = (
    "the audit log has {size} events and no checkpoint, though its key is not new; somebody took "
    "the checkpoint away, or this log is of a version that had none: docs/operations.md (Keys) "
    "says how to tell, and when to run `wardroom audit adopt`"
)
_NO_KEY: Final = (
    "the audit log is signed, and its key is not on this machine; bring the key's file back from "
    "where you keep its copy: docs/operations.md (Keys)"
)

_ROTATED: Final = (
    "the audit log's key was rotated, and this machine still has the former one; copy the new "
    "key's file here: docs/operations.md (Keys)"
)


class Seal:
    """Signs what the log becomes, and refuses a head that it, or a twin with its key, did not sign.

    Used by one thread. A twin (another replica, the command line) may have rotated the key: the
    one that signed the head it left is the one in force.
    """

    def __init__(self, keys: KeyStore) -> None:
        self._store = keys
        self._key: PrivateKey | None = None
        self._trusted = ""

    def check(self, frontier: Frontier, note: str) -> None:
        """Raise AuditUnavailable unless this head is signed by the key in force; change nothing."""
        self._in_force(frontier, note, self._store.load())

    def prepare(self, frontier: Frontier, note: str) -> None:
        """Check a head that is about to be continued; make the first key where there is none."""
        if self._key is not None and note and note == self._trusted:
            return
        keys = self._store.load()
        key = self._in_force(frontier, note, keys)
        if key is None:
            key = self._store.make()
        elif key != keys[0]:
            self._store.promote()
        self._key, self._trusted = key, note

    def adopt(self) -> None:
        """Continue whatever head there is: somebody looked at the log and answers for it."""
        keys = self._store.load()
        self._key = keys[-1] if keys else self._store.make()

    @property
    def key(self) -> VerifierKey:
        """The key in force."""
        return self._ready().key

    def note(self, frontier: Frontier, root: bytes, *others: Signer) -> str:
        """Return the signed checkpoint of a new head; `others` sign it too."""
        key = self._ready()
        return signed(Checkpoint(key.key.name, frontier.size, root), key, *others)

    def trust(self, note: str) -> None:
        """Remember that this note is our own, committed: it need not be verified again."""
        self._trusted = note

    def _ready(self) -> PrivateKey:
        if self._key is None:
            raise AuditUnavailable("the audit log's key is not known yet")
        return self._key

    def _in_force(
        self, frontier: Frontier, note: str, keys: Sequence[PrivateKey]
    ) -> PrivateKey | None:
        """Return the key that signed the head last; None where there is none and may be one."""
        if not note:
            if frontier.size and keys:
                raise AuditUnavailable(_UNSIGNED.format(size=frontier.size))
            return keys[0] if keys else None
        if not keys:
            raise AuditUnavailable(_NO_KEY)
        try:
            checkpoint = opened(note, [each.key for each in keys])
        except ValueError as error:
            raise AuditUnavailable(
                f"the audit log's checkpoint is not what its key signed ({error}); {_LOOK}"
            ) from error
        if checkpoint != Checkpoint(keys[0].key.name, frontier.size, frontier.root()):
            raise AuditUnavailable(
                f"the audit log's checkpoint is of {checkpoint.size} events and another root than "
                f"its head of {frontier.size}; {_LOOK}"
            )
        # Where one key follows another both signed it, the new one last.
        last = signers_named(note)[-1]
        for each in keys:
            if (each.key.name, each.key.key_id) == last:
                return each
        raise AuditUnavailable(_ROTATED)
