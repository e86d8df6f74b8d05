#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Watches a host on which processes come and go for minutes, and then counts: every message of every pair that ended in
an orderly way once, nothing lost, memory flat, the ledger whole, nothing left in the kernel. Root; see README.md."""

import argparse
import collections
import datetime
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ACTORS = HERE / "actors.py"
GROWTH_MIB = 10  # after a fifth of the time
AT_ONCE = 6
KILLED = 0.1  # of the MCP pairs
NOISE = ["pipeline", "bigpipe", "jsonlog", "lsp"]


# ---- actors --------------------------------------------------------------------------------------------------------


class Actors:
    """Keeps a few running at a time. Each is a process group of its own, so that nothing of it stays."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.running, self.orderly, self.failed = {}, [], []
        self.count = collections.Counter()

    def one(self):
        kind = self.random.choices(["pipe", "socketpair", "http", "noise"], [4, 3, 2, 2])[0]
        self.count[kind] += 1
        if kind == "noise":
            argv = ["noise", self.random.choice(NOISE)]
            deadline = None
        else:
            calls, pause = self.random.choice([3, 10, 40]), self.random.choice([0, 0, 0.01, 0.05])
            argv = [kind, f"soak-{sum(self.count.values())}", calls, pause]
            deadline = time.monotonic() + self.random.uniform(0.05, 1.5) if self.random.random() < KILLED else None
        process = subprocess.Popen([sys.executable, str(ACTORS), *map(str, argv)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self.running[process] = (kind, deadline, time.monotonic(), time.time())

    def kill(self, process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def step(self, more):
        for process, (kind, deadline, began, launched) in list(self.running.items()):
            if process.poll() is None:
                if deadline is not None and time.monotonic() > deadline:
                    self.kill(process)
                    self.count["killed"] += 1
                elif time.monotonic() - began > 60:
                    self.failed.append(f"{kind} {process.pid} took more than 60 s")
                    self.kill(process)
                else:
                    continue
            said, complained = process.communicate()
            self.kill(process)  # what a killed client left behind
            del self.running[process]
            if kind != "noise" and said:
                self.orderly.append({"kind": kind, "launched": launched, **json.loads(said)})
            elif kind != "noise" and process.returncode >= 0:
                self.failed.append(f"{kind} {process.pid} exited {process.returncode}: {complained.decode()[-300:]}")
        while more and len(self.running) < AT_ONCE:
            self.one()

    def end(self):
        for process in self.running:
            self.kill(process)
            process.communicate()
        self.running.clear()


# ---- the monitor ---------------------------------------------------------------------------------------------------


class Seen:
    def __init__(self):
        self.messages = collections.Counter()  # (direction, kind, id, method) -> lines
        self.calls = 0


class Monitor:
    """Reads its lines as they come, keeps counts: minutes of lines would fill a disk."""

    def __init__(self, binary):
        self.pairs = collections.defaultdict(dict)  # (client pid, server pid) -> client's start -> Seen
        self.last, self.losses, self.findings, self.bad = {}, [], collections.Counter(), []
        self.gaps = 0
        self.ready = threading.Event()
        self.log = tempfile.TemporaryFile()
        # A file in memory, not a pipe: the monitor must not see itself talk through this very program.
        self.lines = tempfile.NamedTemporaryFile(dir="/dev/shm", prefix="mcpvigil-soak-")
        self.process = subprocess.Popen([binary, "run", "--json", "--state", ":memory:"], stdin=subprocess.DEVNULL,
                                        stdout=self.lines, stderr=self.log, start_new_session=True)
        self.ended = False
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        rest, at = b"", 0
        with open(self.lines.name, "rb") as lines:
            while True:
                ended = self.ended
                data = lines.read(1 << 20)
                if data:
                    *whole, rest = (rest + data).split(b"\n")
                    for line in whole:
                        self.take(line)
                    at += len(data)
                    punch(self.lines.fileno(), at)
                elif ended:
                    return
                else:
                    time.sleep(0.1)

    def take(self, line):
        try:
            e = json.loads(line)
        except ValueError:
            self.bad.append(line[:200])
            return
        kind = e["type"]
        if kind in ("message", "call"):
            of_pids = self.pairs[e["client"].get("pid"), e["server"].get("pid")]
            seen = of_pids.setdefault(e["client"].get("start"), Seen())
            m = e["mcp"]
            if kind == "call":
                seen.calls += 1
                return
            seen.messages[m["direction"], m["kind"], m["id"], m["method"]] += 1
            self.gaps += bool(e["gap"])
        elif kind == "loss":
            self.losses.append(e)
        elif kind == "finding":
            self.findings[e["kind"]] += 1
        elif kind == "health":
            self.last = e
            self.ready.set()

    def seen_of(self, pair):
        """What was seen of a pair: pids come round again in minutes, so the client's start counts too."""
        whole = Seen()
        for start, seen in self.pairs.get((pair["client"], pair["server"]), {}).items():
            if start and abs(datetime.datetime.fromisoformat(start[:19] + "+00:00").timestamp() - pair["launched"]) < 5:
                whole.messages += seen.messages
                whole.calls += seen.calls
        return whole

    def rss(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def stop(self):
        at = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        took = time.monotonic() - at
        self.ended = True
        self.reader.join()
        return code, took

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.ended = True


def punch(fd, upto):
    """Gives back the memory of what was read: fallocate(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)."""
    libc = punch.libc
    libc.fallocate(fd, 3, 0, upto & ~4095)


def load_libc():
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return libc


punch.libc = load_libc()


# ---- what the kernel holds -----------------------------------------------------------------------------------------


def kernel_objects():
    """id -> what, of programs, maps and links; None without bpftool."""
    found = {}
    for what in ("prog", "map", "link"):
        try:
            listed = json.loads(subprocess.run(["bpftool", what, "list", "--json"], check=True, capture_output=True, text=True).stdout)
        except (OSError, subprocess.CalledProcessError, ValueError):
            return None
        for entry in listed:
            found[what, entry["id"]] = f"{what} {entry['id']} {entry.get('name') or entry.get('type')}"
    return found


def left_over(before):
    """Objects that were not there before and that no living process holds: another monitor may run on this host."""
    for _ in range(20):  # the kernel frees them a little later
        now = kernel_objects()
        new = {k: v for k, v in now.items() if k not in before}
        if not new:
            return []
        time.sleep(0.5)
    return [v for k, v in new.items() if not owners(k)]


def owners(key):
    """Whether a living process holds this object: another monitor on this host, say."""
    what, number = key
    field = {"prog": "prog_id", "map": "map_id", "link": "link_id"}[what]
    for info in Path("/proc").glob("[0-9]*/fdinfo/*"):
        try:
            if f"{field}:\t{number}\n" in info.read_text():
                return True
        except OSError:
            continue
    return False


def stopped_processes():
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if stat.read_text().rpartition(")")[2].split()[0] in ("T", "t"):
                found.add(int(stat.parent.name))
        except OSError:
            continue
    return found


# ---- run -----------------------------------------------------------------------------------------------------------


def judge(options, actors, monitor, rss, before, stopped, code, stop_seconds):
    problems = list(actors.failed)
    expected = seen = called = calls = twice = 0
    for pair in actors.orderly:
        name = f"{pair['kind']} client {pair['client']} server {pair['server']}"
        got = monitor.seen_of(pair)
        expected += pair["messages"]
        seen += got.messages.total()
        calls += pair["calls"]
        called += got.calls
        again = [k for k, n in got.messages.items() if n > 1]
        twice += len(again)
        if again:
            problems.append(f"{name}: seen more than once: {again[:3]}")
        if got.messages.total() != pair["messages"]:
            problems.append(f"{name}: {got.messages.total()} messages seen, {pair['messages']} sent")
        elif got.calls != pair["calls"]:
            problems.append(f"{name}: {got.calls} calls seen, {pair['calls']} made")

    health = monitor.last
    bytes_ = health.get("bytes", {})
    if code != 0:
        monitor.log.seek(0)
        problems.append(f"mcpvigil exited {code}: {monitor.log.read().decode(errors='replace')[-500:]}")
    if stop_seconds > 5:  # only against hanging: tests/bench measures it
        problems.append(f"mcpvigil took {stop_seconds:.1f} s to end")
    if health.get("status") != "ended":
        problems.append("no final health line")
    if bytes_.get("lost") != {}:
        problems.append(f"lost: {bytes_.get('lost')}")
    if monitor.losses:
        problems.append(f"{len(monitor.losses)} loss lines, the first {json.dumps(monitor.losses[0])}")
    if bytes_.get("pending") != 0:
        problems.append(f"pending: {bytes_.get('pending')}")
    told = bytes_.get("parsed", 0) + bytes_.get("pending", 0) + sum(bytes_.get("skipped", {}).values()) + sum(bytes_.get("lost", {}).values())
    if told != bytes_.get("seen"):
        problems.append(f"the ledger does not add up: {bytes_}")
    if monitor.bad:
        problems.append(f"{len(monitor.bad)} lines are not JSON, the first {monitor.bad[0]!r}")

    warm = [mib for at, mib in rss if at >= options.minutes * 60 * 0.2]
    growth = (max(warm[-5:]) - max(warm[:5])) if len(warm) > 5 else 0.0
    if growth > GROWTH_MIB:
        problems.append(f"memory grew by {growth:.1f} MiB")
    leftovers = left_over(before) if before is not None else []
    problems += [f"left in the kernel: {x}" for x in leftovers]
    still = sorted(stopped_processes() - stopped)
    problems += [f"stopped process: {x}" for x in still]

    print(f"{options.minutes:g} minutes, {sum(actors.count[k] for k in ('pipe', 'socketpair', 'http', 'noise'))} actors: {dict(actors.count)}")
    print(f"orderly pairs {len(actors.orderly)}: messages {seen:,} of {expected:,}, calls {called:,} of {calls:,}, twice {twice}, "
          f"with a gap {monitor.gaps}")
    print(f"host: {health.get('messages', 0):,} messages, {health.get('streams', 0):,} streams, bytes {json.dumps(bytes_)}")
    if rss:
        print(f"memory: {rss[0][1]:.1f} MiB at first, {warm[0] if warm else 0:.1f} after a fifth, {rss[-1][1]:.1f} at the end, "
              f"peak {max(m for _, m in rss):.1f}, growth {growth:+.1f}; ended in {stop_seconds:.2f} s; findings {dict(monitor.findings)}")
    print("kernel: " + ("not looked at, no bpftool" if before is None else f"{len(leftovers)} objects left") + f"; {len(still)} stopped processes")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mcpvigil", default="build/release/mcpvigil", help="the binary under test")
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("MCPVIGIL_SOAK_MINUTES", "10")),
                        help="how long (10, or $MCPVIGIL_SOAK_MINUTES)")
    parser.add_argument("--seed", type=int, default=1, help="of the order of actors (1)")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("SKIP: capturing needs root")
        return 77
    before, stopped = kernel_objects(), stopped_processes()
    monitor, actors, rss = Monitor(options.mcpvigil), Actors(options.seed), []
    try:
        if not monitor.ready.wait(30):
            monitor.kill()
            monitor.log.seek(0)
            print(f"soak.py: mcpvigil did not get ready: {monitor.log.read().decode(errors='replace')}", file=sys.stderr)
            return 1
        began = time.monotonic()
        next_look, next_word = 0.0, 60.0
        while (passed := time.monotonic() - began) < options.minutes * 60 and monitor.process.poll() is None:
            actors.step(more=True)
            if passed >= next_look:
                rss.append((passed, monitor.rss()))
                next_look += 2
            if passed >= next_word:
                print(f"{passed / 60:.0f} min: {len(actors.orderly)} pairs, {rss[-1][1]:.1f} MiB", flush=True)
                next_word += 60
            time.sleep(0.02)
        limit = time.monotonic() + 70
        while actors.running and time.monotonic() < limit:
            actors.step(more=False)
            time.sleep(0.02)
        time.sleep(2)
        if monitor.process.poll() is None:
            rss.append((time.monotonic() - began, monitor.rss()))
        code, stop_seconds = monitor.stop()
    finally:
        actors.end()
        monitor.kill()
    problems = judge(options, actors, monitor, rss, before, stopped, code, stop_seconds)
    for problem in problems[:30]:
        print(f"FAIL {problem}")
    if len(problems) > 30:
        print(f"and {len(problems) - 30} more")
    print("soak: " + ("FAILED" if problems else "ok"))
    return 1 if problems else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
