"""A LoxiLB that keeps its rules in memory and listens on a free port."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import unquote


class FakeLoxiLB:
    def __init__(self):
        self.rules = []
        self.states = {}
        self.seen = []
        self.token = None
        self.drop = 0
        self.answer = None
        self.server = HTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self.thread.start()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server.server_port

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def find(self, vip, port, protocol):
        for rule in self.rules:
            service = rule["serviceArguments"]
            if (service["externalIP"], service["port"], service["protocol"]) == (vip, port, protocol):
                return rule
        return None

    def handle(self, method, path, body):
        if self.answer is not None:
            return self.answer
        if (method, path) == ("GET", "/netlox/v1/version"):
            return 200, {"version": "0.9.8"}
        if (method, path) == ("GET", "/netlox/v1/config/loadbalancer/all"):
            return 200, {"lbAttr": self.rules}
        if (method, path) == ("GET", "/netlox/v1/config/endpoint/all"):
            attributes = [{"hostName": host, "currState": state} for host, state in self.states.items()]
            return 200, {"Attr": attributes}
        if (method, path) == ("POST", "/netlox/v1/config/loadbalancer"):
            service = body["serviceArguments"]
            if self.find(service["externalIP"], service["port"], service["protocol"]):
                return 409, {"message": "lb-rule exists"}
            self.rules.append(body)
            return 200, {"result": "Success"}
        if method == "DELETE":
            words = path.split("/")
            rule = self.find(unquote(words[6]), int(words[8]), words[10])
            if rule is None:
                return 404, {"message": "no such lb-rule"}
            self.rules.remove(rule)
            return 200, None
        return 404, {"message": "no such path"}

    def _handler(self):
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def go(self):
                fake.seen.append((self.command, self.path))
                if fake.drop:
                    fake.drop -= 1
                    self.close_connection = True
                    return
                if fake.token and self.headers.get("Authorization") != "Bearer " + fake.token:
                    return self.reply(401, {"message": "who are you?"})
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                self.reply(*fake.handle(self.command, self.path, body))

            def reply(self, status, content):
                if isinstance(content, bytes):
                    data = content
                else:
                    data = b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments):
                pass

            do_GET = do_POST = do_DELETE = go

        return Handler
