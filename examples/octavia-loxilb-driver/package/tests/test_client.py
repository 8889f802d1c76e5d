import socket

import pytest

from octavia_loxilb_driver.client import LoxiLBClient
from octavia_loxilb_driver.errors import ApiError, Conflict, ConnectionLost, NotFound

RULE = {"serviceArguments": {"externalIP": "192.0.2.1", "port": 80, "protocol": "tcp"}, "endpoints": []}


def test_rules_come_and_go(loxilb):
    client = LoxiLBClient(loxilb.url + "/")
    client.create_rule(RULE)
    assert client.rules() == [RULE]
    client.delete_rule("192.0.2.1", 80, "tcp")
    assert client.rules() == []


def test_the_version_is_read(loxilb):
    assert LoxiLBClient(loxilb.url).version() == "0.9.8"


def test_errors_are_told_apart(loxilb):
    client = LoxiLBClient(loxilb.url)
    client.create_rule(RULE)
    with pytest.raises(Conflict):
        client.create_rule(RULE)
    with pytest.raises(NotFound) as caught:
        client.delete_rule("192.0.2.1", 81, "tcp")
    assert caught.value.message == "no such lb-rule"


def test_a_token_is_sent(loxilb):
    loxilb.token = "secret"
    assert LoxiLBClient(loxilb.url, token="secret").version() == "0.9.8"
    with pytest.raises(ApiError) as caught:
        LoxiLBClient(loxilb.url, token="wrong").version()
    assert caught.value.status == 401
    assert "secret" not in str(caught.value)


def test_ipv6_addresses_are_quoted(loxilb):
    client = LoxiLBClient(loxilb.url)
    with pytest.raises(NotFound):
        client.delete_rule("2001:db8::1", 80, "tcp")
    assert "/2001%3Adb8%3A%3A1/" in loxilb.seen[-1][1]


def test_reading_is_tried_again(loxilb):
    loxilb.drop = 2
    assert LoxiLBClient(loxilb.url, retries=2).rules() == []
    assert len(loxilb.seen) == 3


def test_reading_is_not_tried_for_ever(loxilb):
    loxilb.drop = 9
    with pytest.raises(ConnectionLost):
        LoxiLBClient(loxilb.url, retries=1).rules()
    assert len(loxilb.seen) == 2


def test_writing_is_never_tried_again(loxilb):
    loxilb.drop = 1
    with pytest.raises(ConnectionLost):
        LoxiLBClient(loxilb.url).create_rule(RULE)
    assert len(loxilb.seen) == 1


def test_nobody_there():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    with pytest.raises(ConnectionLost):
        LoxiLBClient("http://127.0.0.1:%d" % port, retries=0).version()


def test_silence_is_a_timeout():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        client = LoxiLBClient("http://127.0.0.1:%d" % listening.getsockname()[1], timeout=0.2, retries=0)
        with pytest.raises(ConnectionLost):
            client.version()


@pytest.mark.parametrize("status, content", [(200, b"<html>"), (500, b"oops"), (500, b"[1]"), (503, b"")])
def test_answers_that_are_no_json(loxilb, status, content):
    loxilb.answer = (status, content)
    with pytest.raises(ApiError) as caught:
        LoxiLBClient(loxilb.url).version()
    assert caught.value.status == status


def test_statistics_are_summed(loxilb):
    client = LoxiLBClient(loxilb.url)
    client.create_rule(dict(RULE, endpoints=[{"counter": "3:300"}, {"counter": "4:500"}, {}]))
    assert client.statistics("192.0.2.1", 80, "tcp") == {"packets": 7, "bytes": 800}
    with pytest.raises(NotFound):
        client.statistics("192.0.2.9", 80, "tcp")
