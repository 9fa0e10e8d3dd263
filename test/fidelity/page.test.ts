// docs/fidelity.md is what the codecs do today, and the table shows a feature that vanishes.
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { ANSWER_FEATURES, REQUEST_FEATURES } from '../../scripts/fidelity/catalogue.ts';
import type { Feature } from '../../scripts/fidelity/feature.ts';
import { says } from '../../scripts/fidelity/feature.ts';
import { probeAnswer } from '../../scripts/fidelity/probe-answer.ts';
import { probeRequest } from '../../scripts/fidelity/probe-request.ts';
import { renderFidelityPage } from '../../scripts/fidelity/render.ts';

const PAGE = join(import.meta.dir, '..', '..', 'docs', 'fidelity.md');

test('docs/fidelity.md is up to date (else: npm run generate)', async () => {
  expect(await Bun.file(PAGE).text()).toBe(renderFidelityPage());
});

test('no two features have one name', () => {
  for (const groups of [REQUEST_FEATURES, ANSWER_FEATURES]) {
    const names = groups.flatMap(({ features }) => features.map(({ name }) => name));
    expect(names.length).toBe(new Set(names).size);
  }
});

const TEMPERATURE = REQUEST_FEATURES.flatMap(({ features }): readonly Feature[] => features).find(
  ({ name }) => name === 'temperature',
);

test('a feature of a request that vanishes is an error', () => {
  if (TEMPERATURE === undefined) throw new Error('no such feature');
  const forms = { ...TEMPERATURE.forms, gemini: { generationConfig: { temperature: 0.5 } } };
  expect(() => probeRequest({ ...TEMPERATURE, forms }, 'openai-chat', 'gemini')).toThrow(
    'temperature: openai-chat to gemini: neither arrives nor is named',
  );
});

test('a feature of an answer that vanishes is an error', () => {
  const text = ANSWER_FEATURES[0]?.features[0];
  if (text === undefined) throw new Error('no such feature');
  const other = { ...text, reads: { 'openai-chat': { choices: [{ message: { content: 'Bye.' } }] } } };
  expect(() => probeAnswer(other, 'openai-chat', 'gemini')).toThrow(
    'text: gemini to openai-chat: neither carried nor named',
  );
});

test('more than is expected may be there, in the expected order', () => {
  expect(says({ a: 1, b: [{ c: 1 }, 2, { d: 3, e: 4 }] }, { b: [{ c: 1 }, { d: 3 }] })).toBe(true);
  expect(says({ b: [{ d: 3 }, { c: 1 }] }, { b: [{ c: 1 }, { d: 3 }] })).toBe(false);
  expect(says({ a: 1 }, { a: 2 })).toBe(false);
  expect(says({ a: 'hi' }, { a: [{ type: 'text', text: 'hi' }] })).toBe(true);
  expect(says({ a: 'hi' }, { a: [{ type: 'image' }] })).toBe(false);
});
