import pytest

from fake_loxilb import FakeLoxiLB
from octavia_loxilb_driver import LoxiLBDriver
from octavia_loxilb_driver.errors import NotFound

VIP = "192.0.2.10"


@pytest.fixture
def pair(loxilb):
    second = FakeLoxiLB()
    yield loxilb, second
    second.close()


@pytest.fixture
def driver(pair):
    urls = ",".join(one.url for one in pair)
    return LoxiLBDriver.from_environment({"LOXILB_ENDPOINTS": urls})


def test_a_listener_stands_on_every_instance(driver, pair, listener):
    driver.listener_create(VIP, listener)
    assert pair[0].rules == pair[1].rules
    assert len(pair[0].rules) == 1


def test_creating_twice_ends_in_the_same_state(driver, pair, listener):
    driver.listener_create(VIP, listener)
    driver.listener_create(VIP, listener)
    assert [len(one.rules) for one in pair] == [1, 1]


def test_an_update_replaces(driver, pair, listener):
    driver.listener_create(VIP, listener)
    listener["default_pool"]["members"].pop()
    driver.listener_update(VIP, listener)
    assert [len(one.rules[0]["endpoints"]) for one in pair] == [1, 1]


def test_deleting_what_is_gone_is_no_error(driver, pair, listener):
    driver.listener_create(VIP, listener)
    driver.listener_delete(VIP, listener)
    driver.listener_delete(VIP, listener)
    assert [one.rules for one in pair] == [[], []]


def test_statistics_of_all_instances(driver, pair, listener):
    driver.listener_create(VIP, listener)
    for one in pair:
        one.rules[0]["endpoints"][0]["counter"] = "1:64"
    assert driver.statistics(VIP, listener) == {"packets": 2, "bytes": 128}
    driver.listener_delete(VIP, listener)
    with pytest.raises(NotFound):
        driver.statistics(VIP, listener)


def test_the_worst_view_counts(driver, pair, listener):
    pair[0].states = {"10.0.0.11": "ok", "10.0.0.12": "ok"}
    pair[1].states = {"10.0.0.11": "ok", "10.0.0.12": "nok"}
    states = driver.states(VIP, [listener])
    assert states == {
        "members": {"member-1": "ONLINE", "member-2": "ERROR"},
        "pools": {"pool-1": "DEGRADED"},
        "load_balancer": "DEGRADED",
    }


def test_members_without_a_monitor_or_switched_off(driver, listener):
    listener["default_pool"]["healthmonitor"] = None
    listener["default_pool"]["members"][1]["admin_state_up"] = False
    states = driver.states(VIP, [listener, {"id": "y", "protocol": "TCP", "protocol_port": 22}])
    assert states["members"] == {"member-1": "NO_MONITOR", "member-2": "OFFLINE"}
    assert states["load_balancer"] == "ONLINE"
