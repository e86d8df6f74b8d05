#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes input.scn beside it: answers in chunks, compressed by gzip, deflate, br and zstd. Needs libbrotlienc and libzstd;
their output may differ by version, so the scenario is kept."""
import ctypes
import gzip
import pathlib
import zlib


def brotli(data):
    lib = ctypes.CDLL("libbrotlienc.so.1")
    out = ctypes.create_string_buffer(len(data) + 1024)
    size = ctypes.c_size_t(len(out))
    assert lib.BrotliEncoderCompress(9, 18, 0, ctypes.c_size_t(len(data)), data, ctypes.byref(size), out)
    return out.raw[: size.value]


def zstd(data):
    lib = ctypes.CDLL("libzstd.so.1")
    lib.ZSTD_compress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(len(data) + 1024)
    size = lib.ZSTD_compress(out, ctypes.c_size_t(len(out)), data, ctypes.c_size_t(len(data)), 3)
    return out.raw[:size]


def written(data):
    return '"' + "".join(f"\\x{b:02x}" for b in data) + '"'


def chunks(data):
    cut = len(data) // 3  # chunk edges that fall anywhere
    for piece in (data[:cut], data[cut : 2 * cut], data[2 * cut :]):
        yield f'"{len(piece):x}\\r\\n" {written(piece)} "\\r\\n"'


def post(body):
    head = "POST /mcp HTTP/1.1\\r\\nHost: 127.0.0.1:8080\\r\\nContent-Type: application/json\\r\\nMcp-Session-Id: 7d3f\\r\\n"
    return f'send c 100->200 "{head}Content-Length: {len(body)}\\r\\n\\r\\n" \'{body}\''


lines = """# SPDX-License-Identifier: Apache-2.0
# Answers in chunks, compressed in four ways, JSON and events: the message is what it was before. Made by make_input.py.
process 100 exe=/usr/bin/python3 argv=["python3","agent.py"] uid=1000 user=dev
process 200 exe=/usr/bin/node argv=["node","/srv/weather.js","--port","8080"] uid=1001 user=svc
tcp c s 127.0.0.1:50100 127.0.0.1:8080""".split("\n")
CODINGS = [("gzip", lambda d: gzip.compress(d, mtime=0)), ("deflate", zlib.compress), ("br", brotli), ("zstd", zstd)]
for number, (name, compress) in enumerate(CODINGS, 1):
    for kind in ("application/json", "text/event-stream"):
        id = f'"{name}-{"json" if kind.startswith("app") else "events"}"'
        call = f'{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"forecast","arguments":{{}}}}}}'
        answer = f'{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":"rain, rain, rain, rain"}}]}}}}'
        body = answer if kind.startswith("app") else f": hello\n\ndata: {answer}\n\n"
        lines.append(post(call))
        head = f"HTTP/1.1 200 OK\\r\\nContent-Type: {kind}\\r\\nContent-Encoding: {name}\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
        lines.append(f'send s 200->100 "{head}"')
        lines += [f"send s 200->100 {c}" for c in chunks(compress(body.encode()))]
        lines.append('send s 200->100 "0\\r\\n\\r\\n"')
lines += ["close c", "close s", ""]
pathlib.Path(__file__).with_name("input.scn").write_text("\n".join(lines))
