"""The HTTP API (design, section 7)."""
