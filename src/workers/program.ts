// Identifies the program that a process runs, so that a worker is never of another version than its primary: they exchange rows and shared
// memory in forms that change between versions.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Changes with the program's files and with the runtime. @param main path of the file that was started. */
export function identifyProgram(main: string): string {
  // In a build, the main file names all others by their content.
  const files = main.endsWith('.ts') ? listFiles(dirname(main)) : readFileSync(main, 'utf8');
  return Bun.hash(`${Bun.revision}\n${files}`).toString(36);
}

/** By size and time instead of content, which would take ten times as long. */
function listFiles(folder: string): string {
  const lines = readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (!entry.isFile()) return [];
    const path = join(entry.parentPath, entry.name);
    // An editor or an update may have removed it meanwhile.
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? [] : [`${path} ${stat.size} ${stat.mtimeMs}`];
  });
  return lines.sort().join('\n');
}
