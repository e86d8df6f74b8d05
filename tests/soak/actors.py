# SPDX-License-Identifier: Apache-2.0
"""Short-lived MCP clients, servers and noise for the soak, each started as a process: actors.py ROLE ARGS...

An MCP client starts its server, makes CALLS calls, each with a token nobody else uses, and ends both in an orderly way.
Every actor prints what it did as one JSON line when it ends in an orderly way; one that was killed prints nothing.
Standard library only."""

import http.client
import http.server
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time

REVISION = "2025-11-25"


def text(**message):
    return json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode()


def answer(message):
    """The reply to a request; None for a notification."""
    if "id" not in message:
        return None
    method = message["method"]
    if method == "initialize":
        result = {"protocolVersion": REVISION, "capabilities": {"tools": {}}, "serverInfo": {"name": "soak", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [{"name": "echo", "description": "Gives it back.", "inputSchema": {"type": "object"}}]}
    else:
        result = {"content": [{"type": "text", "text": message["params"]["arguments"]["token"] + "#" + "z" * message["params"]["arguments"]["size"]}]}
    return text(id=message["id"], result=result)


def requests(token, calls):
    """What a client sends: (is it a request?, message)."""
    yield True, {"id": 0, "method": "initialize", "params": {
        "protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": token, "version": "1"}}}
    yield False, {"method": "notifications/initialized", "params": {"_meta": {"soak": token}}}
    yield True, {"id": 1, "method": "tools/list", "params": {"_meta": {"soak": token}}}
    for i in range(calls):
        size = random.choice([1, 40, 400, 3000, 70_000])
        yield True, {"id": 2 + i, "method": "tools/call", "params": {
            "name": "echo", "arguments": {"token": f"{token}:{i}", "size": size, "fill": "y" * random.choice([0, 50, 2000, 20_000])}}}


def tell(**what):
    print(json.dumps(what), flush=True)


# ---- stdio: two pipes, or one socket pair as node makes them -------------------------------------------------------


def server():
    while line := sys.stdin.buffer.readline():
        reply = answer(json.loads(line))
        if reply is not None:
            sys.stdout.buffer.write(reply + b"\n")
            sys.stdout.buffer.flush()


def client_stdio(kind, token, calls, pause):
    program = [sys.executable, "-S", os.path.abspath(__file__), "server"]
    if kind == "pipe":
        process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        to, back = process.stdin, process.stdout
    else:
        mine, theirs = socket.socketpair()
        process = subprocess.Popen(program, stdin=theirs, stdout=theirs)
        theirs.close()
        to, back = mine.makefile("wb"), mine.makefile("rb")
    requested = notified = 0
    for wants, message in requests(token, calls):
        to.write(text(**message) + b"\n")
        to.flush()
        if wants:
            requested += 1
            if not back.readline():
                raise SystemExit(1)
        else:
            notified += 1
        if pause:
            time.sleep(pause)
    if kind == "pipe":
        to.close()
    else:
        to.flush()
        mine.shutdown(socket.SHUT_WR)
    process.wait()
    tell(client=os.getpid(), server=process.pid, messages=2 * requested + notified, calls=requested)


# ---- HTTP ----------------------------------------------------------------------------------------------------------


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        reply = answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if reply is None:
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        events = "text/event-stream" in self.headers.get("Accept", "") and len(reply) % 2
        body = b"event: message\ndata: " + reply + b"\n\n" if events else reply
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if events else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def server_http():
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(listener.server_port, flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()  # ends with its client
    listener.serve_forever()


def client_http(token, calls, pause):
    process = subprocess.Popen([sys.executable, os.path.abspath(__file__), "server-http"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    port = int(process.stdout.readline())
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
               "MCP-Protocol-Version": REVISION}
    requested = notified = 0
    for wants, message in requests(token, calls):
        if random.random() < 0.1:
            connection.close()  # the next request opens another
        connection.request("POST", "/mcp", text(**message), headers)
        connection.getresponse().read()
        requested, notified = requested + wants, notified + (not wants)
        if pause:
            time.sleep(pause)
    connection.close()
    process.stdin.close()
    process.wait()
    tell(client=os.getpid(), server=process.pid, messages=2 * requested + notified, calls=requested)


# ---- not MCP -------------------------------------------------------------------------------------------------------


def noise(kind):
    if kind == "pipeline":
        subprocess.run("for i in 1 2 3 4 5; do seq 1 2000 | sort -r | uniq | wc -l; ls -l /usr/bin | grep a | head -20; done", shell=True,
                       stdout=subprocess.DEVNULL)
    elif kind == "bigpipe":
        subprocess.run("head -c 30000000 /dev/urandom | cat | tail -c 10000000 | wc -c", shell=True, stdout=subprocess.DEVNULL)
    elif kind == "jsonlog":
        reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for i in range(3000):
            reader.stdin.write(json.dumps({"level": "info", "msg": f"request {i}", "method": "GET", "id": i}).encode() + b"\n")
            if i % 10 == 0:
                reader.stdin.flush()
        reader.stdin.close()
        reader.wait()
    else:  # another JSON-RPC
        reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for i in range(200):
            body = text(id=i, method="textDocument/hover", params={"position": {"line": i, "character": 0}})
            reader.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            reader.stdin.flush()
        reader.stdin.close()
        reader.wait()


def main():
    role, *rest = sys.argv[1:]
    if role == "server":
        server()
    elif role == "server-http":
        server_http()
    elif role == "noise":
        noise(rest[0])
    elif role == "http":
        client_http(rest[0], int(rest[1]), float(rest[2]))
    else:
        client_stdio(role, rest[0], int(rest[1]), float(rest[2]))


if __name__ == "__main__":
    main()
