// Tools that a conversation of Anthropic's clients adds and takes away (Claude Code 2.1.332, the AI SDK, LangChain.js and the
// official SDK's tool runner): other models are offered what is left at the end.
import { expect, test } from 'bun:test';
import { betasOf } from '../../src/dialects/claude/betas.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { PROVIDER_DIALECT_IDS, type ProviderDialectId } from '../../src/model/dialect-id.ts';
import { asArray, asObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';

const SCHEMA = { type: 'object', properties: {} };
const add = (name: string) => ({ type: 'tool_addition', tool: { type: 'tool_reference', name } });
const remove = (name: string) => ({ type: 'tool_removal', tool: { type: 'tool_reference', name } });
const define = (name: string) => ({
  type: 'tool_addition',
  tool: { type: 'tool_definition', definition: { name, description: 'Defined.', input_schema: SCHEMA } },
});

function ask(blocks: JsonValue[], more: JsonObject = {}): JsonObject {
  return {
    model: 'm',
    max_tokens: 9,
    messages: [
      { role: 'user', content: 'Read it.' },
      { role: 'system', content: [{ type: 'text', text: 'The tools have changed.' }, ...blocks] },
    ],
    tools: [
      { name: 'Read', input_schema: SCHEMA },
      { name: 'Write', input_schema: SCHEMA },
    ],
    ...more,
  };
}

function sentTo(wire: ProviderDialectId, body: JsonObject, model = 'claude-opus-4-8') {
  const { client } = DIALECTS['anthropic-messages'];
  const request = client.parseRequest(body, { operation: 'generate', model: 'm', stream: false });
  const built = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks: {} });
  return {
    body: asObject(built.body.request) ?? built.body,
    names: built.losses.map(({ feature }) => feature),
  };
}

const OWN = new Set<ProviderDialectId>(['anthropic-messages', 'bedrock-invoke']);
const OTHERS = PROVIDER_DIALECT_IDS.filter((wire) => !OWN.has(wire)).map((wire) => [wire] as const);

test.each(OTHERS)('%s is offered the tools that are left', (wire) => {
  const { body, names } = sentTo(
    wire,
    ask([define('Late'), define('Gone'), remove('Write'), remove('Gone'), add('Read')]),
  );
  expect(names.filter((name) => name.startsWith('tool_') && name !== 'tool_choice')).toEqual([]);
  expect(callable(wire, body)).toEqual(['Read', 'Late']);
});

test.each(OTHERS)('%s is offered a tool that comes back', (wire) => {
  const { body } = sentTo(wire, ask([remove('Write'), add('Write')]));
  expect(callable(wire, body)).toEqual(['Read', 'Write']);
});

test.each([['anthropic-messages'], ['bedrock-invoke']] as const)('%s gets the blocks unchanged', (wire) => {
  for (const more of [{}, { tool_choice: { type: 'any' } }]) {
    const asked = ask([define('Late'), remove('Write'), remove('Late'), remove('Read')], more);
    const { body, names } = sentTo(wire, asked);
    expect(body.messages).toEqual(asked.messages ?? null);
    expect(body.tools).toEqual(asked.tools ?? null);
    expect(body.tool_choice).toEqual(asked.tool_choice);
    expect(body).not.toHaveProperty('tool_changes');
    expect(names).toEqual([]);
  }
});

/** It refuses a system message between turns, and the blocks in any other. */
const OLDER = 'claude-sonnet-4-5';

test.each([['anthropic-messages'], ['bedrock-invoke']] as const)(
  'an older model of %s is offered what is left',
  (wire) => {
    const { body, names } = sentTo(wire, ask([define('Late'), remove('Write')]), OLDER);
    expect(namesIn(body.tools)).toEqual(['Read', 'Late']);
    expect(JSON.stringify(body)).not.toMatch(/tool_(addition|removal|changes)/);
    expect(names.filter((name) => name.startsWith('tool_'))).toEqual(['tool_choice']);
    const server = { type: 'mcp_toolset_reference', server_name: 's' };
    const other = sentTo(wire, ask([{ type: 'tool_addition', tool: server }]), OLDER);
    expect(JSON.stringify(other.body)).not.toContain('tool_addition');
    expect(other.names).toContain('tool_addition');
  },
);

test('what else an older model does not take of a system message is named', () => {
  const asked = ask([]);
  const settings = { role: 'system', output_config: { pace: 'slow' } };
  const messages = [...(asArray(asked.messages) ?? []), { role: 'assistant', content: 'So.' }, settings];
  const { body, names } = sentTo('bedrock-invoke', { ...asked, messages }, OLDER);
  expect(asArray(body.messages)?.map((message) => asObject(message)?.role)).toEqual(['user', 'assistant']);
  expect(JSON.stringify(body)).not.toContain('pace');
  expect(names).toContain('messages.output_config');
});

test('a cache breakpoint on a block is lost with it, and named', () => {
  const marked = ask([{ ...define('Late'), cache_control: { type: 'ephemeral' } }]);
  const named = 'messages.content.cache_control';
  for (const wire of ['openai-chat', 'gemini', 'bedrock-converse'] as const)
    expect(sentTo(wire, marked).names).toContain(named);
  expect(sentTo('bedrock-invoke', marked, OLDER).names).toContain(named);
  const { body, names } = sentTo('bedrock-invoke', marked);
  expect(body.messages).toEqual(marked.messages ?? null);
  expect(body).not.toHaveProperty(named);
  expect(names).toEqual([]);
});

test('without any tool left none is called', () => {
  const { body } = sentTo('openai-responses', ask([remove('Read'), remove('Write')]));
  expect(body.tool_choice).toBe('none');
});

test('a choice of one tool stays', () => {
  const { body } = sentTo(
    'openai-chat',
    ask([remove('Write')], { tool_choice: { type: 'tool', name: 'Read' } }),
  );
  expect(body.tool_choice).toEqual({ type: 'function', function: { name: 'Read' } });
});

test('a change of the tools of a server that the provider asks is a loss', () => {
  const tool = { type: 'mcp_toolset_reference', server_name: 's' };
  expect(sentTo('openai-chat', ask([{ type: 'tool_addition', tool }])).names).toContain('tool_addition');
});

test('the betas of both kinds of change', () => {
  expect(betasOf(ask([remove('Write')]))).toEqual(['mid-conversation-tool-changes-2026-07-01']);
  expect(betasOf(ask([define('Late')]))).toContain('inline-tools-2026-09-15');
});

/** The names of the tools that the model may call. */
function callable(wire: ProviderDialectId, body: JsonObject): string[] {
  const declared = namesIn(body.tools ?? asObject(body.toolConfig)?.tools);
  const choice = asObject(body.tool_choice);
  if (wire === 'openai-responses' && choice?.type === 'allowed_tools') return namesIn(choice.tools);
  const calling = asObject(asObject(body.toolConfig)?.functionCallingConfig);
  const allowed = asArray(calling?.allowedFunctionNames);
  return allowed === undefined ? declared : allowed.map(String);
}

function namesIn(tools: JsonValue | undefined): string[] {
  return [...JSON.stringify(tools ?? []).matchAll(/"name":"(\w+)"/g)].map(([, name]) => name ?? '');
}
