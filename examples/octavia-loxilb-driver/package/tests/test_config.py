import pytest

from octavia_loxilb_driver.config import Settings
from octavia_loxilb_driver.errors import DriverError


def test_defaults():
    settings = Settings.from_environment({})
    assert settings.endpoints == ["http://127.0.0.1:11111"]
    assert (settings.timeout, settings.token, settings.retries) == (10, None, 2)


def test_everything_is_read():
    settings = Settings.from_environment(
        {
            "LOXILB_ENDPOINTS": "http://a:1, https://b:2,",
            "LOXILB_TIMEOUT": "2.5",
            "LOXILB_TOKEN": "t",
            "LOXILB_RETRIES": "0",
        }
    )
    clients = settings.clients()
    assert [client.endpoint for client in clients] == ["http://a:1", "https://b:2"]
    assert (clients[0].timeout, clients[0].token, clients[0].retries) == (2.5, "t", 0)


@pytest.mark.parametrize(
    "environment",
    [
        {"LOXILB_ENDPOINTS": "ftp://a"},
        {"LOXILB_ENDPOINTS": "a:1"},
        {"LOXILB_TIMEOUT": "soon"},
        {"LOXILB_RETRIES": "-1"},
    ],
)
def test_nonsense_is_refused(environment):
    with pytest.raises(DriverError):
        Settings.from_environment(environment)
