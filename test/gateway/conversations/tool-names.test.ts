// Names of tools that a provider would refuse: it is told stand-ins, the same in each turn, and the client reads the
// names that it gave.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId, type ProviderDialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

/** But the one whose events are in base64, where the pieces cannot be changed; within it is another of them. */
const WIRES = (Object.keys(PROVIDER_WIRES) as ProviderDialectId[]).filter(
  (wire) => wire !== 'bedrock-invoke',
);
/** Too long for most, with a sign that only Gemini takes, and a beginning that it does not. */
const NAME = `1mcp.files__${'read_the_whole_directory_'.repeat(5)}and_tell`;
const SCHEMA = { type: 'object', properties: {} };

const TOOLS: Record<DialectId, JsonObject> = {
  'anthropic-messages': { tools: [{ name: NAME, input_schema: SCHEMA }] },
  'openai-chat': { tools: [{ type: 'function', function: { name: NAME, parameters: SCHEMA } }] },
  'openai-responses': { tools: [{ type: 'function', name: NAME, parameters: SCHEMA, strict: false }] },
  gemini: { tools: [{ functionDeclarations: [{ name: NAME, parametersJsonSchema: SCHEMA }] }] },
  'ollama-chat': { tools: [{ type: 'function', function: { name: NAME, parameters: SCHEMA } }] },
};

/** Answers with a call of whatever the request offers. */
function setup(wire: ProviderDialectId) {
  const pieces = PROVIDER_WIRES[wire];
  const upstream = createReplayFetch((request) => {
    const [name = 'none'] = namesIn(request.json());
    const text = (pieces.start + pieces.callStart(1) + pieces.callArguments(1, '{"a":1}') + pieces.callEnd)
      // The pieces call one tool.
      .replaceAll('"lookup"', JSON.stringify(name));
    const body = pieces.bytes?.(text) ?? text;
    return replyWith(body, { headers: { 'content-type': pieces.contentType } });
  });
  const config = { providers: { lab: pieces.config }, routing: { default_provider: 'lab' } };
  return { upstream, ...createTestGateway({ config, fetch: upstream.fetch }) };
}

/** Every name of a tool, wherever it stands. */
function namesIn(value: unknown): string[] {
  const text = JSON.stringify(value);
  return [...text.matchAll(/"name":"([^"]*mcp[^"]*)"/g)].map((found) => found[1] ?? '');
}

for (const client of DIALECT_IDS) {
  describe(client, () => {
    for (const wire of WIRES) {
      if (wire === client) continue;

      test.each([
        ['streamed', true],
        ['whole', false],
      ])(`${wire}, %s`, async (_, stream) => {
        const { upstream, post, row } = setup(wire);
        const { path, body } = clientRequest(client, { stream, more: TOOLS[client] });
        const text = await (await post(path, body)).text();
        const sentNames = new Set(namesIn(upstream.requests[0]?.json()));
        expect(sentNames.size).toBe(1);
        const [name = ''] = sentNames;
        const rule = PROVIDER_SIDES[wire].toolNames;
        if (rule === undefined) expect(name).toBe(NAME);
        else {
          expect(name).not.toBe(NAME);
          expect(name.length).toBeLessThanOrEqual(rule.longest);
          expect(rule.signs.test(name)).toBe(false);
          expect(rule.start?.test(name) ?? true).toBe(true);
        }
        expect(text).toContain(NAME);
        if (name !== NAME) expect(text).not.toContain(name);
        const named = (await row(0)).lost.some((lost) => lost.startsWith('tools.name (approximated'));
        expect(named).toBe(rule !== undefined);
      });
    }

    test('a provider of the same dialect gets the name as it is', async () => {
      const { upstream, post } = setup(client);
      const { path, body } = clientRequest(client, { stream: true, more: TOOLS[client] });
      await (await post(path, body)).text();
      expect(new Set(namesIn(upstream.requests[0]?.json()))).toEqual(new Set([NAME]));
    });
  });
}

test('a call of the history and a choice have the same stand-in as the tool', async () => {
  const { upstream, post } = setup('openai-chat');
  const messages = [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: NAME, input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'done' }] },
  ];
  const choice = { tool_choice: { type: 'tool', name: NAME } };
  const ask = { model: 'm', max_tokens: 9, messages, ...TOOLS['anthropic-messages'], ...choice };
  await (await post('/v1/messages', ask)).text();
  const names = namesIn(upstream.requests[0]?.json());
  expect(names.length).toBe(3);
  expect(new Set(names).size).toBe(1);
});

test('Claude at Amazon, whose body is InvokeModel’s, has a stand-in too', async () => {
  const upstream = createReplayFetch(() => jsonReply(PROVIDER_WIRES['bedrock-invoke'].whole('ok')));
  const config = {
    providers: { lab: PROVIDER_WIRES['bedrock-invoke'].config },
    routing: { default_provider: 'lab' },
  };
  const { post } = createTestGateway({ config, fetch: upstream.fetch });
  const { path, body } = clientRequest('openai-chat', { stream: false, more: TOOLS['openai-chat'] });
  expect((await post(path, body)).status).toBe(200);
  const [name = ''] = namesIn(upstream.requests[0]?.json());
  expect(name).toMatch(/^[a-zA-Z0-9_-]{1,128}$/);
  expect(name).not.toBe(NAME);
});

test('a provider that answers whole has its call named as the client named the tool', async () => {
  const upstream = createReplayFetch((request) => {
    const [name] = namesIn(request.json());
    const call = { id: 'call_1', type: 'function', function: { name, arguments: '{}' } };
    const message = { role: 'assistant', content: null, tool_calls: [call] };
    return jsonReply({ choices: [{ index: 0, message, finish_reason: 'tool_calls' }] });
  });
  const config = {
    providers: { lab: PROVIDER_WIRES['openai-chat'].config },
    routing: { default_provider: 'lab' },
  };
  const { post } = createTestGateway({ config, fetch: upstream.fetch });
  for (const stream of [false, true]) {
    const { path, body } = clientRequest('anthropic-messages', { stream, more: TOOLS['anthropic-messages'] });
    const text = await (await post(path, body)).text();
    expect(namesIn(upstream.requests.at(-1)?.json())).not.toContain(NAME);
    expect(text).toContain(`"name":"${NAME}"`);
  }
});

test('names that begin alike stay apart, and names that fit stay as they are', async () => {
  const { upstream, post } = setup('openai-chat');
  const long = 'mcp_'.repeat(20);
  const names = [`${long}a`, `${long}b`, 'mcp_short'];
  const tools = names.map((name) => ({ name, input_schema: SCHEMA }));
  const { path, body } = clientRequest('anthropic-messages', { stream: true, more: { tools } });
  await (await post(path, body)).text();
  const sentNames = namesIn(upstream.requests[0]?.json());
  expect(new Set(sentNames).size).toBe(3);
  expect(sentNames[2]).toBe('mcp_short');
});

test('a name may have to begin with a letter at one provider of a dialect, as at Moonshot', async () => {
  for (const [kind, isKept] of [
    ['moonshot', false],
    ['together', true],
  ] as const) {
    const pieces = PROVIDER_WIRES['openai-chat'];
    const upstream = createReplayFetch(
      replyWith(pieces.start + pieces.text('hi') + pieces.textEnd, {
        headers: { 'content-type': pieces.contentType },
      }),
    );
    const lab = { kind, api_key: 'k', base_url: 'https://lab.test/v1' };
    const config = { providers: { lab }, routing: { default_provider: 'lab' } };
    const { post } = createTestGateway({ config, fetch: upstream.fetch });
    const more = { tools: [{ name: '21st_mcp', input_schema: SCHEMA }] };
    const { path, body } = clientRequest('anthropic-messages', { stream: true, more });
    await (await post(path, body)).text();
    const [name = ''] = namesIn(upstream.requests[0]?.json());
    expect(name === '21st_mcp').toBe(isKept);
    if (!isKept) expect(name).toStartWith('_21st_mcp');
  }
});
