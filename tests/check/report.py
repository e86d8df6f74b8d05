#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/lib/ctest_report.py tells the truth: exit code, reasons of skips, output of what failed, ctest's words last."""
import subprocess
import sys
import tempfile
from pathlib import Path

REPORT = Path(__file__).resolve().parents[2] / "scripts" / "lib" / "ctest_report.py"
GTEST = """echo '[ RUN      ] A.B'; echo 'a.cpp:3: Skipped'; echo 'needs root'; echo '[  SKIPPED ] A.B (0 ms)'"""
TESTS = {
    "good": ("echo fine", "unit"),
    "skips": ("echo 'skip: no such kernel'; exit 77", "unit"),
    "inside": (GTEST, "unit"),
    "bad": ("echo the reason it failed; exit 1", "check"),
    "long": ("false", "unit;soak"),
}


def run(labels, *words):
    with tempfile.TemporaryDirectory() as folder:
        lines = []
        for name, (command, label) in TESTS.items():
            lines.append(f'add_test({name} sh -c [==[{command}]==])')
            lines.append(f'set_tests_properties({name} PROPERTIES LABELS "{label}" SKIP_RETURN_CODE 77)')
        Path(folder, "CTestTestfile.cmake").write_text("\n".join(lines) + "\n")
        done = subprocess.run([sys.executable, REPORT, "--build", folder, "--labels", labels, *words],
                              capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout


def test_success_lists_the_skips_before_the_summary():
    code, out = run("unit,kernel", "--note", "a note")
    assert code == 0, out
    summary = out.index("100% tests passed")
    for told in ("skips: no such kernel", "inside: A.B: needs root", "label 'kernel'", "a note"):
        assert told in out[:summary], (told, out)
    assert "Total Test time" in out[summary:] and "fine" not in out and "soak" not in out.lower(), out


def test_failure_is_shown_and_returned():
    code, out = run("unit,check")
    assert code != 0 and "the reason it failed" in out and "bad (Failed)" in out, out


def test_slow_tests_run_when_asked_for():
    code, out = run("unit,soak")
    assert code != 0 and "long (Failed)" in out, out


def test_no_test_at_all_is_a_failure():
    code, out = run("golden")
    assert code != 0 and "No tests were found" in out, out


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(f"{name}: ok")
