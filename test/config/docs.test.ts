// What is generated from the schema is what lies in the tree.
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { listSchemaKeys } from '../../scripts/config/keys.ts';
import { renderConfigPage, renderJsonSchema } from '../../scripts/config/page.ts';
import { isObject } from '../../src/model/json/json.ts';

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

test('every name that the JSON Schema knows has its line in the page', () => {
  const names = new Set<string>();
  const note = (_: string, value: unknown) => {
    if (isObject(value) && isObject(value.properties))
      for (const name of Object.keys(value.properties)) names.add(name);
    return value;
  };
  JSON.parse(renderJsonSchema(), note);
  const page = renderConfigPage();
  const untold = [...names].filter(
    (name) => !page.includes(`| \`${name}\` |`) && !new RegExp(`^## .*\\b${name}\\b`, 'm').test(page),
  );
  // What chooses the schema, and what chooses a transformer.
  expect(untold.sort()).toEqual(['$schema', 'name']);
});

test('whatever the JSON Schema refers to is in it: editors refuse it else', () => {
  const schema: unknown = JSON.parse(renderJsonSchema());
  const places: string[] = [];
  JSON.parse(renderJsonSchema(), (name, value: unknown) => {
    if (name === '$ref') places.push(String(value));
    return value;
  });
  const find = (place: string) =>
    place
      .replace('#/', '')
      .split('/')
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], schema);
  expect(places.length).toBeGreaterThan(0);
  expect(places.filter((place) => find(place) === undefined)).toEqual([]);
});

test('in the JSON Schema, too, a section and a provider may be empty', () => {
  const { properties } = JSON.parse(renderJsonSchema()) as {
    properties: Record<string, { type: unknown; anyOf?: { type: unknown }[] }>;
  };
  const { $schema: _, rate_limits: list, redis, ...sections } = properties;
  const allowed = ['object', 'null'];
  for (const [name, { type }] of Object.entries(sections)) expect([name, type]).toEqual([name, allowed]);
  expect(list?.type).toEqual(['array', 'null']);
  expect(redis?.anyOf?.map(({ type }) => type)).toEqual(['object', 'null']);
  expect(properties.providers).toHaveProperty('additionalProperties.type', allowed);
});
