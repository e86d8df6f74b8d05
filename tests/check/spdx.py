#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every source and script names its licence: dual for what the kernel loads and the wire headers, Apache-2.0 elsewhere."""
import re
from pathlib import PurePosixPath

import checkout

SOURCES = {
    ".bpf", ".c", ".cc", ".cmake", ".cpp", ".cs", ".css", ".go", ".h", ".html", ".in", ".java", ".js", ".kt", ".mjs", ".py",
    ".rs", ".scn", ".service", ".sh", ".sql", ".ts", ".yaml", ".yml",
}
NAMES = {"CMakeLists.txt", "Dockerfile", ".clang-format", ".clang-tidy", ".editorconfig"}
DATA_FOLDERS = {"golden", "corpus", "third_party", "LICENSES"}
TAG = re.compile(r"SPDX-License-" r"Identifier:\s*(.+?)\s*(?:\*/|-->)?\s*$", re.MULTILINE)
DUAL, APACHE = "(GPL-2.0-only OR BSD-2-Clause)", "Apache-2.0"
HEAD_LINES = 6


def wants_tag(root, name):
    if DATA_FOLDERS & set(name.parts):
        return False
    if name.suffix in SOURCES or name.name in NAMES:
        return True
    return not name.suffix and (root / name).read_bytes()[:2] == b"#!"


def check(root):
    found = []
    seen = set()
    for name in checkout.files(root):
        name = PurePosixPath(name)
        if not wants_tag(root, name):
            continue
        expected = DUAL if name.parts[0] == "bpf" or name.parts[:3] == ("include", "mcpvigil", "wire") else APACHE
        head = "\n".join((checkout.text_of(root / name) or "").splitlines()[:HEAD_LINES])
        tag = TAG.search(head)
        if not tag:
            found.append(f"{name}:1: no SPDX-License-Identifier in the first {HEAD_LINES} lines; {expected} expected")
        elif tag[1] != expected:
            found.append(f"{name}:1: licence '{tag[1]}', '{expected}' expected")
        else:
            seen.update(re.findall(r"[\w.-]*-[\w.-]+", expected))
    for licence in sorted(seen):
        if not (root / "LICENSES" / f"{licence}.txt").is_file():
            found.append(f"LICENSES/{licence}.txt:1: the text of a licence in use is missing")
    return found


KEY = "SPDX-License-" + "Identifier: "
TEXTS = {f"LICENSES/{name}.txt": "text\n" for name in ("Apache-2.0", "GPL-2.0-only", "BSD-2-Clause")}
SAMPLES = [
    (0, {
        **TEXTS,
        "src/a.cpp": f"// {KEY}Apache-2.0\n",
        "bpf/a.bpf.c": f"// {KEY}(GPL-2.0-only OR BSD-2-Clause)\n",
        "include/mcpvigil/wire/e.h": f"/* {KEY}(GPL-2.0-only OR BSD-2-Clause) */\n",
        "scripts/x": f"#!/bin/sh\n# {KEY}Apache-2.0\n",
        "tests/golden/a/in.py": "data\n",
        "package.json": "{}\n",
        "README.md": "text\n",
    }),
    (1, {**TEXTS, "src/a.cpp": "int x;\n"}),
    (1, {**TEXTS, "scripts/x": "#!/bin/sh\n"}),
    (1, {**TEXTS, "bpf/a.bpf.c": f"// {KEY}GPL-2.0-only\n"}),
    (1, {**TEXTS, "src/a.cpp": f"// {KEY}MIT\n"}),
    (1, {**TEXTS, "include/mcpvigil/wire/e.h": f"// {KEY}Apache-2.0\n"}),
    (1, {"src/a.cpp": f"// {KEY}Apache-2.0\n"}),
]

if __name__ == "__main__":
    checkout.main(check, SAMPLES)
