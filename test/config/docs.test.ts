// What is generated from the schema is what lies in the tree.
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { renderConfigPage, renderJsonSchema } from '../../src/config/docs.ts';
import { listSchemaKeys } from '../../src/config/schema-keys.ts';

const ROOT = join(import.meta.dir, '..', '..');

test.each([
  ['docs/configuration.md', renderConfigPage()],
  ['sluice.schema.json', renderJsonSchema()],
])('%s is up to date (else: npm run generate)', async (file, text) => {
  expect(await Bun.file(join(ROOT, file)).text()).toBe(text);
});

test('every key says what it does', () => {
  const silent = listSchemaKeys().filter(({ path, node }) => !/(\*|\[\])$/.test(path) && !node.description);
  expect(silent.map((key) => key.path)).toEqual([]);
});
