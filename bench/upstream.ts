// The upstream, a process of its own: answers from bytes made beforehand, over raw sockets, so that it is not
// what is measured. Prints its port. Ends with its standard input, and in any case after MAX_LIFE_MS.
import { createServer } from './upstream-server.ts';

const MAX_LIFE_MS = 10 * 60 * 1000;

const server = createServer();
console.log(`port ${server.port}`);
setTimeout(() => process.exit(1), MAX_LIFE_MS);
for await (const _ of Bun.stdin.stream()) {
  // Nothing is sent; its end means that the benchmark is over.
}
process.exit(0);
