"""The part of LoxiLB's REST API that a load balancer needs."""

import http.client
import json
import socket
import urllib.error
import urllib.request
from urllib.parse import quote

from octavia_loxilb_driver.errors import ApiError, Conflict, ConnectionLost, NotFound

BASE = "/netlox/v1"

KINDS = {404: NotFound, 409: Conflict}


class LoxiLBClient:
    """One LoxiLB instance."""

    def __init__(self, endpoint, timeout=10, token=None, retries=2):
        self.endpoint = endpoint.rstrip("/")
        self.timeout = timeout
        self.token = token
        self.retries = retries

    def version(self):
        return self._read("/version").get("version", "unknown")

    def rules(self):
        return self._read("/config/loadbalancer/all").get("lbAttr") or []

    def create_rule(self, rule):
        self._request("POST", "/config/loadbalancer", rule)

    def delete_rule(self, vip, port, protocol):
        path = "/config/loadbalancer/externalipaddress/%s/port/%d/protocol/%s"
        self._request("DELETE", path % (quote(vip, safe=""), port, quote(protocol, safe="")))

    def endpoint_states(self):
        """State by address, of all endpoints that LoxiLB watches."""
        found = self._read("/config/endpoint/all").get("Attr") or []
        return {one["hostName"]: one.get("currState") for one in found}

    def statistics(self, vip, port, protocol):
        for rule in self.rules():
            service = rule["serviceArguments"]
            if (service["externalIP"], service["port"], service["protocol"]) == (vip, port, protocol):
                return _sum(rule.get("endpoints") or [])
        raise NotFound(404, "no rule for %s:%d/%s" % (vip, port, protocol))

    def _read(self, path):
        """Reading changes nothing, so that it may be tried again."""
        for left in range(self.retries, -1, -1):
            try:
                return self._request("GET", path) or {}
            except ConnectionLost:
                if left == 0:
                    raise

    def _request(self, method, path, body=None):
        request = urllib.request.Request(self.endpoint + BASE + path, method=method)
        request.add_header("Accept", "application/json")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise KINDS.get(error.code, ApiError)(error.code, _message(error)) from None
        except urllib.error.URLError as error:
            raise ConnectionLost("%s: %s" % (self.endpoint, error.reason)) from None
        except socket.timeout:
            raise ConnectionLost("%s: no answer within %s s" % (self.endpoint, self.timeout)) from None
        except (http.client.HTTPException, OSError) as error:
            raise ConnectionLost("%s: %r" % (self.endpoint, error)) from None
        if not text:
            return None
        try:
            return json.loads(text.decode())
        except ValueError:
            raise ApiError(200, "an answer that is no JSON") from None


def _message(error):
    text = error.read().decode(errors="replace")
    try:
        found = json.loads(text)
    except ValueError:
        return text or error.reason
    return found.get("message", text) if isinstance(found, dict) else text


def _sum(endpoints):
    """LoxiLB counts `packets:bytes` per endpoint."""
    packets = octets = 0
    for endpoint in endpoints:
        counted = endpoint.get("counter", "0:0").split(":")
        packets += int(counted[0])
        octets += int(counted[1])
    return {"packets": packets, "bytes": octets}
