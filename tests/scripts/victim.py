"""A house that is killed while a script of it runs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.house import opened


async def main(settings: Path, line: str) -> None:
    """Run the script and stay."""
    async with opened(settings) as chat:
        said = await chat.say(line)
        assert said.topic, said.text
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
