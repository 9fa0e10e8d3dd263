// Tests have one time limit, long enough for a slow machine: none states a shorter one of its own.
import { expect, test } from 'bun:test';
import { join, resolve } from 'node:path';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

const ROOT = resolve(import.meta.dir, '..', '..');
const PATTERNS = [
  /setDefaultTimeout\((?!TEST_TIMEOUT_MS\))[^)]*\)/g,
  // The last argument of a test or of a hook.
  /^ *\}, \d[\d_]{4,}\);$/gm,
];

test('no test file sets another', async () => {
  const found: string[] = [];
  for await (const file of new Bun.Glob('test/**/*.test.ts').scan({ cwd: ROOT })) {
    const text = await Bun.file(join(ROOT, file)).text();
    const limits = PATTERNS.flatMap((pattern) => [...text.matchAll(pattern)].map(([limit]) => limit.trim()));
    found.push(...limits.map((limit) => `${file}: ${limit}`));
  }
  expect(found).toEqual([]);
});

test('npm test gives it to all', async () => {
  const { scripts } = (await Bun.file(join(ROOT, 'package.json')).json()) as { scripts: { test: string } };
  expect(scripts.test).toContain(`--timeout ${TEST_TIMEOUT_MS} `);
});
