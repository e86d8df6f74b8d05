#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small MCP client (revision 2025-11-25): starts the server beside it over pipes and calls its tools in turn.

Standard library only. Goes on until --calls are made, the process of --until-pid has ended, or it is told to stop.
"""
import argparse
import itertools
import json
import os
import select
import signal
import subprocess
import sys
import time

CALLS = [
    ("notes.search", {"word": "the"}),
    ("notes.read", {"title": "release"}),
    ("math.add", {"a": 19, "b": 23}),
    ("notes.read", {"title": "missing"}),  # a tool error, so that one shows
]


class Connection:
    def __init__(self, process):
        self.process = process
        self.ids = itertools.count(1)

    def send(self, message):
        line = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":"))
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def request(self, method, params):
        number = next(self.ids)
        self.send({"id": number, "method": method, "params": params})
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
        raise EOFError(f"the server ended before it answered {method}")


class Lifetime:
    """Says when to stop; sleeps no longer than that. A pidfd names one process for good: its id may be used again."""

    def __init__(self, pid):
        self.wake_read, self.wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.ends = [self.wake_read]
        if pid is not None:
            self.ends.append(os.pidfd_open(pid))
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)

    def stop(self, *_):
        os.write(self.wake_write, b"x")

    def sleep(self, seconds):
        """False when it is time to end."""
        return not select.select(self.ends, [], [], seconds)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interval", type=float, default=2.0, help="seconds between calls (2)")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds to wait before the server is started (0)")
    parser.add_argument("--calls", type=int, help="end after so many calls")
    parser.add_argument("--until-pid", type=int, help="end when this process has ended")
    options = parser.parse_args()

    try:
        lifetime = Lifetime(options.until_pid)
    except ProcessLookupError:
        return 0
    if not lifetime.sleep(options.delay):
        return 0
    command = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "server.py")]
    # A process group of its own: Ctrl-C is for the watcher, the server ends when its input does.
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    try:
        connection = Connection(server)
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "demo-agent", "version": "1.0.0"}}
        agreed = connection.request("initialize", hello)
        connection.send({"method": "notifications/initialized"})
        tools = connection.request("tools/list", {})["tools"]
        print(f"{agreed['serverInfo']['name']} speaks {agreed['protocolVersion']}: {', '.join(t['name'] for t in tools)}")
        calls = itertools.cycle(CALLS) if options.calls is None else itertools.islice(itertools.cycle(CALLS), options.calls)
        for name, arguments in calls:
            result = connection.request("tools/call", {"name": name, "arguments": arguments})
            print(f"{name}: {'error: ' if result.get('isError') else ''}{result['content'][0]['text']}", flush=True)
            if not lifetime.sleep(options.interval):
                break
    finally:
        server.stdin.close()
        try:
            server.wait(timeout=2)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, EOFError, BrokenPipeError) as error:
        sys.exit(f"{os.path.basename(__file__)}: {error}")
