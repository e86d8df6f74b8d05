# SPDX-License-Identifier: Apache-2.0
"""What every check shares: the files of the checkout, and a way to prove on a bad sample that the check can fail.

A check is a module with `check(root: Path) -> list[str]` (findings, "path:line: what is wrong") and
`SAMPLES: list[(expected number of findings, {path: text})]`, ended by `checkout.main(check, SAMPLES)`.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77  # ctest's SKIP_RETURN_CODE


class Skip(Exception):
    """The check cannot be made here; the text says why."""


def files(root):
    """Paths relative to root: what git tracks or would track; without git, everything but build/ and hidden folders."""
    try:
        listing = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True, check=True, env={**os.environ, "GIT_CONFIG_COUNT": "1",
                                                  "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"})
        names = sorted({Path(name) for name in listing.stdout.decode().split("\0") if name})
    except (OSError, subprocess.CalledProcessError):
        names = sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())
        names = [name for name in names if name.parts[0] not in ("build", ".git")]
    return [name for name in names if (root / name).is_file()]


def text_of(path):
    """The file's text, or None where it is not text."""
    data = path.read_bytes()
    if b"\0" in data[:8192]:
        return None
    return data.decode("utf-8", errors="replace")


def without_comments(text):
    """C or C++ with comments and the insides of literals blanked; line numbers stay."""
    out, i, n = [], 0, len(text)
    while i < n:
        two = text[i:i + 2]
        if two == "//":
            end = text.find("\n", i)
            i = n if end < 0 else end
        elif two == "/*":
            end = text.find("*/", i + 2)
            end = n if end < 0 else end + 2
            out.append("\n" * text.count("\n", i, end) or " ")
            i = end
        elif text.startswith('R"', i) and (i == 0 or not (text[i - 1].isalnum() or text[i - 1] == "_")):
            paren = text.find("(", i)
            close = ")" + text[i + 2:paren] + '"'
            end = text.find(close, paren)
            end = n if end < 0 else end + len(close)
            out.append('""' + "\n" * text.count("\n", i, end))
            i = end
        elif text[i] == '"' or (text[i] == "'" and not (i and text[i - 1].isalnum())):  # 1'000 is a number
            quote, j = text[i], i + 1
            while j < n and text[j] != quote and text[j] != "\n":
                j += 2 if text[j] == "\\" else 1
            out.append(quote * 2)
            i = min(j + 1, n)
        else:
            out.append(text[i])
            i += 1
    return "".join(out)


def prove(check, samples):
    """Runs the check on samples with a known number of findings, the first of them clean."""
    wrong = 0
    for number, (expected, tree) in enumerate(samples):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, text in tree.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            findings = check(root)
        if len(findings) != expected:
            wrong += 1
            print(f"sample {number}: {len(findings)} findings, {expected} expected:", *findings, sep="\n  ")
    if not any(expected for expected, _ in samples):
        wrong += 1
        print("no sample is bad: the check may be unable to fail")
    print(f"{len(samples)} samples, {wrong} wrong")
    return 1 if wrong else 0


def main(check, samples, add_options=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--self-test", action="store_true", help="prove on samples that the check can fail")
    if add_options:
        add_options(parser)
    options = parser.parse_args()
    try:
        if options.self_test:
            sys.exit(prove(check, samples))
        findings = check(options.root, options) if add_options else check(options.root)
    except Skip as skip:
        print(f"skip: {skip}")
        sys.exit(SKIPPED)
    print(*findings, sep="\n", end="\n" if findings else "")
    print(f"{len(findings)} findings")
    sys.exit(1 if findings else 0)
