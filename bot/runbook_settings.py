"""The nightly pages of all runbooks: the block `runbooks_export` of the settings."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationInfo, field_validator

from bot.documents import Block
from bot.setting_values import reading_of

_MEND: Final = 'must be an hour and a minute on the site\'s clocks, in quotes: "02:00"'


class RunbooksExport(Block):
    """The folder that the pages are written to, and when in the night (the site's zone)."""

    folder: Path
    at: time = time(2)

    @field_validator("folder")
    @classmethod
    def _resolved(cls, value: Path, info: ValidationInfo) -> Path:
        # Whether it is there is said by doctor: a share that is away must not stop the start.
        return reading_of(info).folder / value

    @field_validator("at", mode="before")
    @classmethod
    def _is_a_time(cls, value: Any) -> time:
        # YAML reads 02:00 without quotes as a number.
        if isinstance(value, time):
            return value
        if not isinstance(value, str) or len(value) != len("02:00"):
            raise ValueError(_MEND)
        try:
            return time.fromisoformat(value)
        except ValueError:
            raise ValueError(_MEND) from None
