"""What a modality relies on."""

from __future__ import annotations

import unittest

from pacs import Archive, verify


class Verification(unittest.TestCase):
    def setUp(self) -> None:
        self.archive = Archive()
        self.port = self.archive.open(0)
        self.addCleanup(self.archive.close)

    def test_a_modality_is_answered_and_counted(self) -> None:
        self.assertTrue(verify(self.port))
        self.assertEqual(self.archive.counts["echoes"], 1)

    def test_it_is_answered_again_and_again(self) -> None:
        self.assertEqual([verify(self.port) for _ in range(2)], [True] * 2)


class Closed(unittest.TestCase):
    def test_a_closed_archive_does_not_answer(self) -> None:
        archive = Archive()
        port = archive.open(0)
        archive.close()
        self.assertFalse(verify(port))


if __name__ == "__main__":
    unittest.main()
