"""Reads each format back, sharing no code with what writes it: values by their places."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

PAIR = re.compile(r"(?:^| )(\w+)=((?:[^\\=]|\\[\\=nr])*?)(?= \w+=|$)", re.DOTALL)
UNESCAPED = {"\\\\": "\\", "\\=": "=", "\\n": "\n", "\\r": "\r", "\\|": "|"}
HEADER = re.compile(r"<(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) - ")
Found = dict[str, list[str]]


def json_values(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value of a JSON document with its dotted path, without the places in lists."""
    if isinstance(value, Mapping):
        if "type" in value and (set(value) & {"valueString", "valueBase64Binary"}):
            text = value.get("valueString") or base64.b64decode(value["valueBase64Binary"])
            yield f"{path}[{value['type']}]", text if isinstance(text, str) else text.decode()
            return
        for key, item in value.items():
            yield from json_values(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from json_values(item, path)
    else:
        yield path, str(value)


def gathered(values: Iterator[tuple[str, str]]) -> Found:
    """Every place with all values that stand there."""
    found: Found = {}
    for path, value in values:
        found.setdefault(path, []).append(value)
    return found


def read_json(line: bytes) -> Found:
    """A line of FHIR or OCSF."""
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    return gathered(json_values(json.loads(line)))


def read_cef(line: bytes) -> Found:
    """A line of CEF, by the rules of its escapes."""
    text = line.decode()
    assert text.endswith("\n")
    assert len(text.splitlines()) == 1
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", text[:-1], maxsplit=7)
    assert parts[:3] == ["CEF:0", "Wardroom", "Wardroom"]
    assert parts[6].isdigit()
    found = {"header": [_plain(part) for part in parts[3:6]]}
    pairs = PAIR.findall(parts[7])
    assert " ".join(f"{key}={value}" for key, value in pairs) == parts[7]
    assert len({key for key, _ in pairs}) == len(pairs)
    return found | {key: [_plain(value)] for key, value in pairs}


def frames(data: bytes) -> Iterator[bytes]:
    """The syslog messages of octet-counted frames (RFC 5425, 4.3)."""
    while data:
        length, _, rest = data.partition(b" ")
        assert re.fullmatch(rb"[1-9][0-9]*", length)
        yield rest[: int(length)]
        data = rest[int(length) :]


def read_atna(message: bytes) -> tuple[Found, ET.Element]:
    """A syslog message with a DICOM audit message in it."""
    text = message.decode("utf-8")
    assert "\n" not in text
    header = HEADER.match(text)
    assert header is not None
    assert header.group(1, 4, 6) == ("85", "Wardroom", "IHE+RFC-3881")
    root = ET.fromstring(text[header.end() :])  # noqa: S314 - what we wrote ourselves
    return gathered(_xml_values(root)), root


def _xml_values(root: ET.Element) -> Iterator[tuple[str, str]]:
    for element in root.iter():
        if element.tag == "ParticipantObjectDetail":
            value = base64.b64decode(element.attrib["value"], validate=True).decode(
                "utf-8", "replace"
            )
            yield f"{element.tag}[{element.attrib['type']}]", value
            continue
        for name, value in element.attrib.items():
            yield f"{element.tag}@{name}", value
        if element.text:
            yield element.tag, element.text


def _plain(value: str) -> str:
    return re.sub(r"\\[\\=nr|]", lambda found: UNESCAPED[found[0]], value)
