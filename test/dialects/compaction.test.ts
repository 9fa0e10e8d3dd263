// A summary by Anthropic that stands for the turns before it: other models read its text, for want of which they would know
// nothing of them; Anthropic gets its own block back.
import { expect, test } from 'bun:test';
import { encodeWhole } from '../../scripts/fidelity/probe-answer.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const SUMMARY = {
  type: 'compaction',
  content: 'She is called Ada.',
  signature: 'c2lnbmVk',
  tool_changes: [],
};

function sentTo(wire: (typeof PROVIDER_DIALECT_IDS)[number], block: JsonObject) {
  return build(wire, [
    { role: 'assistant', content: [block, { type: 'text', text: 'Hello, Ada.' }] },
    { role: 'user', content: 'Who am I?' },
  ]);
}

function build(wire: (typeof PROVIDER_DIALECT_IDS)[number], messages: JsonObject[]) {
  const ask: JsonObject = { model: 'm', max_tokens: 9, messages };
  const { client } = DIALECTS['anthropic-messages'];
  const request = client.parseRequest(ask, { operation: 'generate', model: 'm', stream: false });
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
  return { text: JSON.stringify(body), names: losses.map(({ feature }) => feature) };
}

test.each(PROVIDER_DIALECT_IDS.map((wire) => [wire]))('at %s', (wire) => {
  const { text, names } = sentTo(wire, SUMMARY);
  expect(names).not.toContain('compaction');
  if (wire === 'anthropic-messages' || wire === 'bedrock-invoke')
    expect(text).toContain(JSON.stringify(SUMMARY));
  else {
    expect(text).toContain('She is called Ada.');
    expect(text).not.toContain('Ada.Hello');
    expect(text).not.toContain('c2lnbmVk');
  }
});

test.each(PROVIDER_DIALECT_IDS.map((wire) => [wire]))(
  'one that ends the conversation is continued from, not continued: at %s',
  (wire) => {
    const last = { role: 'assistant', content: [SUMMARY] };
    for (const messages of [[last], [{ role: 'user', content: 'Call me.' }, last]]) {
      const { text, names } = build(wire, messages);
      expect(text).toMatch(/Ada.*"user".*Continue from it|Ada.*Continue from it.*"user"/);
      expect(names).not.toContain('messages.prefill');
    }
  },
);

test('one that failed says nothing: it is named', () => {
  expect(sentTo('openai-chat', { type: 'compaction', content: null }).names).toContain('compaction');
});

test('in an answer it is no part of what the model says', () => {
  const body = { id: 'm', model: 'm', content: [SUMMARY, { type: 'text', text: 'Hello.' }] };
  for (const client of DIALECT_IDS) {
    if (client === 'anthropic-messages') continue;
    const { body: encoded, lost } = encodeWhole(
      client,
      PROVIDER_SIDES['anthropic-messages'].parseResponse(body),
    );
    expect(JSON.stringify(encoded)).not.toContain('Ada');
    expect(lost).toContain('compaction');
  }
});
