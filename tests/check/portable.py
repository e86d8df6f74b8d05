#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No path of one machine and no host of a package registry in any file: the checkout works anywhere, behind any mirror."""
import re

import checkout

# Put together from parts, so that this file does not hold them.
MACHINE_PATHS = ["/" + "work/", "/" + "farm/"]
HOSTS = [
    ".".join(parts)
    for parts in (
        ("registry", "npmjs", "org"), ("registry", "yarnpkg", "com"), ("pypi", "org"), ("files", "pythonhosted", "org"),
        ("crates", "io"), ("proxy", "golang", "org"), ("sum", "golang", "org"), ("repo", "maven", "apache", "org"),
        ("repo1", "maven", "org"), ("deb", "debian", "org"), ("security", "debian", "org"), ("archive", "ubuntu", "com"),
    )
]
PATTERN = re.compile(
    r"(?<![\w.-])(?:" + "|".join(map(re.escape, MACHINE_PATHS)) + r")"
    r"|(?<![\w-])(?:" + "|".join(map(re.escape, HOSTS)) + r")(?![\w-])(?!\.\w)"
)


def check(root):
    found = []
    for name in checkout.files(root):
        text = checkout.text_of(root / name)
        if text is None:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if match := PATTERN.search(line):
                found.append(f"{name}:{number}: '{match[0]}' belongs to one machine or one registry")
    return found


SAMPLES = [
    (0, {
        "a.md": "https://example.org" + MACHINE_PATHS[0] + "x and /home/ana/work/x\n",
        "Cargo.lock": 'source = "registry+https://github.com/rust-lang/' + HOSTS[4] + '-index"\n',
    }),
    (1, {"a.sh": "cd " + MACHINE_PATHS[0] + "main\n"}),
    (1, {"a.json": '{"root": "' + MACHINE_PATHS[0] + 'x"}\n'}),
    *[(1, {"package-lock.json": f'"resolved": "https://{host}/x.tgz"\n'}) for host in HOSTS],
    (1, {"a.lock": "https://static." + HOSTS[4] + "/x\n"}),
]

if __name__ == "__main__":
    checkout.main(check, SAMPLES)
