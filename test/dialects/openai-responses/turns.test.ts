// What a provider must get back next turn, on its way through clients of either side: turn 1 is answered, the
// client sends its history back, and the request that reaches the provider holds the provider's own tokens.
import { describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import type { ResponseInput } from 'openai/resources/responses/responses';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import { asArray, type JsonObject } from '../../../src/model/json/json.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import type { NeutralResponse } from '../../../src/model/response.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { CONTEXT } from './events.ts';

const responses = DIALECTS['openai-responses'];

function answer(dialect: DialectId, signature: string): NeutralResponse {
  return {
    id: null,
    model: null,
    usage: { ...NO_USAGE },
    finish: { unified: 'tool_use', raw: null },
    parts: [
      { type: 'reasoning', text: 'Hm', signature: ownToken(dialect, signature) },
      { type: 'tool-call', id: 'toolu_1', name: 'read', arguments: '{"a":1}', kind: 'function' },
    ],
  };
}

/** Turn 2 of an SDK user: the output of turn 1, and the result of its call. */
async function secondTurn(first: NeutralResponse, asCodex: boolean): Promise<JsonObject> {
  const built = JSON.stringify(responses.client.buildResponse(first, CONTEXT));
  let sent: JsonObject = {};
  const sdk = new OpenAI({
    apiKey: 'test',
    baseURL: 'http://gateway.invalid/v1',
    fetch: (_, init) => {
      sent = JSON.parse(String(init?.body)) as JsonObject;
      return Promise.resolve(new Response(built, { headers: { 'content-type': 'application/json' } }));
    },
  });
  const { output } = await sdk.responses.create({ model: 'm', input: 'Hi' });
  const history: ResponseInput = [{ role: 'user', content: 'Hi' }];
  for (const item of output) {
    const { id: _, ...bare } = item as { id?: string } & object;
    // Codex sends items back without their ids.
    history.push((asCodex ? bare : item) as ResponseInput[number]);
    if (item.type === 'function_call')
      history.push({ type: 'function_call_output', call_id: item.call_id, output: 'ok' });
  }
  await sdk.responses.create({ model: 'm', input: history, store: false, reasoning: { effort: 'low' } });
  return sent;
}

describe.each([
  ['an SDK user', false],
  ['Codex', true],
] as const)('through %s', (_, asCodex) => {
  test('thinking signed by Anthropic', async () => {
    const request = responses.client.parseRequest(
      await secondTurn(answer('anthropic-messages', 'SIG'), asCodex),
      { operation: 'generate' },
    );
    const { body } = DIALECTS['anthropic-messages'].provider.buildRequest(request, {
      model: 'claude-sonnet-4-5',
      quirks: {},
    });
    expect(asArray(body.messages)?.[1]).toEqual({
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: 'SIG' },
        { type: 'tool_use', id: 'toolu_1', name: 'read', input: { a: 1 } },
      ],
    });
  });

  test('thinking redacted by Anthropic', async () => {
    const first = answer('anthropic-messages', '');
    first.parts[0] = { type: 'reasoning', text: '', redacted: ownToken('anthropic-messages', 'DATA') };
    const request = responses.client.parseRequest(await secondTurn(first, asCodex), {
      operation: 'generate',
    });
    const { body } = DIALECTS['anthropic-messages'].provider.buildRequest(request, {
      model: 'claude-sonnet-4-5',
      quirks: {},
    });
    expect(asArray(body.messages)?.[1]).toMatchObject({
      content: [{ type: 'redacted_thinking', data: 'DATA' }, { type: 'tool_use' }],
    });
  });

  test('a call signed by Gemini', async () => {
    const first = answer('gemini', '');
    first.parts = [
      {
        type: 'tool-call',
        id: 'c1',
        name: 'read',
        arguments: '{}',
        kind: 'function',
        signature: ownToken('gemini', 'U0lH'),
      },
    ];
    const request = responses.client.parseRequest(await secondTurn(first, asCodex), {
      operation: 'generate',
    });
    expect(request.messages[1]?.parts).toMatchObject([{ id: 'c1', signature: ownToken('gemini', 'U0lH') }]);
    expect(request.messages[2]?.parts).toMatchObject([{ callId: 'c1' }]);
  });
});

describe('back to a provider of this dialect', () => {
  const item = {
    id: 'rs_1',
    type: 'reasoning',
    summary: [{ type: 'summary_text', text: 'Hm' }],
    encrypted_content: 'ENC',
  };
  const call = {
    id: 'fc_1',
    type: 'function_call',
    call_id: 'call_1',
    name: 'read',
    arguments: '{"a":1}',
    status: 'completed',
  };
  const first = responses.provider.parseResponse({
    id: 'resp_1',
    model: 'm',
    status: 'completed',
    output: [item, call],
  });

  test("through a client of Anthropic's dialect", () => {
    const { client } = DIALECTS['anthropic-messages'];
    const built = client.buildResponse(first, CONTEXT);
    const history = {
      model: 'm',
      max_tokens: 100,
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: built.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: 'ok' }] },
      ],
    };
    const request = client.parseRequest(JSON.parse(JSON.stringify(history)) as JsonObject, {
      operation: 'generate',
    });
    const { body, losses } = responses.provider.buildRequest(request, { model: 'gpt-5', quirks: {} });
    expect(body).toMatchObject({
      store: false,
      include: ['reasoning.encrypted_content'],
      input: [
        { type: 'message', role: 'user', content: 'Hi' },
        item,
        { type: 'function_call', call_id: 'call_1', name: 'read', arguments: '{"a":1}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'ok' },
      ],
    });
    expect(losses).toEqual([]);
  });

  test('a token of another dialect among them is left out, and named', () => {
    const input = [
      item,
      { type: 'reasoning', summary: [], encrypted_content: 'sluice:anthropic-messages:SIG' },
      { role: 'user', content: 'Hi' },
    ];
    const request = responses.client.parseRequest({ model: 'm', input }, { operation: 'generate' });
    const { body, losses } = responses.provider.buildRequest(request, { model: 'gpt-5', quirks: {} });
    expect(body.input).toEqual([item, { type: 'message', role: 'user', content: 'Hi' }]);
    expect(losses).toEqual([{ feature: 'reasoning', outcome: 'lost' }]);
  });
});
