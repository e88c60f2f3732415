"""What a client of the FHIR interface relies on."""

from __future__ import annotations

import asyncio
import json
import unittest

import web
from ehr_api import FHIR, RESOURCES, capability, refusal


class Statement(unittest.TestCase):
    def test_the_statement_names_the_running_version(self) -> None:
        self.assertIn('"version": "7.8.9"', json.dumps(capability("7.8.9")))

    def test_the_statement_says_the_fhir_version_that_our_clients_speak(self) -> None:
        self.assertEqual(capability("1")["fhirVersion"], "4.0.1")

    def test_patients_can_be_searched_by_identifier(self) -> None:
        self.assertIn("identifier", RESOURCES["Patient"])

    def test_a_record_is_refused_as_an_operation_outcome(self) -> None:
        page = refusal()
        self.assertEqual((page.status, page.content_type), (401, FHIR))
        self.assertEqual(json.loads(page.body)["resourceType"], "OperationOutcome")


class Serving(unittest.IsolatedAsyncioTestCase):
    async def get(self, path: str) -> bytes:
        statement = web.json_page(capability("1"), content_type=FHIR)
        server = await web.serve({"/metadata": lambda: statement}, 0, refusal)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: ehr\r\n\r\n")
        answer = await reader.read()
        writer.close()
        server.close()
        return answer

    async def test_metadata_is_served_as_fhir_json(self) -> None:
        answer = await self.get("/metadata?mode=full")
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK"))
        self.assertIn(b"Content-Type: application/fhir+json", answer)

    async def test_a_patient_is_not_served(self) -> None:
        self.assertTrue((await self.get("/Patient")).startswith(b"HTTP/1.1 401"))


if __name__ == "__main__":
    unittest.main()
