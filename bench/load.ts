// The load generator, a process of its own. Reads its LoadSpec from the first line of standard input. Answers each
// further line `count` with one line of JSON, a LoadCount; its input's end stops it.
import { createLoad, type Load, type LoadSpec } from './load-client.ts';

const MAX_LIFE_MS = 10 * 60 * 1000;

setTimeout(() => process.exit(1), MAX_LIFE_MS);

const decoder = new TextDecoder();
const pieces: string[] = [];
let load: Load | undefined;
for await (const bytes of Bun.stdin.stream()) {
  const text = decoder.decode(bytes, { stream: true });
  pieces.push(text);
  // A long line comes in many pieces.
  if (!text.includes('\n')) continue;
  const lines = pieces.join('').split('\n');
  pieces.length = 0;
  pieces.push(lines.pop() ?? '');
  for (const line of lines) {
    // Written by the benchmark.
    if (load === undefined) load = createLoad(JSON.parse(line) as LoadSpec);
    else if (line === 'count') console.log(JSON.stringify(load.count()));
  }
}
process.exit(0);
