// The load generator, a process of its own. Takes its LoadSpec as the one argument. Answers each line `count`
// on standard input with one line of JSON, a LoadCount; its input's end stops it.
import { createLoad, type LoadSpec } from './load-client.ts';

const MAX_LIFE_MS = 10 * 60 * 1000;

// The benchmark wrote it.
const spec = JSON.parse(process.argv[2] ?? '{}') as LoadSpec;
const load = createLoad(spec);
setTimeout(() => process.exit(1), MAX_LIFE_MS);

const decoder = new TextDecoder();
let text = '';
for await (const bytes of Bun.stdin.stream()) {
  text += decoder.decode(bytes, { stream: true });
  const lines = text.split('\n');
  text = lines.pop() ?? '';
  for (const line of lines) if (line === 'count') console.log(JSON.stringify(load.count()));
}
process.exit(0);
