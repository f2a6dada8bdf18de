"""Feed aggregator and republisher."""

__version__ = "0.1.0"
