// What an Anthropic client found and hands over with its question or in a result: other models read its text.
import { expect, test } from 'bun:test';
import { citationOf } from '../../src/dialects/anthropic-messages/amazon/converse-words.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const FOUND = {
  type: 'search_result',
  source: 'https://example.com/tides',
  title: 'Tides',
  content: [{ type: 'text', text: 'High water at noon.' }],
  citations: { enabled: true },
  cache_control: { type: 'ephemeral' },
};
const ASK: JsonObject = {
  model: 'm',
  max_tokens: 9,
  messages: [
    { role: 'user', content: [FOUND, { type: 'text', text: 'When?' }] },
    { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'find', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: [FOUND] }] },
  ],
  tools: [{ name: 'find', input_schema: { type: 'object' } }],
};

test.each(PROVIDER_DIALECT_IDS.map((wire) => [wire]))('at %s', (wire) => {
  const { client } = DIALECTS['anthropic-messages'];
  const request = client.parseRequest(ASK, { operation: 'generate', model: 'm', stream: false });
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
  const sentText = JSON.stringify(body);
  if (wire === 'anthropic-messages' || wire === 'bedrock-invoke') {
    expect(sentText.split(JSON.stringify(FOUND))).toHaveLength(3);
    return;
  }
  // In Bedrock's Converse the bytes of a document.
  const text = 'https://example.com/tides\n\nHigh water at noon.';
  const forms = [JSON.stringify(text).slice(1, -1), btoa(text)];
  expect(forms.some((form) => sentText.split(form).length === 3)).toBe(true);
  const names = losses.map(({ feature }) => feature);
  expect(names).toContain('citations');
  expect(names).not.toContain('search_result');
});

const CONVERSE = PROVIDER_SIDES['bedrock-converse'];
const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const PLACED = { source: FOUND.source, title: 'Tides', content: [{ text: 'High water at noon.' }] };

function converse(ask: JsonObject, model: string, change: (text: string) => string = (text) => text) {
  const { client } = DIALECTS['anthropic-messages'];
  const request = client.parseRequest(ask, { operation: 'generate', model: 'm', stream: false });
  for (const part of request.messages.flatMap(({ parts }) => parts))
    if (part.type === 'document' && part.source.kind === 'text') part.source.text = change(part.source.text);
  return CONVERSE.buildRequest(request, { model, quirks: {} });
}

test('at Claude behind Converse, as what it is, also within a result', () => {
  const { body, losses } = converse(ASK, CLAUDE);
  const searchResult = { ...PLACED, citations: { enabled: true } };
  expect(body).toMatchObject({
    messages: [
      { content: [{ searchResult }, { cachePoint: {} }, { text: 'When?' }] },
      {},
      { content: [{ toolResult: { content: [{ searchResult }] } }] },
    ],
  });
  expect(losses.map(({ feature }) => feature)).not.toContain('citations');
});

test('at Claude behind Converse, without citations where none are wanted, and as a text once a step changed it', () => {
  const { citations: _, cache_control: __, ...plain } = FOUND;
  const ask = { ...ASK, messages: [{ role: 'user', content: [plain] }] };
  expect(converse(ask, CLAUDE).body).toMatchObject({ messages: [{ content: [{ searchResult: PLACED }] }] });
  expect(JSON.stringify(converse(ask, CLAUDE).body)).not.toContain('enabled');
  const changed = JSON.stringify(converse(ask, CLAUDE, (text) => text.replace('noon', 'nine')).body);
  expect(changed).toContain(btoa('https://example.com/tides\n\nHigh water at nine.'));
  expect(changed).not.toContain('searchResult');
});

test.each([
  'anthropic.claude-3-haiku-20240307-v1:0',
  'anthropic.claude-3-5-sonnet-20241022-v2:0',
  'amazon.nova-pro-v1:0',
])('not at %s, which has none', (model) =>
  expect(JSON.stringify(converse(ASK, model).body)).not.toContain('searchResult'),
);

const PLACE = { searchResultIndex: 1, start: 0, end: 2 };
const CITATION = {
  title: 'Tides',
  source: 'kb://tides',
  sourceContent: [{ text: 'at noon' }],
  location: { searchResultLocation: PLACE },
};
const CITED = {
  type: 'search_result_location',
  cited_text: 'at noon',
  search_result_index: 1,
  source: 'kb://tides',
  title: 'Tides',
  start_block_index: 0,
  end_block_index: 2,
};

test.each(['kb://tides', 'https://example.com/tides'])(
  'its place in %s is cited in Anthropic’s form',
  (source) => {
    const cited = { content: [{ text: 'Noon.' }], citations: [{ ...CITATION, source }] };
    const answer = {
      output: { message: { role: 'assistant', content: [{ citationsContent: cited }] } },
      stopReason: 'end_turn',
      usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
    };
    const losses: string[] = [];
    const built = DIALECTS['anthropic-messages'].client.buildResponse(CONVERSE.parseResponse(answer), {
      requestId: 'r',
      model: 'm',
      created: 1,
      includeUsage: true,
      lost: (feature) => void losses.push(feature),
    });
    expect(built).toMatchObject({ content: [{ text: 'Noon.', citations: [{ ...CITED, source }] }] });
    expect(losses).toEqual([]);
  },
);

test('and in Converse’s, of an answer of Anthropic’s', () => {
  expect(citationOf(CITED)).toEqual(CITATION);
});
