"""The sandbox's scripts are read as any site's are, and do what they say."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from bot.model.scripts import Reach
from bot.scripts.filling import filled
from bot.scripts.shelf import load
from sandbox import scripts
from sandbox.layout import Layout


def test_files_that_are_put_into_the_drop_folder_are_counted(tmp_path: Path) -> None:
    layout, file = Layout(tmp_path), tmp_path / "scripts.yaml"
    scripts.write(layout)
    file.write_text(json.dumps(scripts.declared(layout, {"portal": {}})), "utf-8")
    known = load(file, strict=True).scripts
    assert {script.reach for script in known.values()} == {Reach.LOCAL}

    def run(name: str, **values: str) -> str:
        words = [one.text for one in filled(known[name], values).arguments]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    assert run("count-drops") == "waiting=0\n"
    assert "/radiology-" in run("put-drop", sender="radiology")
    assert run("count-drops") == "waiting=1\n"
