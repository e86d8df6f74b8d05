#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The comparer must see every kind of fault; no SDK and no monitor needed. Run: python3 tests/e2e/compare_test.py"""

import copy
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import run

CLIENT, SERVER = 100, 200
TEXTS = [
    (True, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo"}}),
    (False, {"jsonrpc": "2.0", "id": 1, "result": {"content": []}}),
    (True, {"jsonrpc": "2.0", "id": 2, "method": "nope"}),
    (False, {"jsonrpc": "2.0", "id": 2, "error": {"code": -32601, "message": "no"}}),
    (True, {"jsonrpc": "2.0", "method": "notifications/initialized"}),
]


def event(to_server, message, **more):
    return {
        "type": "message", "payload": json.dumps(message), "gap": False,
        "transport": {"kind": "pipe", "framing": "ndjson", "tls": False},
        "client": {"pid": CLIENT}, "server": {"pid": SERVER},
        "mcp": {"direction": "client_to_server" if to_server else "server_to_client", "kind": run.kind_of(message),
                "id": message.get("id"), "method": message.get("method"), "era": "legacy"},
    } | more


def call(request_id, method, outcome):
    return {"type": "call", "client": {"pid": CLIENT}, "server": {"pid": SERVER}, "outcome": outcome,
            "mcp": {"id": request_id, "method": method}}


class CompareTest(unittest.TestCase):
    def setUp(self):
        self.dir = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.events = [event(*t) for t in TEXTS] + [call(1, "tools/call", "ok"), call(2, "nope", "error")]
        self.logs = {"client.100": [], "server.200": []}
        for to_server, message in TEXTS:
            # The two ends need not agree on spaces or the order of members.
            self.logs["client.100"].append(("sent" if to_server else "recv", json.dumps(message)))
            self.logs["server.200"].append(("recv" if to_server else "sent", json.dumps(message, sort_keys=True)))

    def verdict(self):
        for name, entries in self.logs.items():
            lines = (json.dumps({"pid": 0, "dir": d, "text": t, "t": 0, "chan": 1}) for d, t in entries)
            (self.dir / f"wire.{name}.jsonl").write_text("\n".join(lines) + "\n")
        pair = run.Pair("py-v1/py-v1/stdio", self.dir)
        run.cross_check(pair)
        run.compare(pair, run.seen_messages(self.events),
                    [(i, e) for i, e in enumerate(self.events) if e["type"] == "call"])
        return {k: v for k, v in pair.count.items() if k not in ("expected", "seen", "calls")}

    def test_all_is_well(self):
        self.assertEqual(self.verdict(), {})

    def test_missing(self):
        del self.events[1]
        self.assertEqual(self.verdict(), {"missing": 1})

    def test_twice(self):
        self.events.append(copy.deepcopy(self.events[0]))
        self.assertEqual(self.verdict(), {"twice": 1})

    def test_ends_swapped(self):
        self.events[0]["client"], self.events[0]["server"] = {"pid": SERVER}, {"pid": CLIENT}
        self.assertEqual(self.verdict(), {"ends": 1})

    def test_one_end_unknown(self):
        self.events[0]["server"]["pid"] = None
        self.assertEqual(self.verdict(), {"ends": 1})

    def test_wrong_direction(self):
        self.events[0]["mcp"]["direction"] = "server_to_client"
        self.assertEqual(self.verdict(), {"ends": 1})

    def test_order(self):
        self.events[0], self.events[4] = self.events[4], self.events[0]
        self.assertEqual(self.verdict(), {"order": 2})

    def test_made_up(self):
        self.events.append(event(True, {"jsonrpc": "2.0", "id": 9, "method": "ping"}))
        self.assertEqual(self.verdict(), {"extra": 1})

    def test_cut_short(self):
        self.events[1]["payload"] = self.events[1]["payload"][:-1]
        self.assertEqual(self.verdict(), {"missing": 1, "extra": 1})

    def test_fields(self):
        self.events[0]["mcp"]["id"] = "1"
        self.events[1]["transport"]["kind"] = "tcp"
        self.assertEqual(self.verdict(), {"fields": 2})

    def test_call_missing(self):
        self.events.pop()
        self.assertEqual(self.verdict(), {"call": 1})

    def test_error_called_a_success(self):
        self.events[-1]["outcome"] = "ok"
        self.assertEqual(self.verdict(), {"call": 1})

    def test_other_processes_do_not_count(self):
        self.events.append(event(True, {"jsonrpc": "2.0", "id": 9, "method": "ping"}, client={"pid": 1}, server={"pid": 2}))
        self.assertEqual(self.verdict(), {})

    def test_batch_counts_element_by_element(self):
        both = [TEXTS[0][1], TEXTS[2][1]]
        for name in self.logs:
            word = "sent" if name.startswith("client") else "recv"
            self.logs[name] = [(word, json.dumps(both))] + [e for e in self.logs[name] if '"method": "n' in e[1] or
                                                           "result" in e[1] or "error" in e[1]]
            self.logs[name] = [e for e in self.logs[name] if json.loads(e[1]) != TEXTS[2][1]]
        self.assertEqual(self.verdict(), {})

    def test_ends_disagree(self):
        self.logs["server.200"].pop()
        self.assertEqual(self.verdict(), {"unread": 1, "ends": 1})


if __name__ == "__main__":
    unittest.main()
