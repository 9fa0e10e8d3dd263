// A process that writes numbered lines to standard error, says on standard output what has become of them, and ends with its input; or
// writes them when its input has ended, as the last that it does.
import { createLog, noteLostLines } from '../../src/server/log.ts';
import { standardErrorState, writeStandardError } from '../../src/server/standard-error.ts';

noteLostLines(createLog({ format: 'json', level: 'info' }));
const [lines, length] = process.argv.slice(2, 4).map(Number);
const isLast = process.argv[4] === 'last';
if (isLast) await Bun.stdin.text();
for (let count = 0; count < (lines ?? 0); count += 1)
  writeStandardError(`${count} ${'x'.repeat(length ?? 0)}`);
if (!isLast) {
  console.log(JSON.stringify(standardErrorState()));
  await Bun.stdin.text();
}
process.exit();
