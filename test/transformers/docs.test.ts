// docs/transformers.md says what there is: every transformer has a section, and its example does what it says.
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { parseConfigText } from '../../src/config/load-format.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { isObject, type JsonObject } from '../../src/model/json/json.ts';
import { TRANSFORMERS } from '../../src/transformers/registry.ts';
import { createTransformLab, type LabOptions, textAnswer } from '../support/transform-lab.ts';

const PAGE = await Bun.file(join(import.meta.dir, '../../docs/transformers.md')).text();
const [preface = '', ...rest] = PAGE.split(/^## /m);
const SECTIONS = new Map(rest.map((section) => [/^`(\w+)`/.exec(section)?.[1] ?? section, section]));

function block(section: string, kind: string): string | undefined {
  return new RegExp(`^\`\`\`${kind}\n(.*?)^\`\`\``, 'ms').exec(section)?.[1];
}

function entriesIn(section: string): LabOptions['transformers'] {
  const { value, errors } = parseConfigText(block(section, 'yaml') ?? '', '.yaml');
  expect(errors).toEqual([]);
  const list = isObject(value) ? value.transformers : undefined;
  if (!Array.isArray(list)) throw new Error('the example has no transformers');
  return list as LabOptions['transformers'];
}

test('the first example is valid', () => {
  const { value } = parseConfigText(block(preface, 'yaml') ?? '', '.yaml');
  expect(parseConfig(value).problems).toEqual([]);
});

describe.each(TRANSFORMERS.map((row) => row.name))('%s', (name) => {
  const section = SECTIONS.get(name) ?? '';

  test('its example does what the page says', async () => {
    const [entry] = entriesIn(section);
    expect(typeof entry === 'object' ? entry.name : entry).toBe(name);
    const said = block(section, 'text said')?.trimEnd();
    const lab = createTransformLab({
      dialect: 'openai-chat',
      transformers: entriesIn(section),
      answer: textAnswer(...((said ?? 'ok').match(/.{1,5}/gs) ?? [])),
    });
    const asked = JSON.parse(block(section, 'json asked') ?? '{}') as JsonObject;
    const got = await lab.ask('openai-chat', true, asked);
    expect(got.error).toBeNull();
    if (said !== undefined) expect(got.text()).toBe(block(section, 'text told')?.trimEnd() ?? '');
    const sent = JSON.parse(block(section, 'json sent') ?? '{}') as JsonObject;
    expect(lab.sent().body).toMatchObject(sent);
    expect(Object.keys(sent).length > 0 || said !== undefined || name === 'headers').toBe(true);
  });

  test('names every option', () => {
    const row = TRANSFORMERS.find((candidate) => candidate.name === name);
    for (const option of Object.keys(row?.options.shape ?? {}))
      expect(section).toMatch(new RegExp(`\\b${option}\\b`));
  });
});

test('every section is of a transformer', () => {
  expect([...SECTIONS.keys()].filter((name) => /^\w+$/.test(name))).toEqual(
    TRANSFORMERS.map((row) => row.name),
  );
});
