#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drives real MCP clients against real MCP servers and compares what mcpvigil printed with the wire logs of both."""

import argparse
import concurrent.futures
import fnmatch
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIXTURES = HERE / "fixtures"
PAIR_SECONDS = 60
READY_SECONDS = 30
CALLS_OF_THE_SCENARIO = 20
MODERN_KEY = "io.modelcontextprotocol/protocolVersion"

# ---- pairs ---------------------------------------------------------------------------------------------------------

FAST_CLIENTS = ["node-v1", "node-v2", "py-v1", "py-v2", "go"]
FAST_SERVERS = ["node-v1", "py-v1", "py-v2", "go"]
# client/server/transport; "@legacy" keeps a two-era client to the handshake.
FAST_OTHERS = """
node-v2/node-v2/stdio py-v2/node-v2/stdio go/node-v2/stdio
node-v2/node-v1/stdio@legacy py-v2/py-v2/stdio@legacy go/go/stdio@legacy

node-v1/node-v1/http node-v1/py-v1/http node-v1/go/http py-v1/node-v1/http py-v1/py-v1/http py-v1/go/http
node-v1/node-v2/http go/node-v1/http py-v2/py-v1/http
node-v2/node-v2/http node-v2/py-v2/http py-v2/py-v2/http py-v2/node-v2/http py-v2/go/http go/go/http go/py-v2/http
node-v2/node-v1/http@legacy py-v2/py-v2/http@legacy go/go/http@legacy
node-v1/node-v1/http-json py-v1/py-v1/http-json py-v2/py-v2/http-json go/go/http-json
go/go/http-stateless py-v2/go/http-stateless node-v2/go/http-stateless py-v1/py-v1/http-stateless

node-v1/node-v1/sse node-v1/py-v1/sse node-v1/go/sse py-v1/node-v1/sse py-v1/py-v1/sse go/py-v1/sse go/go/sse

node-v1/node-v1/https node-v1/py-v1/https py-v1/node-v1/https py-v1/py-v1/https
node-v2/node-v2/https node-v2/py-v2/https py-v2/py-v2/https py-v2/node-v2/https
""".split()
SLOW = ["rust", "java"]
SLOW_OTHERS = """
go/go/https go/go/https-stateless node-v2/go/https-stateless go/py-v2/https go/node-v1/https node-v1/go/https py-v1/go/https
""".split()


def pair_lists():
    fast = [f"{c}/{s}/stdio" for c in FAST_CLIENTS for s in FAST_SERVERS] + FAST_OTHERS
    slow = [f"{c}/{s}/stdio" for c in SLOW for s in [*FAST_SERVERS, "node-v2", *SLOW]]
    slow += [f"{c}/{s}/stdio" for c in FAST_CLIENTS for s in SLOW]
    return fast, fast + slow + SLOW_OTHERS


@dataclass
class Pair:
    name: str
    dir: Path
    client: str = ""
    server: str = ""
    transport: str = ""
    era: str = "auto"
    seconds: float = 0.0
    error: str = ""
    details: list = field(default_factory=list)
    count: Counter = field(default_factory=Counter)
    era_seen: str = "?"
    expected: list = field(default_factory=list)
    pids: set = field(default_factory=set)

    def __post_init__(self):
        self.client, self.server, transport = self.name.split("/")
        self.transport, _, era = transport.partition("@")
        self.era = era or self.era

    @property
    def tls(self):
        return self.transport.startswith("https")

    def fail(self, what, detail):
        self.count[what] += 1
        self.details.append(f"{what}: {detail}")

    @property
    def failed(self):
        return bool(self.error or self.details)


# ---- running -------------------------------------------------------------------------------------------------------


def command(language, role, cache):
    if language.startswith("node"):
        return ["node", str(cache / language / f"{role}.mjs")]
    if language.startswith("py"):
        return [str(cache / language / "bin" / "python"), "-B", str(FIXTURES / language / f"{role}.py")]
    if language == "go":
        return [str(cache / "go" / role)]
    if language == "rust":
        return [str(cache / "rust" / "target" / "debug" / role)]
    if language == "java":
        return ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
                f"{cache}/java/src/target/classes:{cache}/java/src/target/lib/*", f"e2e.{role.capitalize()}"]
    raise SystemExit(f"run.py: unknown language {language!r}")


_ports = set()
_ports_lock = threading.Lock()


def free_port():
    """A port below the range the kernel takes clients' ports from."""
    while True:
        port = random.randrange(20000, 32000)
        with _ports_lock, socket.socket() as probe:
            if port in _ports:
                continue
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            _ports.add(port)
            return port


def make_certificates(where):
    """A throw-away authority and a certificate of 127.0.0.1 that it signed."""
    where.mkdir(parents=True, exist_ok=True)

    def openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True, cwd=where, capture_output=True)

    (where / "san.cnf").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", "/CN=mcpvigil e2e authority",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key",
            "-out", "server.csr")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", 2,
            "-extfile", "san.cnf", "-out", "server.pem")
    return where


_live = set()
_stopping = threading.Event()


def start(argv, env, log, **kwargs):
    process = subprocess.Popen(argv, env=env, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **kwargs)
    _live.add(process)
    return process


def end_all():
    """Leaves nothing behind when this script itself is told to stop."""
    _stopping.set()
    for process in list(_live):
        end(process, gently=False)


def end(process, gently=True):
    """Ends a process that this script started, and the rest of its group."""
    _live.discard(process)
    if gently and process.poll() is None:
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def end_strays(mark):
    """Ends servers that a failed client left behind in groups of their own: they carry this pair's mark."""
    mark = f"MCP_WIRE_LOG={mark}".encode()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark in Path(entry.path, "environ").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)
            except OSError:
                pass


def wait_for_line(process, prefix, seconds):
    """Whether `process` printed a line that begins with `prefix` in time."""
    found = threading.Event()

    def read():
        for line in process.stdout:
            if line.startswith(prefix):
                found.set()

    threading.Thread(target=read, daemon=True).start()
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and process.poll() is None and not found.is_set():
        found.wait(0.1)
    return found.is_set()


def run_pair(pair, cache, certificates):
    if _stopping.is_set():
        return
    pair.dir.mkdir(parents=True)
    mark = str(pair.dir / "wire")
    env = {k: os.environ[k] for k in ("PATH", "HOME", "LANG") if k in os.environ}
    env |= {"MCP_WIRE_LOG": mark, "MCP_E2E_ERA": pair.era}
    if pair.tls:
        ca = str(certificates / "ca.pem")
        env |= {"NODE_EXTRA_CA_CERTS": ca, "SSL_CERT_FILE": ca}
    began = time.monotonic()
    server = client = None
    with open(pair.dir / "server.err", "wb") as server_log, open(pair.dir / "client.err", "wb") as client_log:
        try:
            program = command(pair.server, "server", cache)
            if pair.transport == "stdio":
                target = ["stdio", "--", *program, "stdio"]
            else:
                port = free_port()
                argv = [*program, "sse" if pair.transport == "sse" else "http", "--port", str(port)]
                if pair.tls:
                    argv += ["--tls", str(certificates / "server.pem"), str(certificates / "server.key")]
                argv += [f"--{option}" for option in pair.transport.split("-")[1:]]
                server = start(argv, env, server_log, stdout=subprocess.PIPE, text=True)
                if not wait_for_line(server, "READY", READY_SECONDS):
                    raise RuntimeError("the server did not get ready")
                scheme, path = ("https" if pair.tls else "http"), ("sse" if pair.transport == "sse" else "mcp")
                target = [path if path == "sse" else scheme, f"{scheme}://127.0.0.1:{port}/{path}"]
            client = start([*command(pair.client, "client", cache), *target], env, client_log,
                           stdout=subprocess.PIPE, text=True)
            try:
                said, _ = client.communicate(timeout=PAIR_SECONDS)
            except subprocess.TimeoutExpired:
                raise RuntimeError(f"the client did not end in {PAIR_SECONDS} s") from None
            if client.returncode != 0 or said.strip() != f"OK {CALLS_OF_THE_SCENARIO}":
                raise RuntimeError(f"the client exited {client.returncode} and said {said.strip()!r}")
        except (OSError, RuntimeError) as problem:
            pair.error = str(problem)
        finally:
            for process in (client, server):
                if process is not None:
                    end(process)
            end_strays(mark)
    pair.seconds = time.monotonic() - began


# ---- wire logs -----------------------------------------------------------------------------------------------------


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def elements(text):
    """The messages in a JSON text: one, those of a batch, or none if it is not JSON-RPC."""
    try:
        value = json.loads(text)
    except ValueError:
        return []
    return [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, dict) and "jsonrpc" in v]


def kind_of(message):
    if "method" in message:
        return "request" if "id" in message else "notification"
    return "error" if "error" in message else "response"


def era_of(message):
    """The eras a monitor may name; only a tool call tells by itself."""
    if message.get("method") != "tools/call":
        return None
    return {"stateless" if MODERN_KEY in (message["params"].get("_meta") or {}) else "legacy"}


def shorten(text, limit=160):
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


@dataclass
class Message:
    to_server: bool
    key: str
    value: dict
    channel: tuple
    client: int = 0
    server: int = 0

    def __str__(self):
        arrow = f"{self.client or '?'} -> {self.server or '?'}" if self.to_server else \
            f"{self.client or '?'} <- {self.server or '?'}"
        return f"[{arrow}] {shorten(self.key)}"


def read_wire_logs(pair):
    """Gives sent and received messages, in the order of each log."""
    sent, received = [], []
    for path in sorted(pair.dir.glob("wire.*.jsonl")):
        role, pid = path.name.split(".")[1], int(path.name.split(".")[2])
        pair.pids.add(pid)
        for line in path.read_text(encoding="utf-8").split("\n"):
            if not line:
                continue
            entry = json.loads(line)
            is_sent = entry["dir"] == "sent"
            for value in elements(entry["text"]):
                message = Message((role == "client") == is_sent, canonical(value), value,
                                  (pid, entry.get("chan", 0), is_sent))
                setattr(message, role, pid)
                (sent if is_sent else received).append(message)
    return sent, received


def cross_check(pair):
    """Both ends must tell the same story; leaves what was sent, with both ends known, in `pair.expected`."""
    sent, received = read_wire_logs(pair)
    waiting = defaultdict(list)
    for message in received:
        waiting[message.to_server, message.key].append(message)
    for message in sent:
        if queue := waiting[message.to_server, message.key]:
            other = queue.pop(0)
            message.client, message.server = message.client or other.client, message.server or other.server
        else:
            pair.fail("unread", f"sent, not received: {message}")
    for queue in waiting.values():
        for message in queue:
            pair.fail("unsent", f"received, not sent: {message}")
    if not sent and not pair.error:
        pair.error = "the wire logs are empty"
    pair.expected = sent
    pair.era_seen = "+".join(sorted(set().union(*(era_of(m.value) or set() for m in sent)))) or "?"
    pair.count["expected"] = len(sent)


# ---- the monitor's lines -------------------------------------------------------------------------------------------


class Monitor:
    def __init__(self, binary, out):
        self.lines_path, self.log_path = out / "mcpvigil.jsonl", out / "mcpvigil.err"
        self.argv = [binary, "run", "--json", "--payload", "full"]
        with open(self.lines_path, "wb") as lines, open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self.argv, stdout=lines, stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True)

    def wait_ready(self):
        limit = time.monotonic() + READY_SECONDS
        while time.monotonic() < limit and self.process.poll() is None:
            with open(self.lines_path, encoding="utf-8", errors="replace") as lines:
                first = lines.readline()
            if first.endswith("\n"):
                event = json.loads(first)
                if event.get("type") == "health" and event.get("status") == "ready":
                    return
                raise SystemExit(f"run.py: the first line is not a ready health event: {shorten(first)}")
            time.sleep(0.05)
        raise SystemExit(f"run.py: mcpvigil did not get ready, see {self.log_path}")

    def stop(self):
        """Gives the events and what went wrong with the monitor itself."""
        problems = []
        if self.process.poll() is None:
            time.sleep(1)
            self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(20)
            if code != 0:
                problems.append(f"mcpvigil exited {code}")
        except subprocess.TimeoutExpired:
            problems.append("mcpvigil did not end 20 s after SIGINT")
            end(self.process, gently=False)
        events = []
        with open(self.lines_path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    events.append(json.loads(line))
                except ValueError:
                    problems.append(f"line {number} is not JSON: {shorten(line.rstrip())}")
        sequence = [e["seq"] for e in events if "seq" in e]
        if any(b <= a for a, b in zip(sequence, sequence[1:])):
            problems.append("seq does not rise from line to line")
        return events, problems

    def kill(self):
        if self.process.poll() is None:
            end(self.process)


@dataclass
class Seen:
    position: int
    key: str
    event: dict

    def get(self, *path):
        value = self.event
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value


def seen_messages(events):
    seen = []
    for position, event in enumerate(events):
        if event.get("type") != "message":
            continue
        values = elements(event["payload"]) if isinstance(event.get("payload"), str) else []
        keys = [canonical(v) for v in values] or [f"unreadable: {event.get('payload')!r:.120}"]
        seen += [Seen(position, key, event) for key in keys]
    return seen


def compare(pair, messages, call_events):
    """Every message that was sent is there once, between the right ends, in its channel's order; and nothing else."""
    mine = [s for s in messages if pair.pids & {s.get("client", "pid"), s.get("server", "pid")}]
    pair.count["seen"] = len(mine)
    by_key = defaultdict(list)
    for s in mine:
        by_key[s.key].append(s)
    wanted = defaultdict(list)
    for m in pair.expected:
        wanted[m.key].append(m)

    found = {}
    for key, expected in wanted.items():
        left, unmet = by_key.pop(key, []), []
        for m in expected:
            exact = next((s for s in left if ends_of(s) == ends_of(m)), None)
            if exact is None:
                unmet.append(m)
            else:
                left.remove(exact)
                found[id(m)] = exact
        for m in unmet:
            if left:
                s = left.pop(0)
                found[id(m)] = s
                pair.fail("ends", f"{m} was said to be {describe(s)}")
            else:
                pair.fail("missing", m)
        for s in left:
            pair.fail("twice", f"line {s.position + 1}: {describe(s)} {shorten(key)}")
    for key, rest in by_key.items():
        for s in rest:
            pair.fail("extra", f"line {s.position + 1}: {describe(s)} {shorten(key)}")

    last = {}
    for m in pair.expected:
        if s := found.get(id(m)):
            if s.position < last.get(m.channel, -1):
                pair.fail("order", f"line {s.position + 1} is too late or too early: {m}")
            last[m.channel] = max(s.position, last.get(m.channel, -1))
            check_fields(pair, m, s)
    compare_calls(pair, call_events)


def ends_of(x):
    if isinstance(x, Message):
        return "client_to_server" if x.to_server else "server_to_client", x.client, x.server
    return x.get("mcp", "direction"), x.get("client", "pid"), x.get("server", "pid")


def describe(s):
    return f"{s.get('mcp', 'direction')} client {s.get('client', 'pid')} server {s.get('server', 'pid')}"


def check_fields(pair, m, s):
    if pair.transport == "stdio":
        kinds = {"socketpair"} if pair.client.startswith("node") else {"pipe"}
        framings = {"ndjson"}
    else:
        kinds = {"tcp"}
        framings = {"http1", "http2", "sse"}
    for what, good, got in (
        ("mcp.kind", {kind_of(m.value)}, s.get("mcp", "kind")),
        ("mcp.id", {canonical(m.value.get("id"))}, canonical(s.get("mcp", "id"))),
        ("mcp.method", {m.value["method"]} if "method" in m.value else None, s.get("mcp", "method")),
        ("transport.kind", kinds, s.get("transport", "kind")),
        ("transport.framing", framings, s.get("transport", "framing")),
        ("transport.tls", {pair.tls}, s.get("transport", "tls")),
        ("mcp.era", era_of(m.value), s.get("mcp", "era")),
        ("gap", {False, None}, s.get("gap")),
    ):
        if good is not None and got not in good:
            pair.fail("fields", f"line {s.position + 1}: {what} is {got!r}, expected {sorted(map(str, good))}")


def compare_calls(pair, call_events):
    """Every request that was answered has one call event, and the outcome of an error is not that of a result.

    A request without a JSON-RPC answer (HTTP 400, say) may have one too: with an outcome of its own.
    """
    requests, answers = Counter(), {}
    for m in pair.expected:
        if kind_of(m.value) == "request":
            requests[m.client, m.server, canonical(m.value["id"]), m.value["method"]] += 1
        elif kind_of(m.value) != "notification":
            answers[m.client, m.server, canonical(m.value.get("id"))] = kind_of(m.value)
    unanswered = Counter({k: n for k, n in requests.items() if k[:3] not in answers})
    requests = Counter({k: n for k, n in requests.items() if k[:3] in answers})
    pair.count["calls"] = sum(requests.values())
    seen, outcomes = Counter(), defaultdict(set)
    for position, event in call_events:
        s = Seen(position, "", event)
        client, server = s.get("client", "pid"), s.get("server", "pid")
        if not pair.pids & {client, server}:
            continue
        key = (client, server, canonical(s.get("mcp", "id")), s.get("mcp", "method"))
        seen[key] += 1
        outcome = event.get("outcome")
        if not isinstance(outcome, str) or not outcome:
            pair.fail("call", f"line {position + 1}: outcome is {outcome!r}")
        outcomes[answers.get(key[:3])].add(outcome)
    for key in requests.keys() | seen.keys():
        if requests[key] != seen[key] and not 0 < seen[key] <= unanswered[key]:
            pair.fail("call", f"{seen[key]} call events, expected {requests[key]}: client %s server %s id %s %s" % key)
    if both := outcomes["response"] & outcomes["error"]:
        pair.fail("call", f"the same outcome for results and errors: {both}")


# ---- report --------------------------------------------------------------------------------------------------------


def report(pairs, out, monitored):
    columns = ["expected", "unread", "unsent"]
    if monitored:
        columns += ["seen", "missing", "twice", "ends", "order", "extra", "fields", "calls", "call"]
    width = max(len(p.name) for p in pairs)
    print(f"{'pair':{width}}  {'result':6} {'sec':>5} {'era':9} " + " ".join(f"{c:>8}" for c in columns))
    for pair in pairs:
        row = " ".join(f"{pair.count[c]:8}" for c in columns)
        print(f"{pair.name:{width}}  {'FAIL' if pair.failed else 'ok':6} {pair.seconds:5.1f} {pair.era_seen:9} {row}")
        if pair.error:
            print(f"    {pair.error}; see {pair.dir}")
        for detail in pair.details[:3]:
            print(f"    {detail}")
        if len(pair.details) > 3:
            print(f"    and {len(pair.details) - 3} more in {pair.dir / 'problems.txt'}")
        if pair.details:
            (pair.dir / "problems.txt").write_text("\n".join(map(str, pair.details)) + "\n")
    total = Counter()
    for pair in pairs:
        total.update(pair.count)
    print(f"{'all':{width}}  {'':6} {sum(p.seconds for p in pairs):5.0f} {'':9} " +
          " ".join(f"{total[c]:8}" for c in columns))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mcpvigil", default="build/release/mcpvigil", help="the binary under test")
    parser.add_argument("--pairs", nargs="+", default=["fast"], metavar="NAME",
                        help="fast, all, or client/server/transport with * allowed")
    parser.add_argument("--list", action="store_true", help="print the names of the pairs and exit")
    parser.add_argument("--no-monitor", action="store_true", help="only compare the two ends' own logs")
    parser.add_argument("--no-setup", action="store_true", help="the fixtures are installed already")
    parser.add_argument("--jobs", type=int, default=1, help="pairs at a time")
    parser.add_argument("--out", type=Path, help="keep logs here (default: a new directory, removed on success)")
    args = parser.parse_args()

    fast, every = pair_lists()
    names = []
    for pattern in args.pairs:
        chosen = {"fast": fast, "all": every}.get(pattern) or fnmatch.filter(every, pattern)
        if not chosen and pattern.count("/") == 2 and "*" not in pattern:
            chosen = [pattern]
        if not chosen:
            parser.error(f"no such pair: {pattern}")
        names += chosen
    names = list(dict.fromkeys(names))
    if args.list:
        print("\n".join(names))
        return 0

    if not args.no_monitor and os.geteuid() != 0:
        print("SKIP: capturing needs root")
        return 77
    cache = Path(os.environ.get("MCPVIGIL_E2E_CACHE") or Path.cwd() / "build" / "e2e").resolve()
    if not args.no_setup:
        groups = sorted({part for name in names for part in name.split("/")[:2]})
        subprocess.run([str(HERE / "setup"), *groups], check=True,
                       env=os.environ | {"MCPVIGIL_E2E_CACHE": str(cache)})
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
    out = Path(tempfile.mkdtemp(prefix="mcpvigil-e2e-", dir=args.out)).resolve()
    certificates = make_certificates(out / "tls") if any(n.split("/")[2].startswith("https") for n in names) else None
    pairs = [Pair(name, out / name.replace("/", "_").replace("@", "_")) for name in names]

    problems, events = [], []
    monitor = None if args.no_monitor else Monitor(args.mcpvigil, out)
    try:
        if monitor:
            monitor.wait_ready()
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            try:
                for _ in pool.map(lambda p: run_pair(p, cache, certificates), pairs):
                    pass
            except BaseException:
                end_all()
                raise
        if monitor:
            events, problems = monitor.stop()
    finally:
        if monitor:
            monitor.kill()
    for pair in pairs:
        cross_check(pair)
    if monitor:
        messages = seen_messages(events)
        call_events = [(i, e) for i, e in enumerate(events) if e.get("type") == "call"]
        for pair in pairs:
            compare(pair, messages, call_events)
    report(pairs, out, monitor is not None)
    for problem in problems:
        print(f"monitor: {problem}")
    failed = sum(p.failed for p in pairs) + bool(problems)
    if failed:
        print(f"logs: {out}")
    elif not args.out:
        shutil.rmtree(out)
    print(f"{len(pairs) - sum(p.failed for p in pairs)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
