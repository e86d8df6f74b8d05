#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs ctest once and shows it as a person wants it: a line a test, the output of those that failed, a sign of life
from long ones, and before ctest's own summary (which stays the last thing printed) every skip with its reason.

Exit code: ctest's.
"""
import argparse
import json
import re
import selectors
import subprocess
import sys
import time

START = re.compile(r"^ *Start +(\d+): (.+?)\s*$")
OUTPUT = re.compile(r"^(\d+): ?(.*)$")
RESULT = re.compile(r"^ *\d+/\d+ Test +#(\d+): (\S+) [ .]*(?:\*\*\*)?(.*?) +[\d.]+ sec")
SUMMARY = re.compile(r"^\d+% tests passed")
# GoogleTest, a line each: "file.cpp:12: Skipped", the reason, "[  SKIPPED ] Suite.Case (0 ms)"
GTEST_SKIP = re.compile(r"^\[  SKIPPED \] (\S+?)(?:,.*)? \(\d+ ms\)$")
QUIET_SECONDS = 20
KEPT_LINES = 400


class Report:
    def __init__(self, out, expected=()):
        self.out = out
        self.names, self.lines, self.started, self.heard = {}, {}, {}, {}
        self.skipped_tests, self.skipped_cases = [], {}
        self.missing = list(expected)
        self.notes = []
        self.in_summary = False

    def say(self, text):
        print(text, file=self.out, flush=True)

    def feed(self, line):
        if self.in_summary:
            self.say(line)
            return
        if SUMMARY.match(line):
            self.in_summary = True
            self.print_skips()
            self.say(line)
        elif match := START.match(line):
            number = match[1]
            self.names[number] = match[2]
            self.lines[number] = []
            self.started[number] = self.heard[number] = time.monotonic()
        elif match := RESULT.match(line):
            self.say(line.strip())
            self.finish(match[1], match[3])
        elif (match := OUTPUT.match(line)) and match[1] in self.lines:
            self.lines[match[1]].append(match[2])
        elif line.startswith(("CMake Error", "Errors while", "Unable to find", "No tests were found")):
            self.say(line)

    def finish(self, number, outcome):
        lines = self.lines.pop(number, [])
        self.started.pop(number, None)
        name = self.names.get(number, number)
        # ctest's own three lines about the command come first.
        lines = [text for text in lines if not text.startswith(("Test command:", "Working Directory:", "Test timeout"))]
        if outcome.startswith("Skipped"):
            self.skipped_tests.append((name, reason_of(lines)))
        elif outcome.startswith("Not Run"):
            self.skipped_tests.append((name, outcome))
        elif outcome != "Passed":
            if len(lines) > KEPT_LINES:
                half = KEPT_LINES // 2
                lines = lines[:half] + [f"... {len(lines) - KEPT_LINES} lines left out ..."] + lines[-half:]
            for text in lines:
                self.say(f"    {text}")
        for i, text in enumerate(lines):
            if match := GTEST_SKIP.match(text):
                self.skipped_cases.setdefault((name, gtest_reason(lines, i)), []).append(match[1])

    def print_skips(self):
        self.say("")
        cases = sum(len(names) for names in self.skipped_cases.values())
        if self.skipped_tests or cases or self.missing:
            self.say(f"Not run: {len(self.skipped_tests)} tests, {cases} cases inside tests, {len(self.missing)} kinds of test")
        for name, reason in self.skipped_tests:
            self.say(f"  {name}: {reason}")
        for (name, reason), names in self.skipped_cases.items():
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            self.say(f"  {name}: {shown}: {reason}")
        for label in self.missing:
            self.say(f"  no test has the label '{label}' in this build")
        for note in self.notes:
            self.say(note)
        self.say("")

    def still_running(self):
        now = time.monotonic()
        for number, begun in self.started.items():
            if now - self.heard[number] >= QUIET_SECONDS:
                self.heard[number] = now
                last = next((text for text in reversed(self.lines[number]) if text.strip()), "")
                self.say(f"      {self.names[number]}: {now - begun:.0f} s{'  ' + last.strip()[:90] if last else ''}")


def reason_of(lines):
    told = [text.strip() for text in lines if text.strip()]
    for text in reversed(told):
        if re.match(r"skip", text, re.IGNORECASE):
            return re.sub(r"^skip(ped)?\W*", "", text, flags=re.IGNORECASE) or text
    return told[-1] if told else "no reason given"


def gtest_reason(lines, end):
    reason = []
    for text in reversed(lines[:end]):
        if re.search(r": Skipped$", text):
            break
        if text.startswith("[ RUN"):
            return "no reason given"
        if text.strip():
            reason.insert(0, text.strip())
    return " ".join(reason) or "no reason given"


def labels_in(build):
    listing = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True, check=True)
    found = set()
    for test in json.loads(listing.stdout)["tests"]:
        for prop in test.get("properties", []):
            if prop["name"] == "LABELS":
                found.update(prop["value"])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="build folder")
    parser.add_argument("--labels", required=True, help="labels to run, with commas between")
    parser.add_argument("--note", action="append", default=[], help="a line to print before the summary")
    options = parser.parse_args()
    wanted = options.labels.split(",")
    # A test may have several labels; what makes it slow must have been asked for.
    slow = [label for label in ("slow", "soak", "vm", "bench") if label not in wanted]
    found = labels_in(options.build)
    report = Report(sys.stdout, [label for label in wanted if label not in found])
    report.notes = options.note
    command = ["ctest", "--test-dir", options.build, "-V", "--no-tests=error", "-j1", "-L", f"^({'|'.join(wanted)})$"]
    if slow:
        command += ["-LE", f"^({'|'.join(slow)})$"]
    # A line at a time and never longer than a screen can hold: a test may print what it likes.
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if selector.select(timeout=1.0):
                chunk = child.stdout.read1(65536)
                if not chunk:
                    break
                *whole, pending = (pending + chunk).split(b"\n")
                for line in whole:
                    report.feed(line.decode(errors="replace")[:2000].rstrip("\r"))
            report.still_running()
    if pending:
        report.feed(pending.decode(errors="replace"))
    if not report.in_summary:  # ctest said nothing of the kind: what we know must not be lost
        report.print_skips()
    return child.wait()


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
