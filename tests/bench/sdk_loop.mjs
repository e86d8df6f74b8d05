// SPDX-License-Identifier: Apache-2.0
// A client of the TypeScript SDK that calls `echo` in turn: sdk_loop.mjs SDK_DIR CALLS -- SERVER ARGS...
// Node gives its children socket pairs, not pipes. Prints median and mean microseconds a call.
import { createRequire } from 'node:module';

const [dir, calls, , command, ...args] = process.argv.slice(2);
const require = createRequire(`${dir}/package.json`);
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = require('@modelcontextprotocol/sdk/client/stdio.js');

const WARM_UP = 500;
const client = new Client({ name: 'sdk-loop', version: '1.0.0' });
await client.connect(new StdioClientTransport({ command, args }));
const took = [];
for (let i = 0; i < WARM_UP + Number(calls); ++i) {
  const start = performance.now();
  const answer = await client.callTool({ name: 'echo', arguments: { message: `call ${i}` } });
  took.push((performance.now() - start) * 1000);
  if (answer.content[0].text !== `call ${i}`) throw new Error('a wrong answer');
}
await client.close();
took.splice(0, WARM_UP);
const mean = took.reduce((a, b) => a + b) / took.length;
took.sort((a, b) => a - b);
console.log(`${took[took.length >> 1].toFixed(1)} ${mean.toFixed(1)}`);
