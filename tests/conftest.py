"""What every test may ask for."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.postgres"]

# A slow machine is no failure.
settings.register_profile("wardroom", deadline=None)
settings.load_profile("wardroom")
