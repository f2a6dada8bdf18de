"""The raw server as a fixture; what is imported by name is in raw_server.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from raw_server import RawServer


@pytest.fixture
def server() -> Iterator[RawServer]:
    served = RawServer()
    yield served
    served.close()
