"""What every test may ask for."""

from __future__ import annotations

import hypothesis

pytest_plugins = ["tests.postgres"]

# A busy machine is not a bug: no test fails for being slow.
hypothesis.settings.register_profile("wardroom", deadline=None)
hypothesis.settings.load_profile("wardroom")
