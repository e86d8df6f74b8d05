#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small MCP server (revision 2025-11-25, stdio) with a notebook to search and two sums: something to look at.

One JSON-RPC message a line on standard input and output. Standard library only. Ends when its input ends.
"""
import json
import sys

REVISIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
NOTES = {
    "groceries": "bread, apples, coffee",
    "release": "tag on Thursday, announce on Friday",
    "garden": "water the tomatoes every second day",
}


def tool(name, description, properties, read_only=True):
    return {
        "name": name,
        "description": description,
        "inputSchema": {"type": "object", "properties": properties, "required": list(properties)},
        "annotations": {"readOnlyHint": read_only},
    }


TOOLS = [
    tool("notes.search", "Find notes that hold a word.", {"word": {"type": "string"}}),
    tool("notes.read", "Read one note by its title.", {"title": {"type": "string"}}),
    tool("math.add", "Add two numbers.", {"a": {"type": "number"}, "b": {"type": "number"}}),
]


class RpcError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def text(value, failed=False):
    return {"content": [{"type": "text", "text": value}], "isError": failed}


def call(name, arguments):
    if name == "notes.search":
        word = str(arguments.get("word", ""))
        return text(", ".join(title for title, note in NOTES.items() if word in note) or "nothing found")
    if name == "notes.read":
        title = str(arguments.get("title", ""))
        return text(NOTES[title]) if title in NOTES else text(f"there is no note '{title}'", failed=True)
    if name == "math.add":
        try:
            return text(str(arguments["a"] + arguments["b"]))
        except (KeyError, TypeError):
            return text("a and b must be numbers", failed=True)
    raise RpcError(-32602, f"Unknown tool: {name}")


def answer(method, params):
    if method == "initialize":
        asked = params.get("protocolVersion")
        return {
            "protocolVersion": asked if asked in REVISIONS else REVISIONS[0],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "demo-notes", "version": "1.0.0"},
        }
    if method == "ping":
        return {}
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call":
        return call(params.get("name"), params.get("arguments") or {})
    raise RpcError(-32601, f"Method not found: {method}")


def handle(line):
    """The answer to one line, or None where none is due."""
    try:
        message = json.loads(line)
    except ValueError:
        return {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "Parse error"}}
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        return None
    if "id" not in message:  # a notification
        return None
    reply = {"jsonrpc": "2.0", "id": message["id"]}
    try:
        reply["result"] = answer(message["method"], message.get("params") or {})
    except RpcError as error:
        reply["error"] = {"code": error.code, "message": str(error)}
    return reply


def main():
    for line in sys.stdin:
        if not line.strip():
            continue
        reply = handle(line)
        if reply is not None:
            print(json.dumps(reply, separators=(",", ":")), flush=True)


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        pass
