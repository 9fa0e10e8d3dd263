// What is attached to the text of a user or of a tool's result arrives or is named as lost, as for other texts.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const CITED = {
  type: 'char_location',
  cited_text: 'rain',
  document_index: 0,
  start_char_index: 0,
  end_char_index: 4,
};
const MARKED = { cache_control: { type: 'ephemeral' } };

function built(wire: (typeof PROVIDER_DIALECT_IDS)[number], said: JsonObject, found: JsonObject) {
  const asked = {
    model: 'm',
    max_tokens: 9,
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Does it rain?', ...said }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'weather', input: {} }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'rain', ...found }] },
        ],
      },
    ],
  };
  const route = { operation: 'generate', model: 'm', stream: false } as const;
  const request = DIALECTS['anthropic-messages'].client.parseRequest(asked, route);
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
  return { sent: JSON.stringify(body), names: losses.map(({ feature }) => feature) };
}

const OTHERS = PROVIDER_DIALECT_IDS.filter(
  (wire) => wire !== 'anthropic-messages' && wire !== 'bedrock-invoke',
);

test.each(OTHERS)('%s', (wire) => {
  const bare = built(wire, {}, {});
  for (const fields of [{ citations: [CITED] }, MARKED])
    for (const [said, found] of [
      [fields, {}],
      [{}, fields],
    ]) {
      const { sent, names } = built(wire, said ?? {}, found ?? {});
      expect({ fields, said, isTold: sent !== bare.sent || !Bun.deepEquals(names, bare.names) }).toEqual({
        ...{ fields, said },
        isTold: true,
      });
    }
});

test.each([
  ['anthropic-messages', 'claude-sonnet-4-5'],
  ['bedrock-invoke', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
  ['bedrock-converse', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
] as const)(
  'a failed call of which there is an image fails in words, which Claude takes beside it: %s',
  (wire, model) => {
    const failed = (parts: JsonObject[]) => {
      const functionResponse = { name: 'look', response: { error: 'too dark' }, parts };
      const contents = [
        { role: 'user', parts: [{ text: 'Look.' }] },
        { role: 'model', parts: [{ functionCall: { name: 'look', args: {} } }] },
        { role: 'user', parts: [{ functionResponse }] },
      ];
      const route = { operation: 'generate', model: 'm', stream: false } as const;
      const request = DIALECTS.gemini.client.parseRequest({ contents }, route);
      const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks: {} });
      return { sent: JSON.stringify(body.messages), names: losses.map(({ feature }) => feature) };
    };
    const seen = failed([{ inlineData: { mimeType: 'image/png', data: 'QUJD' } }]);
    expect(seen.sent).toMatch(/The tool call failed\..*too dark.*QUJD/);
    expect(seen.sent).not.toMatch(/is_error|status/);
    expect(seen.names).toContain('tool_result.is_error');
    expect(failed([]).sent).toMatch(/"is_error":true|"status":"error"/);
  },
);

test.each([
  ['anthropic-messages', 'claude-sonnet-4-5'],
  ['bedrock-invoke', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
] as const)(
  'a failed call that says nothing has a text, without which Claude refuses it: %s',
  (wire, model) => {
    const contents = [
      { role: 'user', parts: [{ text: 'Look.' }] },
      { role: 'model', parts: [{ functionCall: { name: 'look', args: {} } }] },
      { role: 'user', parts: [{ functionResponse: { name: 'look', response: { error: '' } } }] },
    ];
    const route = { operation: 'generate', model: 'm', stream: false } as const;
    const request = DIALECTS.gemini.client.parseRequest({ contents }, route);
    const { body } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks: {} });
    expect(JSON.stringify(body.messages)).toContain('"content":"The tool call failed.","is_error":true');
  },
);
