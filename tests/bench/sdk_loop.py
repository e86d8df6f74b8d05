# SPDX-License-Identifier: Apache-2.0
"""A client of the Python SDK that calls `echo` in turn: sdk_loop.py CALLS -- SERVER ARGS...

The SDK's stdio client gives its server two pipes. Prints median and mean microseconds a call."""

import asyncio
import statistics
import sys
import time

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

WARM_UP = 200


async def main():
    calls, command = int(sys.argv[1]), sys.argv[3:]
    took = []
    async with stdio_client(StdioServerParameters(command=command[0], args=command[1:])) as streams:
        async with ClientSession(*streams) as session:
            await session.initialize()
            for i in range(WARM_UP + calls):
                start = time.perf_counter()
                answer = await session.call_tool("echo", {"message": f"call {i}"})
                took.append(time.perf_counter() - start)
                if answer.content[0].text != f"call {i}":
                    raise SystemExit("a wrong answer")
    took = took[WARM_UP:]
    print(f"{statistics.median(took) * 1e6:.1f} {statistics.mean(took) * 1e6:.1f}")


asyncio.run(main())
