"""What the listener must answer."""

from __future__ import annotations

import asyncio
import unittest

import mllp
from lab_results import Laboratory

RESULT = (
    "MSH|^~\\&|LIS|LAB|EHR|HOSP|20260301080000||ORU^R01|C-17|T|2.5.1\r"
    "PID|1||ZZTEST0007^^^HOSP^MR||ZZTEST^PATIENT\r"
    "OBR|1||S-1|24323-8^Metabolic panel^LN\r"
    "OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L|3.5-5.1|N|||F\r"
)


def verdict(acknowledgement: str) -> list[str]:
    return acknowledgement.split("\r")[1].split("|")


class Acknowledgements(unittest.TestCase):
    def setUp(self) -> None:
        self.laboratory = Laboratory()

    def test_a_whole_result_is_accepted_and_its_control_id_echoed(self) -> None:
        self.assertEqual(verdict(self.laboratory.answer(RESULT)), ["MSA", "AA", "C-17"])
        self.assertEqual(self.laboratory.counts["AA"], 1)

    def test_sender_and_receiver_change_places(self) -> None:
        header = self.laboratory.answer(RESULT).split("\r")[0].split("|")
        self.assertEqual(header[2:6], ["EHR", "HOSP", "LIS", "LAB"])
        self.assertEqual(header[8], "ACK^R01")

    def test_a_result_without_observations_is_an_error(self) -> None:
        text = "\r".join(RESULT.split("\r")[:3])
        self.assertEqual(verdict(self.laboratory.answer(text))[1], "AE")

    def test_a_patient_who_is_not_synthetic_is_an_error(self) -> None:
        self.assertEqual(verdict(self.laboratory.answer(RESULT.replace("ZZTEST", "X")))[1], "AE")

    def test_an_order_is_rejected(self) -> None:
        text = RESULT.replace("ORU^R01", "ORM^O01")
        self.assertEqual(verdict(self.laboratory.answer(text))[1], "AR")

    def test_an_unknown_version_is_rejected(self) -> None:
        self.assertEqual(verdict(self.laboratory.answer(RESULT.replace("|2.5.1", "|9")))[1], "AR")

    def test_anything_that_is_no_message_is_rejected(self) -> None:
        for text in ("", "hello", "PID|1", "MSH", "\r\r"):
            with self.subTest(text=text):
                self.assertEqual(verdict(self.laboratory.answer(text))[1], "AR")


class Listening(unittest.IsolatedAsyncioTestCase):
    async def test_a_message_over_the_wire_is_acknowledged(self) -> None:
        server = await mllp.listen(Laboratory().answer, 0)
        port = server.sockets[0].getsockname()[1]
        self.assertEqual(verdict(await mllp.send(RESULT, port))[1], "AA")
        server.close()

    async def test_a_caller_that_does_not_speak_mllp_is_hung_up_on(self) -> None:
        server = await mllp.listen(Laboratory().answer, 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.0\x1c\r")
        self.assertEqual(await reader.read(), b"")
        writer.close()
        server.close()


if __name__ == "__main__":
    unittest.main()
