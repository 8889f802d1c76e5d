import pytest

from octavia_loxilb_driver.errors import UnsupportedOption
from octavia_loxilb_driver.models import HealthMonitor, Listener, Member, Pool


def test_a_listener_becomes_a_rule(listener):
    rule = Listener.from_octavia("192.0.2.10", listener).to_loxilb()
    assert rule["serviceArguments"] == {
        "externalIP": "192.0.2.10",
        "port": 80,
        "protocol": "tcp",
        "name": "listener-1",
        "sel": 0,
        "monitor": True,
        "probetype": "http",
        "probeTimeout": 5,
        "probeRetries": 2,
        "probereq": "/alive",
    }
    assert [one["endpointIP"] for one in rule["endpoints"]] == ["10.0.0.11", "10.0.0.12"]


def test_weights_are_passed_on(listener):
    rule = Listener.from_octavia("192.0.2.10", listener).to_loxilb()
    assert [one["weight"] for one in rule["endpoints"]] == [1, 3]


def test_disabled_members_get_no_traffic(listener):
    listener["default_pool"]["members"][0]["admin_state_up"] = False
    rule = Listener.from_octavia("192.0.2.10", listener).to_loxilb()
    assert [one["endpointIP"] for one in rule["endpoints"]] == ["10.0.0.12"]


def test_a_listener_without_a_pool_has_no_endpoints():
    data = {"id": "x", "protocol": "UDP", "protocol_port": 53}
    rule = Listener.from_octavia("2001:db8::1", data).to_loxilb()
    assert rule["endpoints"] == []
    assert "sel" not in rule["serviceArguments"]


@pytest.mark.parametrize("protocol", ["TERMINATED_HTTPS", "PROXY", "QUIC"])
def test_protocols_that_loxilb_does_not_speak_are_refused(protocol):
    with pytest.raises(UnsupportedOption):
        Listener.from_octavia("192.0.2.10", {"id": "x", "protocol": protocol, "protocol_port": 80})


def test_algorithms_that_loxilb_does_not_have_are_refused():
    with pytest.raises(UnsupportedOption):
        Pool.from_octavia({"id": "x", "lb_algorithm": "SOURCE_IP_PORT"})


def test_monitors_that_loxilb_does_not_have_are_refused():
    with pytest.raises(UnsupportedOption):
        HealthMonitor.from_octavia({"type": "TLS-HELLO"})


def test_a_tcp_monitor_has_no_path():
    assert "probereq" not in HealthMonitor.from_octavia({"type": "TCP", "url_path": "/x"}).to_loxilb()


@pytest.mark.parametrize("bad", [0, 65536, -1, "80", None])
def test_ports_out_of_range_are_refused(bad):
    with pytest.raises(UnsupportedOption):
        Member.from_octavia({"id": "x", "address": "10.0.0.1", "protocol_port": bad})


@pytest.mark.parametrize("bad", ["", "example.org", "10.0.0.256", "10.0.0.1/24"])
def test_what_is_no_address_is_refused(bad):
    with pytest.raises(UnsupportedOption):
        Member.from_octavia({"id": "x", "address": bad, "protocol_port": 80})
