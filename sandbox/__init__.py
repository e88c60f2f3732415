"""The sandbox hospital: a small real hospital on loopback. Wardroom never imports it."""
