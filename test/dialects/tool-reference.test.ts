// Tools that Anthropic's clients declare, keep back and find when asked: other models have them from the start, and must not
// read an empty answer to their search.
import { expect, test } from 'bun:test';
import { holdBack } from '../../src/dialects/anthropic-messages/found-tools.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

function sentTo(wire: (typeof PROVIDER_DIALECT_IDS)[number], found: JsonObject[]) {
  const schema = { type: 'object', properties: {} };
  const ask: JsonObject = {
    model: 'm',
    max_tokens: 9,
    tools: [
      { name: 'ToolSearch', input_schema: schema },
      { name: 'WebFetch', input_schema: schema, defer_loading: true },
      { name: 'WebSearch', input_schema: schema, defer_loading: true },
    ],
    messages: [
      { role: 'user', content: 'Fetch it.' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'ToolSearch', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: found }] },
    ],
  };
  const { client } = DIALECTS['anthropic-messages'];
  const request = client.parseRequest(ask, { operation: 'generate', model: 'm', stream: false });
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
  return { text: JSON.stringify(body), names: losses.map(({ feature }) => feature) };
}

const FOUND = [
  { type: 'tool_reference', tool_name: 'WebFetch', cache_control: { type: 'ephemeral' } },
  { type: 'tool_reference', tool_name: 'WebSearch' },
];

test.each(PROVIDER_DIALECT_IDS.map((wire) => [wire]))('at %s', (wire) => {
  const { text, names } = sentTo(wire, FOUND);
  expect(names).not.toContain('tool_reference');
  if (wire === 'anthropic-messages' || wire === 'bedrock-invoke') {
    for (const { tool_name } of FOUND)
      expect(text).toContain(`{"type":"tool_reference","tool_name":"${tool_name}"`);
    expect(text).toContain('"tool_name":"WebFetch","cache_control"');
    expect(text).not.toContain('can be called');
    return;
  }
  for (const { tool_name } of FOUND) expect(text).toContain(`The tool ${tool_name} can be called now.`);
});

test('a breakpoint on a tool that is held back, where Claude refuses it, goes to the last of the others', () => {
  const mark = { type: 'ephemeral' };
  const tools = [{ name: 'Bash' }, { name: 'Edit' }, { name: 'Fetch', cache_control: mark }];
  expect(holdBack(tools, new Set(['Fetch']))).toEqual([
    { name: 'Bash' },
    { name: 'Edit', cache_control: mark },
    { name: 'Fetch', defer_loading: true },
  ]);
});

const HELD_BACK = ['Cron', 'Fetch'];

/** Names in the order in which a request for OpenAI declares them, once these were found. */
function declaredAfter(found: string[], declaresAll = false) {
  const parameters = { type: 'object', properties: {} };
  const names = ['Bash', 'Cron', 'Edit', 'Fetch', 'Read'];
  const tools = names
    .filter((name) => declaresAll || !HELD_BACK.includes(name) || found.includes(name))
    .map((name) => ({
      name,
      input_schema: parameters,
      ...(HELD_BACK.includes(name) && { defer_loading: true }),
    }));
  const messages = found.flatMap((name) => [
    { role: 'assistant', content: [{ type: 'tool_use', id: `toolu_${name}`, name: 'Read', input: {} }] },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: `toolu_${name}`,
          content: [{ type: 'tool_reference', tool_name: name }],
        },
      ],
    },
  ]);
  const { client } = DIALECTS['anthropic-messages'];
  const ask = { model: 'm', max_tokens: 9, tools, messages: [{ role: 'user', content: 'Hi.' }, ...messages] };
  const request = client.parseRequest(ask, { operation: 'generate', model: 'm', stream: false });
  const { body } = PROVIDER_SIDES['openai-responses'].buildRequest(request, { model: 'm', quirks: {} });
  return (body.tools as JsonObject[]).map(({ name }) => name);
}

// Claude Code sorts all of them by name: a tool that is found would come between those of the turns before.
test('tools that are found come behind those that were there, each behind the one before', () => {
  expect(declaredAfter([])).toEqual(['Bash', 'Edit', 'Read']);
  expect(declaredAfter(['Fetch'])).toEqual(['Bash', 'Edit', 'Read', 'Fetch']);
  expect(declaredAfter(['Fetch', 'Cron'])).toEqual(['Bash', 'Edit', 'Read', 'Fetch', 'Cron']);
});

// As Anthropic documents a search of one's own: every tool that may be found is among the tools of every request.
test('tools that were declared before they are found keep their order', () => {
  const order = ['Bash', 'Edit', 'Read', 'Cron', 'Fetch'];
  expect(declaredAfter([], true)).toEqual(order);
  expect(declaredAfter(['Fetch'], true)).toEqual(order);
});

test('one that names no tool is a loss', () => {
  expect(sentTo('openai-chat', [{ type: 'tool_reference' }]).names).toContain('tool_reference');
});

// Claude Code 2.1 declares it in every request.
const PLACEHOLDER = {
  name: 'DeferredToolPlaceholder',
  description: 'Reserved placeholder that keeps deferred tool loading active; never call this tool.',
  input_schema: { type: 'object', properties: {} },
  defer_loading: true,
};

test.each(PROVIDER_DIALECT_IDS.map((wire) => [wire]))('at %s, the placeholder of held-back tools', (wire) => {
  const tools = [PLACEHOLDER, { name: 'Write', input_schema: { type: 'object', properties: {} } }];
  const ask = { model: 'm', max_tokens: 99, tools, messages: [{ role: 'user', content: 'Hi.' }] };
  const { client } = DIALECTS['anthropic-messages'];
  const request = client.parseRequest(ask, { operation: 'generate', model: 'm', stream: false });
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
  const isClaudes = wire === 'anthropic-messages' || wire === 'bedrock-invoke';
  if (isClaudes) expect(body.tools).toContainEqual(PLACEHOLDER);
  else expect(JSON.stringify(body)).not.toContain('Placeholder');
  expect(losses).toEqual([]);
});

test('a tool of that name that is offered is a tool like others', () => {
  const { defer_loading: _, ...tool } = PLACEHOLDER;
  const ask = { model: 'm', max_tokens: 9, tools: [tool], messages: [{ role: 'user', content: 'Hi.' }] };
  const { client } = DIALECTS['anthropic-messages'];
  const { tools } = client.parseRequest(ask, { operation: 'generate', model: 'm', stream: false });
  expect(tools).toMatchObject([{ type: 'function', name: PLACEHOLDER.name }]);
});
