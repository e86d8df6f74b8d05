#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the documents tell a reader to run or open exists: scripts, verbs of mcpvigil, linked files.

Commands are looked for in code (fences and back ticks) only. Verbs are asked of the binary (--mcpvigil PATH); without
one that part is left out, and said so.
"""
import re
import subprocess
from pathlib import Path, PurePosixPath

import checkout

FENCE = re.compile(r"^ {0,3}(```|~~~)")
SPAN = re.compile(r"`([^`\n]+)`")
SCRIPT = re.compile(r"(?<![\w/.-])(?:\./)?((?:scripts|\.ci|tests)/[\w./-]*\w)")
VERB = re.compile(r"(?:^|[\s;|&($/])mcpvigil\s+(?:--?[\w-]+(?:=\S+)?\s+)*([a-z][a-z-]*)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
REQUIRED = ("README.md",)
# Decisions are dated: what they named may be gone. The change log is history too.
HISTORY = ("docs/adr/", "CHANGELOG.md")


def pieces(text):
    """(line, text, whether it is code)."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif fenced:
            yield number, line, True
        else:
            for span in SPAN.findall(line):
                yield number, span, True
            yield number, SPAN.sub("", line), False


def verb_exists(binary, verb, known={}):
    if verb not in known:
        run = subprocess.run([binary, verb, "--help"], capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
        known[verb] = run.returncode == 0
    return known[verb]


def check(root, options=None):
    binary = getattr(options, "mcpvigil", None)
    if binary is None:
        print("verbs of mcpvigil: not checked, no --mcpvigil")
    found = [f"{name}:1: missing" for name in REQUIRED if not (root / name).is_file()]
    for name in checkout.files(root):
        name = PurePosixPath(name)
        if name.suffix != ".md" or str(name).startswith(HISTORY):
            continue
        for number, text, code in pieces((root / name).read_text()):
            if not code:
                for target in LINK.findall(text):
                    path = target.split("#")[0]
                    if path and "://" not in target and not target.startswith("mailto:"):
                        if not (root / name.parent / path).exists():
                            found.append(f"{name}:{number}: link to {target}, which is not there")
                continue
            for script in SCRIPT.findall(text):
                # A pattern with a place-holder (tests/unit/<folder>) ends before it and names a folder.
                if not (root / script).exists() and not (root / name.parent / script).exists():
                    found.append(f"{name}:{number}: {script} is not there")
            if binary:
                for verb in VERB.findall(text):
                    if not verb_exists(binary, verb):
                        found.append(f"{name}:{number}: 'mcpvigil {verb}' is no command")
    return found


class _Sample:
    """Options with a binary that knows `run` and `replay` and nothing else."""

    def __init__(self, folder):
        self.mcpvigil = str(folder / "fake")
        Path(self.mcpvigil).write_text('#!/bin/sh\ncase "$1" in run|replay) exit 0;; *) exit 2;; esac\n')
        Path(self.mcpvigil).chmod(0o755)


def check_sample(root):
    verb_exists.__defaults__[0].clear()
    (root / "README.md").touch()
    return check(root, _Sample(root))


SAMPLES = [
    (0, {
        "README.md": "`sudo ./scripts/test --unit`, mcpvigil sees it. [x](docs/a.md#top) [y](https://a.b/)\n"
                     "```\nsudo build/release/mcpvigil run --json\nmcpvigil --color=never replay FILE\n```\n",
        "docs/a.md": "run ../scripts/test\n",
        "scripts/test": "",
    }),
    (1, {"README.md": "`./scripts/nothing`\n"}),
    (1, {"docs/a.md": "```sh\nsudo ./scripts/nothing\n```\n"}),
    (1, {"README.md": "`mcpvigil fly --high`\n"}),
    (1, {"docs/a.md": "```\nsudo mcpvigil --json fly\n```\n"}),
    (1, {"README.md": "[x](docs/missing.md)\n"}),
]

if __name__ == "__main__":
    import sys

    checkout.main(check_sample if "--self-test" in sys.argv else check, SAMPLES,
                  None if "--self-test" in sys.argv else lambda parser: parser.add_argument("--mcpvigil", help="a built binary"))
