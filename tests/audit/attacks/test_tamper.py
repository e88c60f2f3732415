"""Every attack on an export, by its name, and what the verifier says of it.

Column A is what an auditor sees who has the export, its checkpoint and the log's public key, and
nothing else: five attacks pass, for whoever has the key, or an older copy, can make another log
that verifies. Column B is one checkpoint more, kept elsewhere: none passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.audit import verify
from tests.audit.bundles import OTHER, Bundle, Log, bodies, kept

SIZE = 3_000
OLDER = 2_000
LOG = Log(bodies(SIZE))
NOTE = LOG.note()
KEPT = kept(LOG)
WHILE_YOUNGER = kept(LOG, OLDER)
CLONE = LOG.with_bodies([*LOG.bodies[:OLDER], *bodies(SIZE, "clone ")[OLDER:]])
FORGED = b'"text":"forged'

Forge = Callable[[Path], Bundle]


@dataclass(frozen=True)
class Attack:
    """What somebody does, and the verdicts with the checkpoint alone and with one kept elsewhere.

    No verdict is `passes`. The first kept checkpoint is of the log's full size, the second younger.
    """

    name: str
    forge: Forge
    alone: frozenset[str]
    beside: frozenset[str]


def attack(name: str, forge: Forge, alone: str, beside: str) -> Attack:
    return Attack(name, forge, frozenset(alone.split()), frozenset(beside.split()))


def events(change: Callable[[list[bytes]], Iterable[bytes]], **said: int) -> Forge:
    """Change the events of an export, and make its manifest describe them; sign nothing."""

    def forge(file: Path) -> Bundle:
        bundle = Bundle.of(LOG.with_bodies(change(list(LOG.bodies))), file, NOTE)
        bundle.describe(**said)
        return bundle

    return forge


def only_events(change: Callable[[list[bytes]], Iterable[bytes]]) -> Forge:
    """Change the events of an export alone."""

    def forge(file: Path) -> Bundle:
        bundle = Bundle.of(LOG, file)
        bundle.write(change(list(LOG.bodies)))
        return bundle

    return forge


def exported(log: Log, note: bytes | None = None) -> Forge:
    """Export another log instead."""
    return lambda file: Bundle.of(log, file, note)


def edited(seq: int) -> Callable[[list[bytes]], list[bytes]]:
    def change(log: list[bytes]) -> list[bytes]:
        log[seq - 1] = log[seq - 1].replace(b'"text":"n', FORGED)
        assert FORGED in log[seq - 1]
        return log

    return change


def renumbered(log: Iterable[bytes]) -> list[bytes]:
    """Give every event the number of its place."""
    parts = [body.split(b'"seq":', 1) for body in log]
    return [
        b'%s"seq":%d%s' % (before, seq, after[after.index(b",") :])
        for seq, (before, after) in enumerate(parts, 1)
    ]


def inserted(log: list[bytes]) -> list[bytes]:
    return renumbered([*log[:100], log[100].replace(b'"text":"n', FORGED), *log[100:]])


def swapped(log: list[bytes]) -> list[bytes]:
    return [*log[:100], log[101], log[100], *log[102:]]


REWRITTEN = LOG.with_bodies(edited(7)(list(LOG.bodies)))
AFTER_THE_ANCHOR = LOG.with_bodies(edited(OLDER + 7)(list(LOG.bodies)))
SHORT = LOG.with_bodies(LOG.bodies[:2_500])

ATTACKS = [
    attack("edit body", only_events(edited(7)), "ROOT FILE", "ROOT FILE FORK"),
    attack("edit body and its hashes", events(edited(7)), "ROOT FILE", "ROOT FILE FORK"),
    attack("edit last row", events(edited(SIZE)), "ROOT FILE", "ROOT FILE FORK"),
    attack(
        "delete middle",
        only_events(lambda log: log[:100] + log[101:]),
        "SIZE FILE",
        "SIZE FILE ROLLBACK",
    ),
    attack(
        "delete and renumber",
        events(lambda log: renumbered(log[:100] + log[101:])),
        "SIZE FILE",
        "SIZE FILE ROLLBACK",
    ),
    attack("insert and renumber", events(inserted), "SIZE FILE", "SIZE FILE FORK"),
    attack("reorder", events(swapped), "SIZE ROOT FILE", "SIZE ROOT FILE FORK"),
    attack(
        "reorder and renumber",
        events(lambda log: renumbered(swapped(log))),
        "ROOT FILE",
        "ROOT FILE FORK",
    ),
    attack("duplicate at tail", events(lambda log: [*log, log[-1]]), "SIZE FILE", "SIZE FILE"),
    attack("truncate 500 rows", events(lambda log: log[:2_500]), "SIZE FILE", "SIZE FILE ROLLBACK"),
    attack("truncate to an older signed checkpoint", exported(SHORT), "", "ROLLBACK"),
    attack(
        "swap file for an older copy", exported(LOG.with_bodies(LOG.bodies[:OLDER])), "", "ROLLBACK"
    ),
    attack(
        "rewrite, sign with another key",
        exported(replace(REWRITTEN, key=OTHER)),
        "SIGNATURE",
        "SIGNATURE FORK",
    ),
    attack("rewrite, sign with the stolen key", exported(REWRITTEN), "", "FORK"),
    attack("drop tail, sign with the stolen key", exported(SHORT), "", "ROLLBACK"),
    attack("fork of a restored clone, both signed", exported(CLONE), "", "FORK"),
    attack(
        "take the checkpoint of another size",
        exported(LOG, LOG.note(OLDER)),
        "SIZE FILE",
        "SIZE FILE",
    ),
]
"""The attacks; `edit body and its hashes` also edits what an export has beside the events."""

every_attack = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


def test_the_log_itself_is_whole_and_complete(tmp_path: Path) -> None:
    findings = Bundle.of(LOG, tmp_path / "log").verified(KEPT, WHILE_YOUNGER)
    assert (findings.ok, findings.names, findings.exit_code) == (True, [], verify.WHOLE)
    assert (findings.anchored, findings.unanchored) == (SIZE, None)


@every_attack
def test_with_the_checkpoint_and_the_public_key_alone(attack: Attack, tmp_path: Path) -> None:
    findings = attack.forge(tmp_path / "log").verified()
    assert set(findings.names) == attack.alone
    assert findings.exit_code == (verify.NOT_WHOLE if attack.alone else verify.WHOLE)
    said = verify.report(findings)[1]
    assert said.startswith("completeness: UNANCHORED 1..")
    assert said.endswith("nothing kept elsewhere was given to compare with")


@every_attack
def test_with_one_checkpoint_kept_elsewhere(attack: Attack, tmp_path: Path) -> None:
    findings = attack.forge(tmp_path / "log").verified(KEPT)
    assert set(findings.names) == attack.beside
    assert findings.exit_code == verify.NOT_WHOLE


@every_attack
def test_no_attack_is_ever_both_whole_and_complete_beside_an_older_checkpoint(
    attack: Attack, tmp_path: Path
) -> None:
    findings = attack.forge(tmp_path / "log").verified(WHILE_YOUNGER)
    # The copy that is exactly as old as what was kept is all that was vouched for: it is complete.
    is_that_old = attack.name == "swap file for an older copy"
    assert (findings.exit_code == verify.WHOLE) == is_that_old


def test_a_rewrite_after_the_last_anchor_is_an_unanchored_window(tmp_path: Path) -> None:
    findings = Bundle.of(AFTER_THE_ANCHOR, tmp_path / "log").verified(WHILE_YOUNGER)
    assert (findings.ok, findings.exit_code) == (True, verify.UNANCHORED)
    assert (findings.anchored, findings.unanchored) == (OLDER, (OLDER + 1, SIZE))
    assert verify.report(findings)[1] == (
        "completeness: UNANCHORED 2001..3000: the first 2000 are those kept elsewhere"
    )


def test_a_rewrite_before_the_last_anchor_is_a_fork_at_its_size(tmp_path: Path) -> None:
    findings = Bundle.of(REWRITTEN, tmp_path / "log").verified(KEPT)
    assert findings.problems == [f"the first {SIZE} events are not those that were noted"]


def test_the_log_of_another_name_is_a_fork_though_its_events_are_the_same(tmp_path: Path) -> None:
    twin = replace(LOG, origin="clinic.example/audit")
    findings = Bundle.of(twin, tmp_path / "log").verified(KEPT)
    assert findings.names == ["FORK"]


def test_an_export_without_its_checkpoint_is_signed_by_nobody(tmp_path: Path) -> None:
    bundle = Bundle.of(REWRITTEN, tmp_path / "log")
    bundle.checkpoint.unlink()
    assert bundle.verified().names == ["SIGNATURE"]
    assert verify.verify_file(bundle.file).ok, "nobody asked who signed it"


def test_a_checkpoint_of_a_size_that_its_key_may_not_sign_is_refused(tmp_path: Path) -> None:
    bundle = Bundle.of(LOG, tmp_path / "log")
    key = str(LOG.key.key)
    assert bundle.verified(keys=[f"{key}@1..{SIZE}"]).ok
    for sizes in (f"..{SIZE - 1}", f"{SIZE + 1}..", f"{SIZE + 1}..{SIZE + 9}", "0..0"):
        findings = bundle.verified(keys=[f"{key}@{sizes}"])
        assert findings.names == ["SIGNATURE"]
        assert f"may not sign a log of {SIZE} events" in findings.problems[0]


def test_a_retired_key_may_sign_again_only_what_it_could(tmp_path: Path) -> None:
    old, new = f"{LOG.key.key}@..{OLDER}", f"{OTHER.key}@{OLDER + 1}.."
    by_new = replace(LOG, key=OTHER)
    assert Bundle.of(by_new, tmp_path / "new").verified(keys=[old, new]).ok
    assert Bundle.of(LOG, tmp_path / "old").verified(keys=[old, new]).names == ["SIGNATURE"]


# --- hostile bodies ----------------------------------------------------------------------------

HOSTILE = {
    "duplicate keys": b'{"seq":7,"seq":8,"text":"n7","v":1}',
    "NUL": b'{"seq":7,"text":"a\\u0000b","v":1}',
    "a raw NUL": b'{"seq":7,"text":"a\x00b","v":1}',
    "a lone surrogate": b'{"seq":7,"text":"\\ud800","v":1}',
    "2^53 + 1": b'{"seq":7,"text":"n7","v":9007199254740993}',
    "NaN": b'{"seq":7,"text":"n7","v":NaN}',
    "1e400": b'{"seq":7,"text":"n7","v":1e400}',
    "10 MB of text": b'{"seq":7,"text":"%s","v":1.0}' % (b"x" * 10_000_000),
    "another order": b'{"v":1,"seq":7,"text":"n7"}',
    "white space": b'{"seq": 7,"text":"n7","v":1}',
    "a deep nest": b'{"seq":7,"text":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a long number": b'{"seq":7,"text":%s}' % (b"9" * 5_000),
    "no object": b"7",
    "not UTF-8": b'{"seq":7,"text":"\xff"}',
}
hostile = pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
SMALL = Log(LOG.bodies[:40])


def with_hostile(body: bytes) -> Log:
    return SMALL.with_bodies([*SMALL.bodies[:6], body, *SMALL.bodies[7:]])


@hostile
def test_a_hostile_body_in_the_place_of_an_event_is_found(body: bytes, tmp_path: Path) -> None:
    bundle = Bundle.of(SMALL, tmp_path / "log")
    bundle.write(with_hostile(body).bodies)
    bundle.describe()
    assert "ROOT" in bundle.verified().names


@hostile
def test_a_hostile_body_that_was_signed_is_found_when_each_is_read(
    body: bytes, tmp_path: Path
) -> None:
    bundle = Bundle.of(with_hostile(body), tmp_path / "log")
    assert bundle.verified().ok, "it is what was signed"
    findings = bundle.verified(reads_each=True)
    assert "FORM" in findings.names
    assert findings.first_bad == 7


def test_an_event_that_gives_itself_another_number_is_found_when_each_is_read(
    tmp_path: Path,
) -> None:
    odd = SMALL.bodies[6].replace(b'"seq":7,', b'"seq":9,')
    findings = Bundle.of(with_hostile(odd), tmp_path / "log").verified(reads_each=True)
    assert not findings.ok
    assert findings.first_bad == 7


def test_no_event_of_ours_is_odd(tmp_path: Path) -> None:
    assert Bundle.of(SMALL, tmp_path / "log").verified(reads_each=True).ok
