"""docs/scripts.md says what the file may hold, and its example is one."""

from __future__ import annotations

import re
from pathlib import Path

from bot.scripts.document import HostEntry, ParameterEntry, ScriptEntry
from bot.scripts.filling import filled
from bot.scripts.output import MOST
from bot.scripts.shelf import load
from tests.house_rules.tree import ROOT

PAGE = (ROOT / "docs/scripts.md").read_text("utf-8")


def test_the_example_is_read_and_fills_as_it_says(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "scripts.yaml"
    file.write_text(example, "utf-8")
    (tmp_path / "secrets").mkdir()
    for name in ("secrets/lab-interface-key", "secrets/pacs-viewer", "secrets/router-token"):
        (tmp_path / name).write_text("a secret of the hospital\n", "utf-8")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "hospital-ca.pem").write_text("", "utf-8")
    known = load(file, strict=True).scripts
    assert set(known) == {"restart-oru", "restart-viewer", "count-drops"}
    call = filled(known["restart-oru"], {"channel": "lab-in"})
    assert call.arguments[-1].text == "oru@lab-in.service"
    assert known["count-drops"].variables["ROUTER_TOKEN"] == "a secret of the hospital"


def test_every_key_is_named_and_the_limit_is_what_it_says() -> None:
    blocks = (ScriptEntry, HostEntry, ParameterEntry)
    keys = {key for block in blocks for key in block.model_fields}
    # A secret is best named by its file; the page shows no other way.
    named = {key for key in keys if re.search(rf"\b{key}(_file)?\b", PAGE)}
    assert named == keys
    assert MOST == 64 * 1024
