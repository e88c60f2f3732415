"""What the feed must keep: order, and every message until it was taken."""

from __future__ import annotations

import datetime as dt
import itertools
import tempfile
import unittest
from pathlib import Path

import mllp
from adt_feed import Feed, verdict
from adt_messages import PATIENTS, stays
from backups import Backups
from outbound import Outbound

MORNING = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)


def messages(count: int) -> list[str]:
    return list(itertools.islice(stays(lambda: MORNING), count))


def field(message: str, segment: str, number: int) -> str:
    found = next(line for line in message.split("\r") if line.startswith(segment))
    return found.split("|")[number]


class Messages(unittest.TestCase):
    def test_every_patient_is_synthetic(self) -> None:
        for message in messages(3 * PATIENTS):
            self.assertTrue(field(message, "PID", 3).startswith("ZZTEST"))

    def test_nobody_is_discharged_before_being_admitted(self) -> None:
        seen: dict[str, str] = {}
        for message in messages(2 * PATIENTS):
            patient, event = field(message, "PID", 3), field(message, "EVN", 1)
            self.assertEqual(event, "A03" if patient in seen else "A01")
            seen[patient] = event

    def test_control_ids_are_unique(self) -> None:
        ids = [field(message, "MSH", 9) for message in messages(300)]
        self.assertEqual(len(set(ids)), 300)


class Queue(unittest.TestCase):
    def test_messages_survive_a_restart_in_their_order(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "outbound.sqlite"
            first = Outbound(path)
            for body in ("one", "two"):
                first.put(body)
            first.close()
            second = Outbound(path)
            self.assertEqual(second.depth(), 2)
            self.assertEqual(second.next(), (1, "one"))
            second.close()


class Copies(unittest.TestCase):
    def test_a_copy_is_the_queue_as_it_was_and_says_when_it_was_finished(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path, copy = Path(folder) / "outbound.sqlite", Path(folder) / "backup" / "copy.sqlite"
            backups = Backups(path, copy)
            self.assertIsNone(backups.finished())
            queue = Outbound(path)
            queue.put("one")
            backups.make()
            queue.put("two")
            saved = Outbound(copy)
            self.assertEqual((queue.depth(), saved.depth()), (2, 1))
            saved.close()
            queue.close()
            finished = dt.datetime.fromisoformat(str(backups.finished()))
            self.assertLess(abs(dt.datetime.now(dt.UTC) - finished), dt.timedelta(minutes=5))


class Sending(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.queue = Outbound(":memory:")
        self.taken: list[str] = []
        self.code = "AA"
        self.server = await mllp.listen(self.acknowledge, 0)
        self.feed = Feed(self.queue, self.server.sockets[0].getsockname()[1])

    async def asyncTearDown(self) -> None:
        self.server.close()
        self.queue.close()

    def acknowledge(self, message: str) -> str:
        self.taken.append(message)
        return f"MSH|^~\\&\rMSA|{self.code}|1\r"

    async def test_messages_leave_in_their_order(self) -> None:
        sent = messages(3)
        for message in sent:
            self.feed.add(message)
            await self.feed.send_one()
        self.assertEqual(self.taken, sent)
        self.assertEqual(self.queue.depth(), 0)

    async def test_a_message_stays_while_nobody_answers(self) -> None:
        self.server.close()
        self.feed.add(messages(1)[0])
        self.assertFalse(await self.feed.send_one())
        self.assertEqual(self.queue.depth(), 1)

    async def test_a_refused_message_is_set_aside_and_does_not_block_the_next(self) -> None:
        for message in messages(2):
            self.feed.add(message)
        self.code = "AE"
        await self.feed.send_one()
        self.code = "AA"
        await self.feed.send_one()
        self.assertEqual((self.queue.depth(), self.queue.refused(), self.feed.sent), (0, 1, 1))

    def test_an_answer_without_a_verdict_is_no_acknowledgement(self) -> None:
        with self.assertRaises(ValueError):
            verdict("MSH|^~\\&\r")


if __name__ == "__main__":
    unittest.main()
