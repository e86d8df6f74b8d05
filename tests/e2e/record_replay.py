#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `run --record` showed is what `replay` shows, twice over, byte for byte (health lines apart)."""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

DEMO = pathlib.Path(__file__).resolve().parent.parent / "demo" / "client.py"


def records(text):
    """Lines without health and without the line number, which counts the health lines too."""
    out = []
    for line in text.splitlines():
        event = json.loads(line)
        if event["type"] == "health":
            continue
        event.pop("seq")
        out.append(json.dumps(event, sort_keys=True))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mcpvigil", required=True)
    args = parser.parse_args()
    if os.geteuid() != 0:
        print("SKIP: capturing needs root")
        return 77
    with tempfile.TemporaryDirectory(prefix="mcpvigil-replay-") as tmp:
        capture = os.path.join(tmp, "a.mcpcap")
        monitor = subprocess.Popen(
            [args.mcpvigil, "run", "--json", "--payload", "full", "--state", ":memory:", "--record", capture],
            stdout=subprocess.PIPE, text=True)
        try:
            ready = json.loads(monitor.stdout.readline())
            if ready.get("status") != "ready":
                print(f"not ready: {ready}")
                return 1
            subprocess.run([sys.executable, str(DEMO), "--interval", "0.02", "--calls", "40"], check=True, timeout=60,
                           stdout=subprocess.DEVNULL)
            monitor.send_signal(signal.SIGINT)
            live, _ = monitor.communicate(timeout=20)
        finally:
            if monitor.poll() is None:
                monitor.kill()
                monitor.wait()
        if monitor.returncode != 0:
            print(f"mcpvigil run: exit {monitor.returncode}")
            return 1
        replays = [subprocess.run([args.mcpvigil, "replay", "--json", "--payload", "full", capture], check=True,
                                  capture_output=True, text=True, timeout=60).stdout for _ in range(2)]
    if replays[0] != replays[1]:
        print("two replays of one recording differ")
        return 1
    seen, replayed = records(live), records(replays[0])
    calls = sum('"type": "call"' in line for line in seen)
    for i, (a, b) in enumerate(zip(seen, replayed)):
        if a != b:
            print(f"record {i} differs\nlive:   {a}\nreplay: {b}")
            return 1
    if len(seen) != len(replayed) or calls < 40:
        print(f"{len(seen)} records live, {len(replayed)} replayed, {calls} calls (expected at least 40)")
        return 1
    print(f"{len(seen)} records, {calls} calls: live and two replays agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
