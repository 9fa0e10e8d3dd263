// docs/resilience.md says the defaults that hold, names what is there, and links to what exists.
import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RETRY_BUDGET_MS } from '../../src/gateway/attempts/fallback.ts';
import { LONGEST_COOLDOWN_MS, REFUSED_MS } from '../../src/upstream/key-ring.ts';
import { UNHEALTHY_AFTER } from '../../src/upstream/provider-memory.ts';

const DOCS = join(import.meta.dir, '../../docs');
const read = (name: string) => readFileSync(join(DOCS, name), 'utf8');
const page = read('resilience.md');
/** Written from the schema, and compared with it by a test of its own. */
const configuration = read('configuration.md');

/** The rows of the table whose first column is headed so, by key. */
function defaultsUnder(section: string): Map<string, string> {
  const table = page.slice(page.indexOf(`key of \`${section}\``)).split('\n\n')[0] ?? '';
  const rows = [...table.matchAll(/^\| `(\w+)` \| (\S+) \|/gm)];
  return new Map(rows.map(([, key = '', value = '']) => [key, value]));
}

function schemaDefaults(section: string): Map<string, string> {
  const [, rest = ''] = configuration.split(`## \`${section}\`\n`);
  const rows = [...(rest.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)` \| [^|]+ \|([^|]*)\|/gm)];
  return new Map(rows.map(([, key = '', value = '']) => [key, value.trim() || '–']));
}

test.each(['timeouts', 'breaker', 'concurrency'])('every key of %s with its default', (name) => {
  const section = `providers.NAME.${name}`;
  const expected = schemaDefaults(section);
  expect(expected.size).toBeGreaterThan(0);
  expect(defaultsUnder(section)).toEqual(expected);
});

test('the numbers that no key sets', () => {
  expect(page).toContain(`All waiting of one request together is ${RETRY_BUDGET_MS / 1_000} s`);
  expect(page).toContain(`the hint, else ${REFUSED_MS / 60_000} min`);
  expect(page).toContain('Never longer than an hour');
  expect(LONGEST_COOLDOWN_MS).toBe(3_600_000);
  expect(page).toContain('after three failures in a row');
  expect(UNHEALTHY_AFTER).toBe(3);
});

test('no link leads nowhere', () => {
  const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map(([, to = '']) => to);
  expect(links.length).toBeGreaterThan(0);
  expect(links.filter((to) => !existsSync(join(dirname(join(DOCS, 'resilience.md')), to)))).toEqual([]);
});
