#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The law of arrows (ARCHITECTURE.md): who may include whom, and what only one place may do."""
import re
from pathlib import PurePosixPath

import checkout

# stage: the stages whose headers it may include, besides its own
MAY_INCLUDE = {
    "base": "",
    "event": "base",
    "source": "base event",
    "stream": "base event",
    "frame": "base",
    "elf": "base",
    "jsonrpc": "base",
    "mcp": "base jsonrpc",
    "session": "base event stream frame jsonrpc mcp",
    "detect": "base event stream frame jsonrpc mcp session",
    "policy": "base event stream frame jsonrpc mcp session detect",
    "respond": "base event stream frame jsonrpc mcp session detect policy",
    "pipeline": "base event stream frame jsonrpc mcp session detect policy respond",
    "probe": "base elf event source policy respond",
    "app": "base elf event source stream frame jsonrpc mcp session detect policy respond pipeline probe",
}
# Seams: an interface that an earlier stage states and a later one makes true. By header, not by stage.
SEAMS = {("probe", "stream/channel.h")}  # CopyControl, the wish to the kernel
MAY_INCLUDE = {stage: set(others.split()) for stage, others in MAY_INCLUDE.items()}

LIBBPF_HEADER = re.compile(r"^(bpf/|linux/bpf|.*\.skel\.h$|vmlinux\.h$)")
LIBBPF_STAGES = {"probe"}
THREAD = re.compile(r"\bstd::(?:j?thread\b(?!::)|async\b)|\bpthread_create\b|\bthrd_create\b")
THREAD_STAGES = {"app", "probe"}
EXCEPTION = re.compile(r"\bthrow\b|\bcatch\s*\(")
EXCEPTION_FILES = {"src/app/cli.cpp", "src/app/config.cpp", "src/policy/load.cpp", "src/detect/rules/parse.cpp"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
STAGE_TARGET = re.compile(r"\bmcpvigil_([a-z]+)\b")


def includes(text):
    """(line, quote, header). Comments are dropped by the line: a header's name would go with the literals."""
    for number, line in enumerate(text.splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match[1], match[2]


def check_source(name, text):
    stage = name.parts[1]
    if stage not in MAY_INCLUDE:
        return [f"{name}:1: stage '{stage}' has no place in the law of arrows (tests/check/layering.py)"]
    found = []
    for number, _, header in includes(text):
        other = header.split("/")[0]
        if "/" not in header or (stage, header) in SEAMS:
            continue
        if other in MAY_INCLUDE and other != stage and other not in MAY_INCLUDE[stage]:
            found.append(f"{name}:{number}: {stage} may not include {header}")
    for number, _, header in includes(text):
        if LIBBPF_HEADER.match(header) and stage not in LIBBPF_STAGES:
            found.append(f"{name}:{number}: only probe may include {header}")
    for number, line in enumerate(checkout.without_comments(text).splitlines(), 1):
        if stage not in THREAD_STAGES and THREAD.search(line):
            found.append(f"{name}:{number}: only app and probe start threads")
        if str(name) not in EXCEPTION_FILES and EXCEPTION.search(line):
            found.append(f"{name}:{number}: exceptions stay in {', '.join(sorted(EXCEPTION_FILES))}")
    return found


def check_links(name, text):
    """mcpvigil_stage(x ... DEPENDS mcpvigil_y): linking is held to the same law as including."""
    stage = name.parts[1]
    found = []
    text = re.sub(r"#.*", "", text)
    for call in re.finditer(r"(?:mcpvigil_stage|target_link_libraries)\s*\(([^)]*)\)", text):
        words = call[1].split()
        if not words or words[0].removeprefix("mcpvigil_") != stage:
            continue
        line = text.count("\n", 0, call.start()) + 1
        for word in words[1:]:
            match = STAGE_TARGET.fullmatch(word)
            if match and match[1] in MAY_INCLUDE and match[1] != stage and match[1] not in MAY_INCLUDE.get(stage, ()):
                found.append(f"{name}:{line}: {stage} may not link {word}")
    return found


def check_kernel_side(name, text):
    """bpf/ includes itself and the wire headers; the wire headers include themselves and the kernel's types."""
    found = []
    in_wire = name.parts[0] == "include"
    for number, _, header in includes(text):
        wire = header.startswith("mcpvigil/wire/")
        if in_wire:
            allowed = wire or header in ("linux/types.h", "vmlinux.h", "stddef.h", "assert.h") or "/" not in header
        else:
            own = not header.startswith("mcpvigil/") and header.split("/")[0] not in MAY_INCLUDE
            allowed = wire or own
        if not allowed:
            found.append(f"{name}:{number}: kernel side may not include {header}")
    return found


def check(root):
    found = []
    for name in checkout.files(root):
        name = PurePosixPath(name)
        if name.parts[0] == "src" and len(name.parts) > 2:
            if name.suffix in (".h", ".cpp", ".c"):
                found += check_source(name, (root / name).read_text())
            elif name.name == "CMakeLists.txt":
                found += check_links(name, (root / name).read_text())
        elif name.suffix in (".c", ".h") and (name.parts[0] == "bpf" or name.parts[:3] == ("include", "mcpvigil", "wire")):
            if name.name != "vmlinux.h":
                found += check_kernel_side(name, (root / name).read_text())
    return found


SAMPLES = [
    (0, {
        "src/session/a.cpp": '#include "stream/channel.h"\n#include "frame/frame.h"\n// throw, std::thread\nauto s = "catch (x)";\n',
        "src/probe/load.cpp": "#include <bpf/libbpf.h>\nstd::jthread t;\n",
        "src/app/cli.cpp": '#include "probe/load.h"\ntry { f(); } catch (const E&) {}\n',
        "src/base/b.cpp": "std::this_thread::yield(); auto n = std::thread::hardware_concurrency(); int k = 1'000'000;\n",
        "src/mcp/CMakeLists.txt": "mcpvigil_stage(mcp SOURCES a.cpp DEPENDS mcpvigil_jsonrpc)\n",
        "bpf/probes/x.bpf.c": '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n#include "mcpvigil/wire/event.h"\n#include "maps/x.bpf.h"\n',
        "include/mcpvigil/wire/event.h": "#include <linux/types.h>\n",
    }),
    (1, {"src/frame/a.h": '#include "jsonrpc/message.h"\n'}),
    (1, {"src/event/a.h": '#include "stream/channel.h"\n'}),
    (1, {"src/pipeline/a.cpp": '#  include "source/event_source.h"\n'}),
    (1, {"src/probe/a.cpp": '#include "session/record.h"\n'}),
    (1, {"src/probe/a.cpp": '#include "stream/channel.h"\n#include "stream/stream_assembler.h"\n'}),
    (1, {"src/app/a.cpp": "#include <bpf/libbpf.h>\n"}),
    (1, {"src/source/a.cpp": '#include "probes.skel.h"\n'}),
    (2, {"src/stream/a.cpp": "std::thread t;\npthread_create(0, 0, 0, 0);\n"}),
    (2, {"src/app/run.cpp": "try { f(); }\ncatch (...) { throw; }\n".replace("{ throw", "{\n throw")}),
    (1, {"src/helpers/a.h": "#pragma once\n"}),
    (1, {"src/jsonrpc/CMakeLists.txt": "mcpvigil_stage(jsonrpc SOURCES a.cpp\n  DEPENDS mcpvigil_frame)\n"}),
    (1, {"bpf/probes/x.bpf.c": '#include "mcpvigil/version.h"\n'}),
    (1, {"include/mcpvigil/wire/event.h": '#include "base/ids.h"\n'}),
]

if __name__ == "__main__":
    checkout.main(check, SAMPLES)
