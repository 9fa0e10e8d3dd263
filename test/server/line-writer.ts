// A process that writes numbered lines to standard error, says on standard output what has become of them, and ends with its input.
import { createLog, noteLostLines } from '../../src/server/log.ts';
import { standardErrorState, writeStandardError } from '../../src/server/standard-error.ts';

noteLostLines(createLog({ format: 'json', level: 'info' }));
const [lines, length] = process.argv.slice(2).map(Number);
for (let count = 0; count < (lines ?? 0); count += 1)
  writeStandardError(`${count} ${'x'.repeat(length ?? 0)}`);
console.log(JSON.stringify(standardErrorState()));
await Bun.stdin.text();
process.exit();
