// Commands that messages advise can be typed as they are, however the program was started.
import { expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from '../support/program.ts';
import { startSluice } from '../support/sluice-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

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
])('a hint on stderr names the command as this program was started: %j', (started, advised) => {
  const home = temporaryFolder('hints');
  const { stderr } = Bun.spawnSync([process.execPath, MAIN, 'credentials', 'list'], {
    cwd: home,
    env: { SLUICE_HOME: home, SLUICE_KEYCHAIN: 'off', ...started },
  });
  rmSync(home, { recursive: true });
  expect(stderr.toString()).toContain(`store one with ${advised}`);
});

test('results of commands, and the log of a gateway, name commands as the program was started', async () => {
  const started = { npm_package_name: 'sluice', npm_lifecycle_event: 'start' };
  const config = {
    providers: { lab: { dialect: 'openai-chat', base_url: 'http://127.0.0.1:9/v1', api_key: 'a' } },
  } as const;
  await using sluice = await startSluice({ config, environment: { ...started, SLUICE_KEYCHAIN: 'off' } });
  const { home } = sluice;
  sluice.writeConfig({ providers: { lab: { ...config.providers.lab, api_key: 'credential:lab' } } });
  await sluice.wrote(/WARN .*store it with "npm run -s sluice -- credentials store lab"/);
  const printed = (...args: string[]) =>
    Bun.spawnSync([process.execPath, MAIN, ...args], {
      cwd: home,
      env: { SLUICE_HOME: join(home, 'other'), SLUICE_KEYCHAIN: 'off', ...started },
    }).stdout.toString();
  expect(printed('daemon', 'status')).toContain('"npm run -s sluice -- daemon start" starts it');
  expect(printed('check')).toContain('store it with "npm run -s sluice -- credentials store lab"');
});
