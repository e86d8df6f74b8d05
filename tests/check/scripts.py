#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shell scripts pass shellcheck (bash -n where it is missing) and stop at the first error; Python scripts compile."""
import shutil
import subprocess

import checkout


def language(root, name):
    if name.suffix in (".sh", ".py"):
        return {".sh": "shell", ".py": "python"}[name.suffix]
    if not name.suffix:
        first = (root / name).open("rb").readline(200)
        if first.startswith(b"#!"):
            return "python" if b"python" in first else "shell" if b"bash" in first or b"/sh" in first else None
    return None


def check(root):
    found, shell = [], []
    for name in checkout.files(root):
        kind = language(root, name)
        if kind == "python":
            try:
                compile((root / name).read_bytes(), str(name), "exec")
            except SyntaxError as error:
                found.append(f"{name}:{error.lineno}: {error.msg}")
        elif kind == "shell":
            shell.append(str(name))
            text = (root / name).read_text()
            if text.startswith("#!/usr/bin/env bash") and not any(
                    line.startswith("set -") and "u" in line and "pipefail" in line for line in text.splitlines()):
                found.append(f"{name}:1: no 'set -euo pipefail'")
    if not shell:
        return found
    if shutil.which("shellcheck"):
        run = subprocess.run(["shellcheck", "--external-sources", "--severity=warning", "--format=gcc", *shell],
                             cwd=root, capture_output=True, text=True)
        found += run.stdout.splitlines()
        if run.returncode > 1:
            found.append(run.stderr.strip())
        return found
    print("shellcheck is not installed: only bash -n")
    for name in shell:
        run = subprocess.run(["bash", "-n", name], cwd=root, capture_output=True, text=True)
        found += run.stderr.splitlines()[:1]
    return found


HEAD = "#!/usr/bin/env bash\nset -euo pipefail\n"
SAMPLES = [
    (0, {"a": HEAD + 'echo "$1"\n', "b.py": "x = 1\n"}),
    (1, {"b.py": "def f(:\n"}),
    (1, {"a": "#!/usr/bin/env bash\necho hello\n"}),
    (1, {"a": HEAD + "if true; then\n"} if not shutil.which("shellcheck") else {"a": HEAD + "x=1\n"}),
]

if __name__ == "__main__":
    checkout.main(check, SAMPLES)
