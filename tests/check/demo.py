#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demonstration pair of scripts/quickstart speaks MCP, ends when its watcher ends, and leaves nobody behind."""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

DEMO = Path(__file__).resolve().parents[1] / "demo"


def ask(*messages):
    lines = "".join((m if isinstance(m, str) else json.dumps({"jsonrpc": "2.0", **m})) + "\n" for m in messages)
    run = subprocess.run([sys.executable, DEMO / "server.py"], input=lines, capture_output=True, text=True, timeout=20, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_server_answers_as_the_protocol_says():
    hello = {"id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {}}}
    answers = ask(
        hello, {"method": "notifications/initialized"}, {"id": "two", "method": "tools/list"}, {"id": 3, "method": "none"},
        "not json", {"id": 4, "method": "tools/call", "params": {"name": "none"}}, {"id": 5, "method": "ping"})
    assert [a["id"] for a in answers] == [1, "two", 3, None, 4, 5], answers
    assert answers[0]["result"]["protocolVersion"] == "2025-11-25"
    assert all(t["inputSchema"]["type"] == "object" for t in answers[1]["result"]["tools"])
    assert [a["error"]["code"] for a in answers[2:5]] == [-32601, -32700, -32602]


def test_client_calls_every_tool():
    run = subprocess.run([sys.executable, DEMO / "client.py", "--calls", "4", "--interval", "0"], capture_output=True, text=True,
                         timeout=20)
    assert run.returncode == 0, run.stderr
    assert "demo-notes speaks 2025-11-25" in run.stdout and "math.add: 42" in run.stdout, run.stdout
    assert "notes.read: error:" in run.stdout, run.stdout


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def gone(pid, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


def test_pair_ends_with_the_watcher():
    watcher = subprocess.Popen(["sleep", "60"])
    client = subprocess.Popen([sys.executable, DEMO / "client.py", "--until-pid", str(watcher.pid), "--interval", "60"],
                              stdout=subprocess.PIPE)
    try:
        client.stdout.readline()  # the server has answered
        (server,) = children(client.pid)
        watcher.kill()  # no farewell
        watcher.wait()
        assert client.wait(timeout=5) == 0
        assert gone(int(server)), f"server {server} lives on"
    finally:
        for process in (watcher, client):
            if process.poll() is None:
                process.kill()


if __name__ == "__main__":
    if not hasattr(os, "pidfd_open"):
        print("skip: Python is older than 3.9")
        sys.exit(77)
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(f"{name}: ok")
