// What tests leave in the temporary folder is removed once their process has ended, and not before.
import { expect, test } from 'bun:test';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeOrphans, temporaryFolder } from './temporary-folder.ts';

test('a folder of a process that has ended goes, one of a process that runs stays', () => {
  const own = temporaryFolder('own');
  const module = JSON.stringify(join(import.meta.dir, 'temporary-folder.ts'));
  const script = `import { temporaryFolder } from ${module}; console.log(temporaryFolder('orphan'));`;
  const orphan = Bun.spawnSync([process.execPath, '-e', script]).stdout.toString().trim();
  try {
    expect(existsSync(orphan)).toBe(true);
    removeOrphans();
    expect(existsSync(orphan)).toBe(false);
    expect(existsSync(own)).toBe(true);
  } finally {
    rmSync(own, { recursive: true });
  }
});
