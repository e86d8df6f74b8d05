#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""app_test.py MCPVIGIL MAKE_RECORDING: the program as its users meet it: help, exit codes, bad files, filters, payloads."""
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

PROGRAM, MAKE_RECORDING = sys.argv[1:3]
GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "golden"
VERBS = ["run", "record", "replay", "inspect", "inventory", "doctor", "version"]


def mcpvigil(*arguments, **options):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **options)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.held = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.held.cleanup)
        cls.folder = pathlib.Path(cls.held.name)

    def recording(self, scenario, name="talk.mcpcap"):
        file = self.folder / name
        subprocess.run([MAKE_RECORDING, scenario, file], check=True)
        return file

    def golden(self, case):
        return self.recording(GOLDEN / case / "input.scn", case + ".mcpcap")

    def lines(self, *arguments):
        done = mcpvigil("replay", "--json", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def assert_sentence(self, done, code, *words):
        """Nothing shown, one line that says what and whom it concerns."""
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("mcpvigil: "), done.stderr)
        for word in words:
            self.assertIn(str(word), done.stderr)


class Help(Case):
    def test_every_verb_has_an_example(self):
        self.assertIn("Examples:", mcpvigil("--help").stdout)
        for verb in VERBS:
            with self.subTest(verb):
                done = mcpvigil(verb, "--help")
                self.assertEqual(done.returncode, 0)
                self.assertRegex(done.stdout, r"Examples?:\n  (sudo )?mcpvigil ")
                self.assertIn(f"mcpvigil {verb}" if verb != "version" else "mcpvigil", done.stdout)

    def test_version(self):
        for arguments in (["version"], ["--version"]):
            done = mcpvigil(*arguments)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, r"^mcpvigil \d+\.\d+\.\d+ \(.+\)\n$")

    def test_usage_errors_are_2_and_one_sentence(self):
        for arguments, word in (
            ([], "subcommand"),
            (["bogus"], '"bogus"'),
            (["replay"], "file"),
            (["replay", "a", "--nope"], "--nope"),
            (["replay", "a", "--type", "nonsense"], "nonsense"),
            (["replay", "a", "--payload", "some"], "--payload"),
            (["replay", "a", "--color", "blue"], "blue"),
            (["replay", "a", "--pid", "x"], "--pid"),
            (["replay", "a", "--max-message", "65"], "--max-message"),
            (["replay", "a", "--duration", "-1"], "--duration"),
            (["inventory", "cats"], "cats"),
            (["run", "--ring", "3"], "--ring"),
        ):
            with self.subTest(arguments):
                self.assert_sentence(mcpvigil(*arguments), 2, word)


class Files(Case):
    def test_what_is_no_recording(self):
        whole = self.golden("stdio_legacy_session").read_bytes()
        other = bytearray(whole)
        other[8] = 99  # major version
        files = {
            "text": (b"hello, world\n" * 100, 1, "not a recording"),
            "empty": (b"", 1, "empty"),
            "header_cut": (whole[:20], 1, "header"),
            "other_version": (bytes(other), 1, "version"),
            "binary": (bytes(range(256)) * 100, 1, "not a recording"),
        }
        for name, (data, code, word) in files.items():
            file = self.folder / name
            file.write_bytes(data)
            for verb in ("replay", "inspect"):
                with self.subTest(f"{verb} {name}"):
                    self.assert_sentence(mcpvigil(verb, file), code, file, word)

    def test_what_cannot_be_opened(self):
        for verb in ("replay", "inspect"):
            self.assert_sentence(mcpvigil(verb, self.folder), 3, self.folder, "directory")
            self.assert_sentence(mcpvigil(verb, self.folder / "nowhere"), 3, "nowhere", "No such file")

    def test_a_recording_cut_short_gives_what_it_holds(self):
        whole = self.golden("stdio_legacy_session").read_bytes()
        file = self.folder / "cut"
        file.write_bytes(whole[: len(whole) * 3 // 4])
        done = mcpvigil("replay", "--json", file)
        self.assertEqual(done.returncode, 1)
        self.assertIn('"type":"message"', done.stdout)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertEqual(done.stderr.count(str(file)), 1, done.stderr)
        done = mcpvigil("inspect", "--json", file)
        self.assertEqual(done.returncode, 1)
        self.assertFalse(json.loads(done.stdout)["complete"])

    def test_every_cut_is_an_answer(self):
        whole = self.golden("stdio_legacy_session").read_bytes()
        file = self.folder / "cut"
        for size in range(0, len(whole), 97):
            file.write_bytes(whole[:size])
            self.assertEqual(mcpvigil("replay", "--json", file).returncode, 1, size)

    def test_inspect(self):
        file = self.golden("stdio_legacy_session")
        done = mcpvigil("inspect", "--json", file)
        self.assertEqual(done.returncode, 0)
        told = json.loads(done.stdout)
        self.assertEqual((told["host"], told["complete"], told["damage"]), ("golden", True, None))
        self.assertEqual(sum(told["kinds"].values()), told["events"])
        events = mcpvigil("inspect", "--events", file).stdout.splitlines()
        self.assertEqual(len(events), told["events"])
        self.assertIn("complete    yes", mcpvigil("inspect", file).stdout)


class Replay(Case):
    def test_the_lines_are_the_golden_ones(self):
        for case in ("stdio_legacy_session", "http_compressed_chunked_bodies", "relay_copies_collapse", "ring_full_loss"):
            with self.subTest(case):
                file = self.golden(case)
                done = mcpvigil("replay", "--json", "--payload", "full", file)
                self.assertEqual(done.returncode, 0)
                self.assertEqual(done.stdout, (GOLDEN / case / "expected" / "records.jsonl").read_text())
                self.assertEqual(done.stdout, mcpvigil("replay", "--json", "--payload", "full", file).stdout)

    def test_payloads(self):
        file = self.golden("stdio_legacy_session")
        none, redacted, full = (mcpvigil("replay", "--json", "--payload", mode, file).stdout for mode in ("none", "redacted", "full"))
        self.assertEqual(none, mcpvigil("replay", "--json", file).stdout)
        self.assertNotIn('"payload"', none)
        for secret in ("Oslo", "rain"):
            self.assertIn(secret, full)
            self.assertNotIn(secret, redacted)
            self.assertNotIn(secret, none)
        self.assertIn("<redacted:4 bytes>", redacted)
        self.assertIn("forecast", redacted)

    def test_filters(self):
        file = self.golden("colliding_ids_of_two_sessions")
        everything = self.lines(file)

        def tools(*filters):
            return {line["mcp"]["tool"] for line in self.lines(file, "--type", "call", *filters) if line["mcp"]["tool"]}

        self.assertEqual(tools(), {"forecast", "read_file"})
        self.assertEqual(tools("--tool", "fore*"), {"forecast"})
        self.assertEqual(tools("--tool", "fore*", "--tool", "read_file"), {"forecast", "read_file"})
        self.assertEqual(tools("--server", "files"), {"read_file"})
        self.assertEqual(tools("--server", "*/node"), {"forecast", "read_file"})
        server = next(line["server"]["id"] for line in everything if line["type"] == "call" and line["mcp"]["tool"] == "forecast")
        self.assertEqual(tools("--server", server), {"forecast"})
        self.assertEqual(tools("--pid", 300), {"read_file"})
        self.assertEqual(tools("--pid", 100), {"forecast", "read_file"})
        self.assertEqual(tools("--pid", 999), set())
        self.assertEqual(tools("--user", "dev"), {"forecast", "read_file"})
        self.assertEqual(tools("--user", "root"), set())
        self.assertEqual(tools("--server", "weather", "--tool", "read_file"), set())
        self.assertEqual(self.lines(file, "--type", "finding"), [])
        self.assertEqual({line["type"] for line in self.lines(file, "--type", "inventory", "--type", "process")}, {"inventory", "process"})
        self.assertEqual([line["seq"] for line in everything], list(range(1, len(everything) + 1)))

    def test_a_filter_never_hides_a_loss(self):
        kinds = {line["type"] for line in self.lines(self.golden("ring_full_loss"), "--tool", "none_such")}
        self.assertIn("loss", kinds)
        self.assertNotIn("call", kinds)

    def test_for_people(self):
        file = self.golden("tool_error_and_protocol_error")
        done = mcpvigil("replay", file)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"agent +-> weather +forecast .*tool_error")
        self.assertIn("-32602", done.stdout)
        self.assertIn("(reconciles)", done.stderr)
        self.assertNotIn("\033", done.stdout)
        self.assertIn("\033[", mcpvigil("replay", "--color", "always", file).stdout)
        self.assertNotIn("\033", mcpvigil("replay", "--color", "never", file).stdout)
        self.assertNotIn("\033", mcpvigil("replay", "--color", "always", "--json", file).stdout)

    def test_control_characters_never_reach_a_terminal(self):
        scenario = self.folder / "escape.scn"
        text = (GOLDEN / "stdio_legacy_session" / "input.scn").read_text()
        scenario.write_text(text.replace('"name":"weather"', '"name":"\\u001b[2Jweather"').replace('"name":"forecast"', '"name":"fore\\u0007\\u009bcast"'))
        done = mcpvigil("replay", self.recording(scenario))
        self.assertEqual(done.returncode, 0)
        self.assertNotRegex(done.stdout, "[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]")

    def test_duration_ends_early(self):
        file = self.golden("task_polled_to_its_end")
        done = mcpvigil("replay", "--json", "--duration", "0.001", file)
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("not finished", done.stderr)

    def test_a_reader_that_goes_away_ends_it_quietly(self):
        scenario = self.folder / "long.scn"
        call = """send in 100->200 '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"t","arguments":{}}}' nl\n"""
        answer = """send out 200->100 '{"jsonrpc":"2.0","id":%d,"result":{"content":[]}}' nl\n"""
        text = (GOLDEN / "stdio_legacy_session" / "input.scn").read_text().split("eof in")[0]
        scenario.write_text(text + "".join(call % n + answer % n for n in range(10, 5000)))
        file = self.recording(scenario, "long.mcpcap")
        for arguments in (["replay", file], ["replay", "--json", file], ["inspect", "--events", file]):
            with self.subTest(arguments[0]):
                child = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                child.stdout.readline()
                child.stdout.close()
                errors = child.stderr.read().decode()
                child.stderr.close()
                self.assertEqual(child.wait(timeout=60), 0, errors)
                for word in ("terminate", "roken pipe", "not finished"):
                    self.assertNotIn(word, errors)

    def test_closed_standard_streams(self):
        file = self.golden("stdio_legacy_session")
        for closed in ("2>&-", ">/dev/full", ">&-"):
            done = subprocess.run(["sh", "-c", f'exec "$0" replay "$1" {closed}', PROGRAM, str(file)], capture_output=True, text=True, timeout=60)
            self.assertGreaterEqual(done.returncode, 0, closed)


class Inventory(Case):
    def test_what_a_replay_fills_is_there_afterwards(self):
        state = self.folder / "inventory.db"
        self.lines(self.golden("stdio_legacy_session"), "--state", state)

        def rows(table):
            done = mcpvigil("inventory", table, "--json", "--state", state)
            self.assertEqual(done.returncode, 0, done.stderr)
            return [json.loads(line) for line in done.stdout.splitlines()]

        self.assertEqual([row["claims"] for row in rows("servers")], ["weather"])
        self.assertEqual([(row["tool"], row["calls"]) for row in rows("tools")], [("forecast", 1)])
        self.assertEqual([row["claims"] for row in rows("agents")], ["agent"])
        self.assertEqual([row["user"] for row in rows("users")], ["dev"])
        self.assertEqual(len(rows("sessions")), 1)
        self.assertIn("weather", mcpvigil("inventory", "--state", state).stdout)
        again = self.lines(self.golden("stdio_legacy_session"), "--state", state, "--type", "inventory")
        self.assertEqual([line["what"] for line in again], ["server_seen"])

    def test_nothing_seen_yet(self):
        missing = self.folder / "fresh.db"
        done = mcpvigil("inventory", "--state", missing)
        self.assertEqual((done.returncode, done.stdout), (0, "nothing seen yet\n"))
        self.assertFalse(missing.exists())
        done = mcpvigil("inventory", "--json", "--state", missing)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_files_of_others_are_left_alone(self):
        text = self.folder / "notes.txt"
        text.write_text("not a database, but long enough to look at\n" * 20)
        other = self.folder / "other.db"
        with sqlite3.connect(other) as database:
            database.execute("create table mine(a)")
        database.close()
        for file in (text, other):
            before = file.read_bytes()
            self.assert_sentence(mcpvigil("inventory", "--state", file), 1, file)
            done = mcpvigil("replay", "--state", file, self.golden("stdio_legacy_session"))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(str(file), done.stderr)
            self.assertEqual(file.read_bytes(), before)

    def test_a_place_that_cannot_be(self):
        self.assert_sentence(mcpvigil("replay", "--state", "/nonexistent/x.db", self.golden("stdio_legacy_session")), 3, "/nonexistent/x.db")


class Live(Case):
    def test_without_privilege_or_probes_it_says_what_to_do(self):
        # Verbs that need root, as nobody; a build without probes says so whoever asks.
        as_nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        program = PROGRAM
        for part in pathlib.Path(PROGRAM).resolve().parents:
            if as_nobody and not part.stat().st_mode & 1:
                self.skipTest(f"{part} cannot be entered without privilege")
        for arguments in (["run"], ["record", "/tmp/never.mcpcap"], ["doctor"]):
            with self.subTest(arguments[0]):
                done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, cwd="/", stdin=subprocess.DEVNULL, **as_nobody)
                self.assert_sentence(done, 3)
                self.assertRegex(done.stderr, r"sudo|root|build ")
        self.assertFalse(pathlib.Path("/tmp/never.mcpcap").exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
