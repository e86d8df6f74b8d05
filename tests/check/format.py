#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""C and C++ are laid out by clang-format 19 and .clang-format. --fix rewrites the files (scripts/format does that).

Another version of clang-format lays out differently, so none other will do.
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import checkout

VERSION = "19"
FOLDERS = ("src", "include", "tests", "bpf")
GENERATED = {"vmlinux.h"}
STYLE = Path(__file__).resolve().parents[2] / ".clang-format"


def find_tool():
    for name in (f"clang-format-{VERSION}", "clang-format"):
        path = shutil.which(name)
        if path and re.search(rf"version {VERSION}\.", subprocess.run([path, "--version"], capture_output=True, text=True).stdout):
            return path
    raise checkout.Skip(f"clang-format {VERSION} is not installed (package clang-format-{VERSION})")


def sources(root):
    for name in checkout.files(root):
        name = PurePosixPath(name)
        if name.parts[0] in FOLDERS and name.suffix in (".c", ".cpp", ".h") and name.name not in GENERATED:
            if not {"corpus", "golden"} & set(name.parts):
                yield str(name)


def run_tool(root, words):
    names = list(sources(root))
    return subprocess.run([find_tool(), f"--style=file:{STYLE}", *words, *names], cwd=root, capture_output=True, text=True) if names else None


def check(root):
    run = run_tool(root, ["--dry-run", "--Werror"])
    if run is None or run.returncode == 0:
        return []
    wrong = {}
    for line in run.stderr.splitlines():
        if match := re.match(r"(\S+?):(\d+):\d+: error: code should be clang-formatted", line):
            wrong.setdefault(match[1], match[2])
    if not wrong:
        return [run.stderr.strip()]
    return [f"{name}:{line}: not laid out by .clang-format; run scripts/format" for name, line in wrong.items()]


SAMPLES = [
    (0, {"src/a.cpp": "int f(const char* p) { return *p; }\n", "tests/fuzz/corpus/a.c": "int   x;\n"}),
    (1, {"src/a.cpp": "int f( const char *p ){ return *p; }\n"}),
    (1, {"bpf/a.bpf.c": "int   x;\n"}),
]

if __name__ == "__main__":
    if "--fix" in sys.argv:
        try:
            result = run_tool(Path(__file__).resolve().parents[2], ["-i"])
        except checkout.Skip as skip:
            sys.exit(str(skip))
        sys.stderr.write(result.stderr)
        sys.exit(result.returncode)
    checkout.main(check, SAMPLES)
