"""The formats that outputs are published in."""

DEFAULT_FORMATS = ("rss", "atom", "json", "html")
"""Those of an output that names none."""
