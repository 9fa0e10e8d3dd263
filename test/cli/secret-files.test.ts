// Keys in files of their own, as container platforms mount them, are taken up while the gateway runs.
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seeCredentials, watchConfiguration } from '../../src/cli/serve/watch-configuration.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { ResolvedConfig } from '../../src/config/resolved.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { eventually } from '../support/time-limit.ts';

const TEMPORARY = temporaryFolder('secret-files');
afterAll(() => rmSync(TEMPORARY, { recursive: true }));

const CONFIG = `providers:
  lab: { dialect: openai-chat, base_url: "http://127.0.0.1:9", api_key: "file:keys/lab" }
  den: { dialect: openai-chat, base_url: "http://127.0.0.1:9", api_key: "file:keys/den" }
`;

/** A watched configuration whose keys are in files; `uses()` waits for the keys that are in use. */
function watchKeys() {
  const home = mkdtempSync(join(TEMPORARY, 'd-'));
  const put = (name: string, key: string) => writeFileSync(join(home, name), key);
  put('sluice.yaml', CONFIG);
  rmSync(join(home, 'keys'), { recursive: true, force: true });
  const mount = (keys: Readonly<Record<string, string>>) => {
    const folder = mkdtempSync(join(home, 'mount-'));
    for (const [name, key] of Object.entries(keys)) writeFileSync(join(folder, name), key);
    rmSync(join(home, 'keys'), { recursive: true, force: true });
    renameSync(folder, join(home, 'keys'));
  };
  mount({ lab: 'one', den: 'one' });
  const load = { environment: {}, directory: home, path: join(home, 'sluice.yaml') };
  const credentials = seeCredentials(home);
  const loaded = loadConfig(load);
  if (loaded.config === null) throw new Error('the configuration is invalid');
  let config: ResolvedConfig = loaded.config;
  const lines: string[] = [];
  const watched = watchConfiguration(loaded, credentials, {
    started: config,
    load,
    inUse: { text: loaded.text },
    log: (_, message, fields) => lines.push([message, ...Object.values(fields ?? {})].join(' ')),
    refuse: () => {},
    async apply(changed) {
      config = changed;
    },
  });
  const keys = () => config.providers.flatMap(({ apiKeys }) => apiKeys);
  return {
    put,
    mount,
    home,
    lines,
    stop: () => watched.stop(),
    async uses(...expected: string[]) {
      await eventually(
        () => keys().join() === expected.join(),
        () => `uses ${keys()} instead of ${expected}`,
      );
    },
    async writes(line: string) {
      await eventually(
        () => lines.some((each) => each.startsWith(line)),
        () => lines.join('\n'),
      );
    },
  };
}

test('a key that is written anew, and a mounted folder of keys that is swapped, are in use', async () => {
  const gateway = watchKeys();
  gateway.put('keys/lab', 'two\n');
  await gateway.uses('two', 'one');
  gateway.mount({ lab: 'three', den: 'three' });
  await gateway.uses('three', 'three');
  expect(gateway.lines.filter((line) => line.startsWith('the changed secret file is in use'))).toHaveLength(
    2,
  );
  expect(gateway.lines.join()).not.toContain('three');
  gateway.stop();
});

test('a key stays in use while its file is gone', async () => {
  const gateway = watchKeys();
  rmSync(join(gateway.home, 'keys/lab'));
  await gateway.writes('a secret file is gone; its secret stays in use');
  await gateway.uses('one', 'one');
  gateway.put('keys/lab', 'two');
  await gateway.uses('two', 'one');
  gateway.stop();
});

test('a provider whose key has no file yet is served once it has', async () => {
  const gateway = watchKeys();
  gateway.put('sluice.yaml', CONFIG.replace('keys/lab', 'keys/late'));
  await gateway.uses('one');
  gateway.put('keys/late', 'two');
  await gateway.uses('two', 'one');
  gateway.stop();
});

test('a key is used although the configuration file has become invalid', async () => {
  const gateway = watchKeys();
  gateway.put('sluice.yaml', 'providers: {');
  await gateway.writes('the changed configuration is refused');
  gateway.put('keys/lab', 'two');
  await gateway.uses('two', 'one');
  gateway.stop();
});
