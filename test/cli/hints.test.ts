// Commands that messages advise can be typed where the program runs.
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dir, '..', '..', 'src', 'main.ts');

test.each([
  [{}, '"sluice credentials store NAME"'],
  [
    { npm_package_name: 'sluice', npm_lifecycle_event: 'sluice' },
    '"npm run -s sluice -- credentials store NAME"',
  ],
  [
    { npm_package_name: 'sluice', npm_lifecycle_event: 'start' },
    '"npm run -s sluice -- credentials store NAME"',
  ],
  // Another project's script, which has it on its PATH.
  [{ npm_package_name: 'another', npm_lifecycle_event: 'start' }, '"sluice credentials store NAME"'],
])('started with %j', (started, advised) => {
  const home = mkdtempSync(join(tmpdir(), 'sluice-hints-'));
  const { stderr } = Bun.spawnSync([process.execPath, MAIN, 'credentials', 'list'], {
    cwd: home,
    env: { SLUICE_HOME: home, SLUICE_KEYCHAIN: 'off', ...started },
  });
  rmSync(home, { recursive: true });
  expect(stderr.toString()).toContain(`store one with ${advised}`);
});
