"""What probes have found before: kept, drawn as a trend, and told of where it turns."""

from __future__ import annotations
