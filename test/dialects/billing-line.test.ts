// The line in which Claude Code tells Anthropic what to bill for. It changes from one conversation to the next, in some
// versions from one request to the next: no other provider's prompt cache could be hit behind it, and Amazon refuses it.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const NAME = 'x-anthropic-billing-header';
const RULES: JsonObject[] = [
  { type: 'text', text: 'You are a Claude agent.' },
  { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } },
];

function line(mark: string): JsonObject {
  return { type: 'text', text: `${NAME}: cc_version=2.1.177.01c; cc_entrypoint=cli; cch=${mark};` };
}

function built(wire: (typeof PROVIDER_DIALECT_IDS)[number], system: JsonObject[]) {
  const ask: JsonObject = { model: 'm', max_tokens: 9, system, messages: [{ role: 'user', content: 'Hi' }] };
  const request = DIALECTS['anthropic-messages'].client.parseRequest(ask, { operation: 'generate' });
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
  return { body, lost: losses.map(({ feature }) => feature) };
}

const ELSEWHERE = PROVIDER_DIALECT_IDS.filter((wire) => wire !== 'anthropic-messages');

test.each(ELSEWHERE)('%s is sent the prompt as it begins in every conversation', (wire) => {
  const one = built(wire, [line('36ee5'), ...RULES]);
  const other = built(wire, [line('0aaa9'), ...RULES]);
  expect(one.body).toEqual(other.body);
  expect(one.body).toEqual(built(wire, RULES).body);
  expect(one.lost).toContain(NAME);
});

test.each(ELSEWHERE)('%s is sent no empty prompt in its place', (wire) => {
  expect(built(wire, [line('36ee5')]).body).toEqual(built(wire, []).body);
});

test('Anthropic gets it where it stood', () => {
  const { body, lost } = built('anthropic-messages', [line('36ee5'), ...RULES]);
  expect(body.system).toEqual([line('36ee5'), ...RULES]);
  expect(JSON.stringify(Object.keys(body))).not.toContain(NAME);
  expect(lost).toEqual([]);
});

test('instructions that only speak of it stay', () => {
  const about = { type: 'text', text: `${NAME}: what it is for\nIt says what to bill.` };
  const { body, lost } = built('openai-chat', [about]);
  expect(JSON.stringify(body)).toContain('what to bill');
  expect(lost).not.toContain(NAME);
});
