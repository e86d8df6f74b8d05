#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file holds one idea: kernel programs to 300 lines, C++ files to 400 (a warning) and never over 800."""
from pathlib import PurePosixPath

import checkout

BPF_PROGRAM_MAX = 300
SOFT_MAX, HARD_MAX = 400, 800
FOLDERS = ("src", "include", "bpf", "tests")
GENERATED = {"vmlinux.h"}


def check(root):
    found = []
    for name in checkout.files(root):
        name = PurePosixPath(name)
        if name.parts[0] not in FOLDERS or name.suffix not in (".c", ".cpp", ".h") or name.name in GENERATED:
            continue
        lines = (root / name).read_text(errors="replace").count("\n")
        if name.name.endswith(".bpf.c"):
            if lines > BPF_PROGRAM_MAX:
                found.append(f"{name}:1: {lines} lines; a kernel program has at most {BPF_PROGRAM_MAX}")
        elif lines > HARD_MAX:
            found.append(f"{name}:1: {lines} lines; at most {HARD_MAX}")
        elif lines > SOFT_MAX:
            print(f"warning: {name}: {lines} lines; over {SOFT_MAX}: does it still hold one idea?")
    return found


SAMPLES = [
    (0, {"src/a.cpp": "\n" * 800, "bpf/a.bpf.c": "\n" * 300, "bpf/vmlinux/x86/vmlinux.h": "\n" * 9000}),
    (1, {"src/a.cpp": "\n" * 801}),
    (1, {"tests/unit/a.h": "\n" * 801}),
    (1, {"bpf/a.bpf.c": "\n" * 301}),
]

if __name__ == "__main__":
    checkout.main(check, SAMPLES)
