// A process whose output goes to a log file: writes numbered lines, and a last one when it has noticed the new file.
import { existsSync, fstatSync, statSync, writeSync } from 'node:fs';
import { keepLogFile, rotatedLog } from '../../src/server/log-file.ts';

const [path = '', name = '', putsAside, lines] = process.argv.slice(2);
keepLogFile({
  path,
  putsAside: putsAside === 'true',
  log: (_, message, fields) => console.error(message, fields),
  largest: 20_000,
  lookMs: 5,
  shortestMs: 60_000,
});
for (let count = 0; count < Number(lines); count += 1) {
  // As a log line, as what a module of a user prints, and as the runtime's own last words.
  if (count % 3 === 0) console.error(`${name} ${count}`);
  else if (count % 3 === 1) console.log(`${name} ${count}`);
  else writeSync(2, `${name} ${count}\n`);
  if (count % 20 === 0) await Bun.sleep(1);
}
// On a busy machine one may have written all of its lines before the others have begun.
while (Number(lines) > 0 && !existsSync(rotatedLog(path))) await Bun.sleep(1);
for (const descriptor of [1, 2])
  while (fstatSync(descriptor).ino !== statSync(path, { throwIfNoEntry: false })?.ino) await Bun.sleep(1);
console.log(`${name} out`);
console.error(`${name} err`);
