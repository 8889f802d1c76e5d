import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))

from fake_loxilb import FakeLoxiLB  # noqa: E402


@pytest.fixture
def loxilb():
    fake = FakeLoxiLB()
    yield fake
    fake.close()


@pytest.fixture
def listener():
    """As Octavia hands it over."""
    return {
        "id": "listener-1",
        "protocol": "HTTP",
        "protocol_port": 80,
        "default_pool": {
            "id": "pool-1",
            "lb_algorithm": "ROUND_ROBIN",
            "healthmonitor": {"type": "HTTP", "delay": 5, "max_retries": 2, "url_path": "/alive"},
            "members": [
                {"id": "member-1", "address": "10.0.0.11", "protocol_port": 8080},
                {"id": "member-2", "address": "10.0.0.12", "protocol_port": 8080, "weight": 3},
            ],
        },
    }
