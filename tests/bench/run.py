#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures mcpvigil on this host and says which marks it reaches. Builds nothing; root. See README.md."""

import argparse
import contextlib
import json
import os
import platform
import re
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
SECTIONS = ["host", "roundtrip", "live", "replay", "memory", "start", "stop", "https", "variants"]
MESSAGE = b'"type":"message"'
READY = b'"status":"ready"'

rows = []
started = []  # processes of ours that may still run


# ---- processes -----------------------------------------------------------------------------------------------------


def start(argv, **kwargs):
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    process = subprocess.Popen([str(a) for a in argv], **kwargs)
    started.append(process)
    return process


def end(process):
    if process.poll() is None:
        process.kill()
    process.wait()
    if process in started:
        started.remove(process)


def output(*argv, timeout=300):
    return subprocess.run([str(a) for a in argv], check=True, capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL).stdout


class Monitor:
    """mcpvigil run --json; its lines go to a file in memory, or nowhere."""

    def __init__(self, options, *extra, keep=False):
        self.lines = tempfile.NamedTemporaryFile(dir="/dev/shm", prefix="mcpvigil-bench-") if keep else None
        self.log = tempfile.TemporaryFile()
        self.began = time.monotonic()
        argv = [options.mcpvigil, "run", "--json", "--state", ":memory:", *extra]
        self.process = start(argv, stdout=self.lines or subprocess.DEVNULL, stderr=self.log)
        # Attached once the program is there; a second more for the streams that are already open.
        self.settle(options)

    def settle(self, options):
        limit = time.monotonic() + 20
        while time.monotonic() < limit and self.process.poll() is None:
            if self.lines:
                with open(self.lines.name, "rb") as lines:
                    if READY in lines.readline():
                        break
            elif time.monotonic() - self.began > options.settle:
                break
            time.sleep(0.02)
        if self.process.poll() is not None:
            self.log.seek(0)
            raise SystemExit(f"run.py: mcpvigil ended: {self.log.read().decode(errors='replace')}")
        if self.lines:
            time.sleep(0.5)

    def status(self, key):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
        return 0.0

    def stop(self):
        """Seconds from SIGINT to the end."""
        at = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        took = time.monotonic() - at
        end(self.process)
        return took

    def read(self):
        """Every line; ends with the last health record."""
        with open(self.lines.name, "rb") as lines:
            yield from lines

    def health(self):
        with open(self.lines.name, "rb") as lines:
            lines.seek(max(0, os.path.getsize(self.lines.name) - 65536))
            last = lines.read().splitlines()[-1]
        record = json.loads(last)
        return record if record.get("status") == "ended" else {}


@contextlib.contextmanager
def watching(options, *extra, keep=False):
    monitor = Monitor(options, *extra, keep=keep)
    try:
        yield monitor
        if monitor.process.poll() is None:
            monitor.stop()
    finally:
        end(monitor.process)
        if monitor.lines:
            monitor.lines.close()
        monitor.log.close()


# ---- rows ----------------------------------------------------------------------------------------------------------


def spread(values, form="{:.2f}"):
    return f"{form.format(statistics.median(values))} ({form.format(min(values))}–{form.format(max(values))})"


def row(section, what, figure, mark="", ok=None, **data):
    rows.append({"section": section, "what": what, "figure": figure, "mark": mark, "pass": ok, **data})
    print(f"  {what:58} {figure:34} {mark:12} {'' if ok is None else 'pass' if ok else 'MISS'}", flush=True)


def foreign_monitors():
    """Programs on sys_exit that are not ours would spoil the ratios."""
    try:
        programs = json.loads(output("bpftool", "prog", "list", "--json"))
    except (OSError, subprocess.CalledProcessError, ValueError):
        return 0
    return sum("sys_exit" in p.get("name", "") for p in programs)


def wait_for_quiet(seconds=60):
    limit = time.monotonic() + seconds
    while foreign_monitors() and time.monotonic() < limit:
        time.sleep(1)
    return not foreign_monitors()


# ---- host cost -----------------------------------------------------------------------------------------------------

WORKLOADS = [("getppid", "unrelated system calls", 2_000_000, 1.10), ("fileread", "file reads", 1_000_000, 1.25),
             ("pipe", "non-MCP pipe traffic", 300_000, 1.50)]


def host_cost(options):
    calls = options.bench / "bench_calls"
    took = {name: {"bare": [], "empty": [], "monitor": []} for name, *_ in WORKLOADS}
    disturbed = 0
    for _ in range(options.rounds):
        wait_for_quiet()
        one = {}
        for name, _, n, _ in WORKLOADS:
            one[name] = [float(output(calls, name, n)), float(output(calls, "empty-hook", name, n))]
        if foreign_monitors():
            disturbed += 1
        with watching(options):
            for name, _, n, _ in WORKLOADS:
                one[name].append(float(output(calls, name, n)))
            disturbed += foreign_monitors() > 1
        for name, *_ in WORKLOADS:
            for kind, value in zip(("bare", "empty", "monitor"), one[name]):
                took[name][kind].append(value)
    if disturbed:
        print(f"  ({disturbed} of {options.rounds} rounds disturbed by other monitors on this host)")
    for name, what, _, mark in WORKLOADS:
        t = took[name]
        ratios = [m / e for m, e in zip(t["monitor"], t["empty"])]
        row("host", f"{what}: ns bare / empty hook / watched",
            " / ".join(f"{statistics.median(t[k]):.0f}" for k in ("bare", "empty", "monitor")), ns=t)
        ratio = statistics.median(t["monitor"]) / statistics.median(t["empty"])
        row("host", f"{what}: watched / empty hook", f"{ratio:.2f}× ({min(ratios):.2f}–{max(ratios):.2f})", f"≤ {mark}×",
            ratio <= mark, ratio=ratio)


# ---- round trip ----------------------------------------------------------------------------------------------------


def round_trip(options):
    cache = options.e2e
    server = ["node", cache / "node-v1" / "server.mjs", "stdio"]
    pairs = [
        ("py-v1 client, node-v1 server (pipes)",
         [cache / "py-v1/bin/python", HERE / "sdk_loop.py", options.calls, "--", *server], 3.0),
        ("node-v1 client and server (socket pairs)",
         ["node", HERE / "sdk_loop.mjs", cache / "node-v1", options.calls * 2, "--", *server], None),
    ]
    missing = [str(p) for p in (cache / "py-v1/bin/python", cache / "node-v1/server.mjs") if not p.exists()]
    if missing:
        row("roundtrip", f"skipped: {', '.join(missing)} missing (tests/e2e/setup fast)", "")
        return
    took = [{"without": [], "with": []} for _ in pairs]
    # ABBA: a host that speeds up or slows down during a round favours neither.
    for i in range(options.rounds):
        wait_for_quiet()
        for watched in (False, True) if i % 2 == 0 else (True, False):
            with watching(options) if watched else contextlib.nullcontext():
                for (_, argv, _), t in zip(pairs, took):
                    t["with" if watched else "without"].append([float(x) for x in output(*argv).split()])
    for (what, _, mark), t in zip(pairs, took):
        for which, name in ((0, "median"), (1, "mean")):
            without, watched = ([x[which] for x in t[k]] for k in ("without", "with"))
            added = [(w / o - 1) * 100 for w, o in zip(watched, without)]
            value = (statistics.median(watched) / statistics.median(without) - 1) * 100
            judged = mark is not None and which == 0
            row("roundtrip", f"{what}: {name}, µs without / with",
                f"{statistics.median(without):.0f} / {statistics.median(watched):.0f}", us={"without": without, "with": watched})
            row("roundtrip", f"{what}: added to the {name}", f"{value:+.1f} % ({min(added):+.1f}–{max(added):+.1f})",
                f"≤ {mark:.0f} %" if judged else "", value <= mark if judged else None, percent=value)


# ---- live ----------------------------------------------------------------------------------------------------------


def seen_of(monitor, pid):
    mark = f'"pid":{pid},'.encode()
    return sum(MESSAGE in line and mark in line for line in monitor.read())


def live_once(options, argv, expected):
    with watching(options, keep=True) as monitor:
        workload = start(argv, stdout=subprocess.PIPE, text=True)
        said, _ = workload.communicate(timeout=300)
        end(workload)
        time.sleep(1)
        drained = monitor.stop()
        health = monitor.health()
        return {"said": float(said), "sent": expected, "seen": seen_of(monitor, workload.pid), "drain_s": drained,
                "lost": health.get("bytes", {}).get("lost"), "pending": health.get("bytes", {}).get("pending"),
                "skipped": health.get("bytes", {}).get("skipped")}


def live(options):
    calls = options.bench / "bench_calls"
    best = 0
    for rate in (20_000, 50_000, 100_000, 0):
        n = (rate or 200_000) * options.seconds
        got = live_once(options, [calls, "mcp-stream", n, 1024, rate], n + 1)
        if got["lost"] or got["seen"] != got["sent"]:  # once more: it may have been the neighbours
            got = live_once(options, [calls, "mcp-stream", n, 1024, rate], n + 1)
        whole = got["lost"] == {} and got["seen"] == got["sent"]
        if whole:
            best = max(best, got["said"])
        name = f"{rate:,}/s" if rate else "unpaced"
        row("live", f"one way, 1 KiB, {name}: reached, seen / sent, lost",
            f"{got['said']:,.0f}/s, {got['seen']:,} / {got['sent']:,}, {json.dumps(got['lost'])}",
            "0 lost" if rate == 20_000 else "", whole if rate == 20_000 else None, rate=rate, **got)
    row("live", "one way, 1 KiB: highest rate without loss", f"{best:,.0f} messages/s", "≥ 20,000/s", best >= 19_000, rate=best)
    n = 20_000 * options.seconds // 2
    got = live_once(options, [calls, "mcp-pingpong", n, 1024], 2 * n + 1)
    row("live", "ping-pong, 1 KiB both ways: messages/s, seen / sent, lost",
        f"{2e9 / got['said']:,.0f}/s, {got['seen']:,} / {got['sent']:,}, {json.dumps(got['lost'])}", "",
        None, **got)


# ---- replay --------------------------------------------------------------------------------------------------------


def replay(options):
    for size, n, mark, unit in ((1024, 1_000_000, 200_000, "messages/s"), (1 << 20, 1_000, 500, "MB/s"),
                                (64 << 10, 10_000, None, "MB/s")):
        values, texts = [], []
        for _ in range(3):
            text = output(options.bench / "bench_replay", size, n)
            values.append(float(re.search(rf"(\d+) {unit}", text).group(1)))
            texts.append(text.strip())
        value = statistics.median(values)
        row("replay", f"replay on one core, {size >> 10:,} KiB messages", spread(values, "{:,.0f}") + f" {unit}",
            f"≥ {mark:,}" if mark else "", value >= mark if mark else None, values=values, texts=texts)


# ---- memory --------------------------------------------------------------------------------------------------------

# Holds N streams with a child that has the other ends; every stream carries a handshake and CALLS calls.
HOLDER = r"""
import json, os, resource, select, socket, sys
kind, n, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
pairs = []
for _ in range(n):
    if kind == "pipes":
        (sr, cw), (cr, sw) = os.pipe(), os.pipe()
    else:
        a, b = socket.socketpair()
        cr = cw = a.detach()
        sr = sw = b.detach()
    pairs.append((cr, cw, sr, sw))
def put(fd, **m):
    os.write(fd, json.dumps({"jsonrpc": "2.0", **m}, separators=(",", ":")).encode() + b"\n")
hello = {"protocolVersion": "2025-11-25", "capabilities": {}}
child = os.fork()
if child == 0:
    for cr, cw, sr, sw in pairs:
        os.close(cr)
        if cw != cr: os.close(cw)
    poll, by = select.epoll(), {}
    for cr, cw, sr, sw in pairs:
        poll.register(sr, select.EPOLLIN)
        by[sr] = sw
    while by:
        for fd, _ in poll.poll():
            data = os.read(fd, 65536)
            if not data:
                poll.unregister(fd)
                del by[fd]
            for line in data.splitlines():
                m = json.loads(line)
                if m["method"] == "initialize":
                    put(by[fd], id=m["id"], result={**hello, "serverInfo": {"name": f"s{fd}", "version": "1"}})
                else:
                    put(by[fd], id=m["id"], result={"content": [{"type": "text", "text": "x" * 500}]})
    os._exit(0)
for cr, cw, sr, sw in pairs:
    os.close(sr)
    if sw != sr: os.close(sw)
def ask(cr, cw, **m):
    put(cw, **m)
    data = b""
    while not data.endswith(b"\n"):
        data += os.read(cr, 65536)
for cr, cw, *_ in pairs:
    ask(cr, cw, id=0, method="initialize", params={**hello, "clientInfo": {"name": "holder", "version": "1"}})
for i in range(calls):
    for cr, cw, *_ in pairs:
        ask(cr, cw, id=i + 1, method="tools/call", params={"name": f"tool{i}", "arguments": {"text": "y" * 500}})
print(n * 2 * (calls + 1), flush=True)
sys.stdin.read()
"""


def memory(options):
    idle = []
    with watching(options, keep=True) as monitor:
        time.sleep(10)
        idle = [monitor.status("VmRSS"), monitor.status("VmHWM"), monitor.status("RssAnon"), monitor.status("RssFile"),
                monitor.status("RssShmem")]
    row("memory", "idle after 10 s: RSS (anonymous + files + shared), peak",
        f"{idle[0]:.1f} MiB ({idle[2]:.1f} + {idle[3]:.1f} + {idle[4]:.1f}), {idle[1]:.1f}", "≤ 30 MiB", idle[0] <= 30, mib=idle)
    for kind, n, streams in (("pipes", 500, "1,000 pipes of 500 pairs"), ("sockets", 1000, "1,000 socket pairs")):
        with watching(options, keep=True) as monitor:
            holder = start([sys.executable, "-c", HOLDER, kind, n, 5], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            sent = int(holder.stdout.readline() or 0)
            time.sleep(2)
            rss = [monitor.status(k) for k in ("VmRSS", "VmHWM", "RssAnon", "RssFile", "RssShmem")]
            holder.communicate(timeout=60)
            end(holder)
            time.sleep(0.5)
            monitor.stop()
            seen = seen_of(monitor, holder.pid)
            lost = monitor.health().get("bytes", {}).get("lost")
        row("memory", f"{streams}: RSS (anonymous + files + shared), peak",
            f"{rss[0]:.1f} MiB ({rss[2]:.1f} + {rss[3]:.1f} + {rss[4]:.1f}), {rss[1]:.1f}", "≤ 64 MiB", rss[0] <= 64 and sent > 0, mib=rss)
        row("memory", f"{streams}: messages seen / sent, lost", f"{seen:,} / {sent:,}, {json.dumps(lost)}", "all",
            seen == sent > 0 and lost == {}, seen=seen, sent=sent)


# ---- start and stop ------------------------------------------------------------------------------------------------

SLEEPER = "import os, time; ends = [os.pipe() for _ in range(4)]; print(1, flush=True); time.sleep(3600)"
CHATTER = r"""
import json, os, sys, time
(sr, cw), (cr, sw) = os.pipe(), os.pipe()
if os.fork() == 0:
    os.close(cw); os.close(cr)
    while data := os.read(sr, 65536):
        for line in data.splitlines():
            m = json.loads(line)
            os.write(sw, json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": {"content": [{"type": "text", "text": "tock"}]}}).encode() + b"\n")
    os._exit(0)
os.close(sr); os.close(sw)
i = 0
while True:
    i += 1
    os.write(cw, json.dumps({"jsonrpc": "2.0", "id": i, "method": "tools/call", "params": {"name": "tick", "arguments": {}}}).encode() + b"\n")
    os.read(cr, 65536)
    if i == 1: print(1, flush=True)
    time.sleep(0.005)
"""


@contextlib.contextmanager
def crowd(count):
    people = []
    try:
        for _ in range(count):
            people.append(start([sys.executable, "-S", "-c", SLEEPER], stdout=subprocess.PIPE))
        people.append(start([sys.executable, "-S", "-c", CHATTER], stdout=subprocess.PIPE))
        for p in people:
            p.stdout.readline()
        yield people[-1]
    finally:
        for p in people:
            p.kill()
        for p in people:
            end(p)
            p.stdout.close()


def first_message(options, chatter, *extra):
    """Seconds from exec to the ready line, to the first message line and, after SIGINT, to the end."""
    mark = f'"pid":{chatter.pid},'.encode()
    at = time.monotonic()
    monitor = start([options.mcpvigil, "run", "--json", "--state", ":memory:", *extra], stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL)
    ready = first = None
    limit = at + 30
    rest = b""
    while first is None and time.monotonic() < limit:
        if not select.select([monitor.stdout], [], [], 1)[0]:
            continue
        data = os.read(monitor.stdout.fileno(), 1 << 20)
        now = time.monotonic() - at
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if ready is None and READY in line:
                ready = now
            if MESSAGE in line and mark in line:
                first = now
                break
    stop = time.monotonic()
    monitor.send_signal(signal.SIGINT)
    monitor.communicate(timeout=60)
    stop = time.monotonic() - stop
    end(monitor)
    return ready, first, stop


def start_stop(options):
    figures = {"tls": [], "no tls": []}
    with crowd(300) as chatter:
        processes = sum(name.isdigit() for name in os.listdir("/proc"))
        for _ in range(max(5, options.rounds)):
            figures["tls"].append(first_message(options, chatter))
            figures["no tls"].append(first_message(options, chatter, "--no-tls"))
    for name, got in figures.items():
        if any(f is None for _, f, _ in got):
            row("start", f"{processes} processes, {name}: no message in 30 s", "", "≤ 1 s", False)
            continue
        firsts, readies, stops = ([g[i] for g in got] for i in (1, 0, 2))
        row("start", f"{processes} processes, {name}: exec to first message", spread(firsts) + " s", "≤ 1 s",
            statistics.median(firsts) <= 1, seconds=firsts)
        row("start", f"{processes} processes, {name}: exec to ready line", spread(readies) + " s", seconds=readies)
        row("stop", f"{processes} processes, {name}: Ctrl-C at once to the end", spread(stops) + " s", "< 1 s", max(stops) < 1,
            seconds=stops)


def stop(options):
    for name, extra in (("tls", []), ("no tls", ["--no-tls"])):
        took = []
        for _ in range(3):
            with watching(options, *extra, keep=True) as monitor:
                time.sleep(3)
                took.append(monitor.stop())
        row("stop", f"watching for 3 s, {name}: Ctrl-C to the end", spread(took) + " s", "< 1 s", max(took) < 1, seconds=took)


# ---- rows that other suites hold -----------------------------------------------------------------------------------


def https(options):
    pairs = [f"{c}/{s}/https" for c in ("node-v1", "py-v1") for s in ("node-v1", "py-v1")]
    pairs += [f"{c}/{s}/https" for c in ("node-v2", "py-v2") for s in ("node-v2", "py-v2")]
    done = subprocess.run([sys.executable, str(REPO / "tests/e2e/run.py"), "--mcpvigil", str(options.mcpvigil), "--no-setup", "--pairs", *pairs],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env=os.environ | {"MCPVIGIL_E2E_CACHE": str(options.e2e)})
    last = (done.stdout.strip().splitlines() or [done.stderr.strip()[-60:]])[-1]
    row("https", "HTTPS pairs of the Node and CPython SDKs (tests/e2e)", last, "every one", done.returncode == 0,
        text=done.stdout)


def variants(options):
    build = options.mcpvigil.parent
    done = subprocess.run(["ctest", "--test-dir", str(build), "-L", "kernel", "-LE", "slow", "--no-tests=error"],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = re.search(r"\d+% tests passed.*", done.stdout)
    row("variants", "call variants × sizes × splits (ctest -L kernel)", found.group(0) if found else "not built", "every one",
        done.returncode == 0 if found else None, text=done.stdout[-4000:])


# ---- report --------------------------------------------------------------------------------------------------------


def machine():
    lockdown = "not readable"
    with contextlib.suppress(OSError):
        lockdown = Path("/sys/kernel/security/lockdown").read_text().strip()
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    total = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return {"cores": os.cpu_count(), "cpu": model.group(1) if model else platform.machine(), "kernel": platform.release(),
            "lockdown": lockdown, "memory_gib": round(int(total.group(1)) / 2**20, 1), "load": os.getloadavg()[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build/bench"), help="a build with MCPVIGIL_BENCH=ON")
    parser.add_argument("--mcpvigil", type=Path, default=Path("build/release/mcpvigil"))
    parser.add_argument("--rounds", type=int, default=6, help="of what is measured with and without (6)")
    parser.add_argument("--calls", type=int, default=2000, help="of an SDK client a round (2000)")
    parser.add_argument("--seconds", type=int, default=5, help="of each live rate (5)")
    parser.add_argument("--settle", type=float, default=2.0, help=argparse.SUPPRESS)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, metavar="PART", help=" ".join(SECTIONS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="every figure, with all samples")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("run.py: needs root", file=sys.stderr)
        return 3
    options.mcpvigil = options.mcpvigil.resolve()
    options.bench = options.build.resolve() / "tests/bench"
    options.e2e = Path(os.environ.get("MCPVIGIL_E2E_CACHE") or Path.cwd() / "build/e2e").resolve()
    needed = [options.mcpvigil, options.bench / "bench_calls", options.bench / "bench_replay"]
    for path in needed:
        if not path.exists():
            print(f"run.py: {path} is missing; see {HERE.name}/README.md", file=sys.stderr)
            return 2
    about = machine()
    version = output(options.mcpvigil, "version").strip()
    print(f"{version}; {about['cores']} cores, {about['cpu']}, {about['memory_gib']} GiB, Linux {about['kernel']}, "
          f"lockdown {about['lockdown']}, load {about['load']:.2f}", flush=True)
    parts = {"host": host_cost, "roundtrip": round_trip, "live": live, "replay": replay, "memory": memory,
             "start": start_stop, "stop": stop, "https": https, "variants": variants}
    try:
        for name in SECTIONS:
            if name in options.only:
                parts[name](options)
    finally:
        for process in list(started):
            end(process)
        if options.json:
            about["load_at_end"] = os.getloadavg()[0]
            options.json.write_text(json.dumps({"version": version, "machine": about, "rows": rows}, indent=1) + "\n")
    missed = [r["what"] for r in rows if r["pass"] is False]
    print(f"{sum(r['pass'] is True for r in rows)} marks reached, {len(missed)} missed" + "".join(f"\n  {m}" for m in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
