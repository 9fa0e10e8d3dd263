// What agents really send, turn by turn, at each provider: the prompt of a turn begins with all of the turn before, whatever the
// translation does with names, ids, seals, reminders, pictures and breakpoints that have moved on.
import { describe, expect, test } from 'bun:test';
import { DIALECT_IDS, type DialectId, type ProviderDialectId } from '../../../src/model/dialect-id.ts';
import { asArray, asObject, type JsonObject, type JsonValue } from '../../../src/model/json/json.ts';
import {
  callIdToWire,
  callWithThoughtsToWire,
  ownToken,
  tokenToWire,
} from '../../../src/model/opaque-token.ts';
import { MODELS } from '../../providers/row-lab.ts';
import { promptOf, withoutBreakpoints } from '../../support/prompt.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

type Lab = [kind: string, wire: ProviderDialectId, model: string];

const CHAT_KINDS = Object.entries(MODELS).map(([kind, model]): Lab => [kind, 'openai-chat', model]);
const LABS: Lab[] = [
  ['anthropic', 'anthropic-messages', 'claude-haiku-4-5'],
  ['anthropic', 'anthropic-messages', 'claude-opus-4-8'],
  ['anthropic', 'anthropic-messages', 'claude-opus-5-5'],
  ['bedrock', 'bedrock-converse', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
  ['bedrock', 'bedrock-converse', 'anthropic.claude-opus-5-5'],
  ['bedrock', 'bedrock-converse', 'amazon.nova-pro-v1:0'],
  ['bedrock', 'bedrock-converse', 'us.amazon.nova-2-lite-v1:0'],
  ['bedrock-anthropic', 'bedrock-invoke', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
  ['openai', 'openai-responses', 'gpt-6-sol'],
  ['openai', 'openai-chat', 'gpt-4.1'],
  ['azure', 'openai-chat', 'gpt-5-mini'],
  ['deepseek', 'openai-chat', 'deepseek-reasoner'],
  ['deepseek', 'openai-chat', 'deepseek-v4'],
  ['moonshot', 'openai-chat', 'kimi-k3'],
  ['openrouter', 'openai-chat', 'google/gemini-3-pro'],
  ['gemini', 'gemini', 'gemini-3-pro'],
  ['gemini', 'gemini', 'gemini-2.5-flash'],
  ['ollama', 'ollama-chat', 'qwen3'],
  ...CHAT_KINDS,
];

/** Whose seals the history holds. */
const SEALERS = ['anthropic-messages', 'openai-responses', 'gemini', 'openai-chat'] as const;

const PNG = 'iVBORw0KGgo=';
const LONG = `mcp__a_server_with_a_long_name__${'a_tool_with_a_longer_name_still_'.repeat(2)}`;
const SCHEMA: JsonObject = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: {
    path: { type: 'string' },
    n: { type: ['integer', 'null'] },
    of: { $ref: '#/definitions/of' },
  },
  definitions: { of: { type: 'string', enum: ['a', 'b'] } },
  required: ['path'],
  additionalProperties: false,
};
const CHOICE: JsonObject = {
  type: 'object',
  oneOf: [{ required: ['a'] }, { required: ['b'] }],
  properties: { a: { type: 'string' }, b: { type: 'number' } },
};
const NAMES = ['Read', LONG, 'do.it now'] as const;
const SCHEMAS = [SCHEMA, CHOICE, { type: 'object', properties: {} }];

interface Agent {
  path: string;
  /** @param seal a token of another turn, as the client keeps it. @param turn which request it is. */
  whole(seal: (text: string) => string, sealer: ProviderDialectId): JsonObject;
  /** What changes from request to request, and is not the conversation. */
  inTurn?(body: JsonObject, turn: number): JsonObject;
}

const EPHEMERAL = { cache_control: { type: 'ephemeral' } };

const AGENTS: Record<DialectId, Agent> = {
  // Claude Code.
  'anthropic-messages': {
    path: '/v1/messages',
    whole: (seal) => ({
      model: 'm',
      max_tokens: 32_000,
      thinking: { type: 'enabled', budget_tokens: 10_000 },
      metadata: { user_id: '{"device_id":"d","account_uuid":"","session_id":"s-1"}' },
      system: [
        { type: 'text', text: 'You are Claude Code.', ...EPHEMERAL },
        { type: 'text', text: 'Be brief.', ...EPHEMERAL },
      ],
      tools: [
        ...NAMES.map((name, at) => ({
          name: name.replaceAll(/[. ]/g, '_'),
          description: 'Does it.',
          input_schema: SCHEMAS[at] ?? {},
        })),
        { type: 'web_search_20250305', name: 'web_search', max_uses: 3 },
      ],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: '<system-reminder>Today is Sunday.</system-reminder>' },
            { type: 'text', text: 'Fix it.' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'I read both.', signature: seal('one') },
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 'toolu_1', name: 'Read', input: { path: 'a' } },
            { type: 'tool_use', id: 'toolu_2', name: LONG, input: { a: '1' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'toolu_1', content: 'one\ntwo' },
            {
              type: 'tool_result',
              tool_use_id: 'toolu_2',
              content: [
                { type: 'text', text: 'seen' },
                { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
              ],
            },
            { type: 'text', text: '<system-reminder>Use the list.</system-reminder>' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: '', signature: seal('two') },
            { type: 'redacted_thinking', data: seal('three') },
            { type: 'tool_use', id: 'toolu_3', name: 'do_it_now', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'toolu_3', is_error: true, content: 'no such thing' },
          ],
        },
        { role: 'assistant', content: [{ type: 'text', text: 'That failed.  ' }] },
        { role: 'user', content: 'Try it with care.' },
        { role: 'system', content: 'Keep the list of tasks up to date.' },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: '\n\n' },
            { type: 'tool_use', id: 'toolu_4', name: 'Read', input: { path: 'b' } },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_4' }] },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Search.', signature: seal('four') },
            { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
            {
              type: 'web_search_tool_result',
              tool_use_id: 'srvtoolu_1',
              content: [
                {
                  type: 'web_search_result',
                  url: 'https://a.test',
                  title: 'A',
                  encrypted_content: 'e',
                  page_age: null,
                },
              ],
            },
            {
              type: 'text',
              text: 'It is so.',
              citations: [
                {
                  type: 'web_search_result_location',
                  url: 'https://a.test',
                  title: 'A',
                  encrypted_index: 'i',
                  cited_text: 'so',
                },
              ],
            },
          ],
        },
        { role: 'user', content: [{ type: 'text', text: 'Thanks.' }] },
        { role: 'assistant', content: 'Welcome.' },
      ],
    }),
    /** The breakpoint moves on, and the billing line names each request anew. */
    inTurn(body, turn) {
      const messages = asArray(body.messages) ?? [];
      const { content, ...last } = asObject(messages.at(-1)) ?? {};
      const blocks =
        typeof content === 'string' ? [{ type: 'text', text: content }] : (asArray(content) ?? []);
      const end = { ...asObject(blocks.at(-1)), ...(last.role === 'user' && EPHEMERAL) };
      const billing = {
        type: 'text',
        text: `x-anthropic-billing-header: cc_version=2.1.${turn}; cch=0000${turn};`,
      };
      return {
        ...body,
        system: [billing, ...(asArray(body.system) ?? [])],
        messages: [...messages.slice(0, -1), { ...last, content: [...blocks.slice(0, -1), end] }],
      };
    },
  },
  // Cline, opencode and others.
  'openai-chat': {
    path: '/v1/chat/completions',
    whole: (seal, sealer) => {
      const call = (id: string, name: string, args: string, more: JsonObject = {}): JsonObject => ({
        id,
        type: 'function',
        function: { name, arguments: args },
        ...more,
      });
      const idOf = (id: string) => callIdToWire(id, ownToken(sealer, `of ${id}`));
      return {
        model: 'm',
        reasoning_effort: 'medium',
        tools: NAMES.map((name, at) => ({
          type: 'function',
          function: { name: name.replaceAll(/[. ]/g, '_'), parameters: SCHEMAS[at] ?? {}, strict: at === 0 },
        })),
        messages: [
          { role: 'system', content: 'You are an agent.' },
          { role: 'developer', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Fix it.' },
              { type: 'text', text: '<environment_details>Sunday</environment_details>' },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
            ],
          },
          {
            role: 'assistant',
            content: 'I look.',
            reasoning_content: 'I read both.',
            reasoning_details: [
              {
                type: 'reasoning.text',
                text: 'I read both.',
                signature: seal('one'),
                index: 0,
                format: 'anthropic-claude-v1',
              },
            ],
            tool_calls: [call(idOf('call_1'), 'Read', '{"path": "a"}'), call('call_2', LONG, '{"a":"1"}')],
          },
          { role: 'tool', tool_call_id: idOf('call_1'), content: 'one\ntwo' },
          {
            role: 'tool',
            tool_call_id: 'call_2',
            content: [
              { type: 'text', text: 'seen' },
              { type: 'text', text: 'more' },
            ],
          },
          { role: 'user', content: 'Use the list.' },
          {
            role: 'assistant',
            content: null,
            reasoning_content: '',
            tool_calls: [
              call('call_3', 'do_it_now', '', { extra_content: { google: { thought_signature: 'c2ln' } } }),
            ],
          },
          { role: 'tool', tool_call_id: 'call_3', content: '' },
          { role: 'assistant', content: 'That failed.  ' },
          { role: 'user', content: 'Try it with care.', name: 'anna' },
          { role: 'system', content: 'Keep the list of tasks up to date.' },
          { role: 'assistant', content: '\n\n', tool_calls: [call('call_4', 'Read', '{"path":"b"}')] },
          { role: 'tool', tool_call_id: 'call_4', content: ' ' },
          { role: 'assistant', content: '', reasoning: 'Done.' },
          { role: 'user', content: 'And?' },
          { role: 'assistant', content: 'Nothing.' },
        ],
      };
    },
  },
  // Codex.
  'openai-responses': {
    path: '/v1/responses',
    whole: (seal, sealer) => {
      const text = (role: string, words: string): JsonObject => ({
        type: 'message',
        role,
        content: [{ type: role === 'assistant' ? 'output_text' : 'input_text', text: words }],
      });
      const reasoning = (name: string, summary: string[]): JsonObject => ({
        type: 'reasoning',
        id: `rs_${name}`,
        summary: summary.map((each) => ({ type: 'summary_text', text: each })),
        encrypted_content: seal(name),
      });
      const idOf = (id: string) => callIdToWire(id, ownToken(sealer, `of ${id}`));
      return {
        model: 'm',
        instructions: 'You are Codex.',
        store: false,
        include: ['reasoning.encrypted_content'],
        reasoning: { effort: 'medium', summary: 'auto' },
        prompt_cache_key: 's-1',
        parallel_tool_calls: true,
        tools: [
          ...NAMES.map((name, at) => ({
            type: 'function',
            name: name.replaceAll(/[. ]/g, '_'),
            parameters: SCHEMAS[at] ?? {},
            strict: false,
          })),
          {
            type: 'custom',
            name: 'apply_patch',
            description: 'Patches.',
            format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' },
          },
          { type: 'web_search', external_web_access: false },
        ],
        input: [
          text('developer', '<permissions>none</permissions>'),
          text('user', '<environment_context>Sunday</environment_context>'),
          text('user', 'Fix it.'),
          reasoning('one', ['I read both.']),
          text('assistant', 'I look.'),
          {
            type: 'function_call',
            id: 'fc_1',
            call_id: idOf('call_1'),
            name: 'Read',
            arguments: '{"path": "a"}',
          },
          { type: 'function_call', id: 'fc_2', call_id: 'call_2', name: LONG, arguments: '{"a":"1"}' },
          { type: 'function_call_output', call_id: idOf('call_1'), output: 'one\ntwo' },
          {
            type: 'function_call_output',
            call_id: 'call_2',
            output: [
              { type: 'input_text', text: 'seen' },
              { type: 'input_image', image_url: `data:image/png;base64,${PNG}` },
            ],
          },
          reasoning('two', []),
          { type: 'custom_tool_call', call_id: 'call_3', name: 'apply_patch', input: '*** Begin' },
          { type: 'custom_tool_call_output', call_id: 'call_3', output: '' },
          text('assistant', 'That failed.  '),
          text('user', 'Try it with care.'),
          text('developer', 'Keep the list of tasks up to date.'),
          reasoning('three', ['Search.', 'Then tell.']),
          {
            type: 'web_search_call',
            id: 'ws_1',
            status: 'completed',
            action: { type: 'search', query: 'x', queries: ['x'] },
          },
          text('assistant', 'It is so.'),
          text('user', 'Thanks.'),
          text('assistant', 'Welcome.'),
        ],
      };
    },
  },
  // Gemini CLI.
  gemini: {
    path: '/v1beta/models/m:generateContent',
    whole: (seal) => ({
      systemInstruction: { role: 'user', parts: [{ text: 'You are an agent.' }] },
      generationConfig: {
        temperature: 1,
        topP: 0.95,
        thinkingConfig: { includeThoughts: true, thinkingBudget: 8192 },
      },
      tools: [
        {
          functionDeclarations: NAMES.map((name, at) => ({
            name: name.replaceAll(' ', '_'),
            description: 'Does it.',
            parametersJsonSchema: SCHEMAS[at] ?? {},
          })),
        },
      ],
      contents: [
        { role: 'user', parts: [{ text: 'This is the directory.' }] },
        { role: 'model', parts: [{ text: 'Got it.' }] },
        { role: 'user', parts: [{ text: 'Fix it.' }, { inlineData: { mimeType: 'image/png', data: PNG } }] },
        {
          role: 'model',
          parts: [
            { text: 'I read both.', thought: true, thoughtSignature: seal('zero') },
            { text: 'I look.', thoughtSignature: seal('one') },
            { functionCall: { name: 'Read', args: { path: 'a' } }, thoughtSignature: seal('two') },
            { functionCall: { name: LONG, args: { a: '1' } } },
          ],
        },
        {
          role: 'user',
          parts: [
            { functionResponse: { name: 'Read', response: { output: 'one\ntwo' } } },
            { functionResponse: { name: LONG, response: { output: 'seen' } } },
            { text: 'Use the list.' },
          ],
        },
        {
          role: 'model',
          parts: [
            { functionCall: { id: 'own-id', name: 'do.it_now', args: {} }, thoughtSignature: seal('three') },
          ],
        },
        {
          role: 'user',
          parts: [
            { functionResponse: { id: 'own-id', name: 'do.it_now', response: { error: 'no such thing' } } },
          ],
        },
        { role: 'model', parts: [{ text: 'That failed.  ' }, { text: '', thoughtSignature: seal('four') }] },
        { role: 'user', parts: [{ text: 'Try it with care.' }] },
        { role: 'model', parts: [{ functionCall: { name: 'Read', args: { path: 'b' } } }] },
        {
          role: 'user',
          parts: [
            {
              functionResponse: {
                name: 'Read',
                response: {},
                parts: [{ inlineData: { mimeType: 'image/png', data: PNG } }],
              },
            },
          ],
        },
        { role: 'model', parts: [{ text: 'Done.' }] },
        { role: 'user', parts: [{ text: 'Thanks.' }] },
        { role: 'model', parts: [{ text: 'Welcome.' }] },
      ],
    }),
  },
  // VS Code, Open WebUI, LangChain.
  'ollama-chat': {
    path: '/api/chat',
    whole: (_, sealer) => {
      const carried = (id: string, thought: string) => {
        const token = ownToken(sealer, Buffer.from(`of ${id}`).toString('base64'));
        const before = { length: thought.length, token, isRedacted: false, isAfterText: false };
        return callWithThoughtsToWire({ id, token, thoughts: [before] });
      };
      return {
        model: 'm',
        stream: false,
        think: true,
        options: { num_ctx: 8_192, temperature: 0 },
        tools: NAMES.map((name, at) => ({
          type: 'function',
          function: { name, description: 'Does it.', parameters: SCHEMAS[at] ?? {} },
        })),
        messages: [
          { role: 'system', content: 'You are an agent.' },
          { role: 'user', content: 'Fix it.', images: [PNG] },
          {
            role: 'assistant',
            content: 'I look.',
            thinking: 'I read both.',
            tool_calls: [
              {
                id: carried('call_1', 'I read both.'),
                function: { index: 0, name: 'Read', arguments: { path: 'a' } },
              },
              { id: 'call_2', function: { index: 1, name: LONG, arguments: { a: '1' } } },
            ],
          },
          {
            role: 'tool',
            tool_name: 'Read',
            tool_call_id: carried('call_1', 'I read both.'),
            content: 'one\ntwo',
          },
          { role: 'tool', tool_name: LONG, tool_call_id: 'call_2', content: 'seen' },
          {
            role: 'assistant',
            content: '',
            tool_calls: [{ function: { name: 'do.it now', arguments: {} } }],
          },
          { role: 'tool', tool_name: 'do.it now', content: 'no such thing' },
          { role: 'assistant', content: 'That failed.  ' },
          { role: 'user', content: 'Try it with care.' },
          { role: 'system', content: 'Keep the list of tasks up to date.' },
          {
            role: 'assistant',
            content: '\n\n',
            tool_calls: [{ function: { name: 'Read', arguments: { path: 'b' } } }],
          },
          { role: 'tool', content: '' },
          { role: 'assistant', content: 'It is so.', thinking: 'Told.' },
          { role: 'user', content: 'Thanks.' },
          { role: 'assistant', content: 'Welcome.' },
        ],
      };
    },
  },
};

const isAnswer = (item: JsonValue | undefined) => {
  const { role, type } = asObject(item) ?? {};
  return role === 'assistant' || role === 'model' || /^(reasoning|.*_call)$/.test(String(type));
};

/** One each time the model was to speak. */
function requestsOf(whole: JsonObject): JsonObject[] {
  const name = ['messages', 'input', 'contents'].find((each) => whole[each] !== undefined) ?? '';
  const items = asArray(whole[name]) ?? [];
  return items.flatMap((item, at) =>
    isAnswer(item) && !isAnswer(items[at - 1]) ? [{ ...whole, [name]: items.slice(0, at) }] : [],
  );
}

async function promptsOf(client: DialectId, [kind, wire, model]: Lab, sealer: ProviderDialectId) {
  const upstream = createReplayFetch(
    jsonReply({ error: { message: 'enough', type: 'invalid_request_error' } }, { status: 400 }),
  );
  const isAmazon = kind.startsWith('bedrock');
  const config = {
    kind,
    base_url: `http://upstream.test${isAmazon || wire === 'anthropic-messages' || wire === 'gemini' || wire === 'ollama-chat' ? '' : '/v1'}`,
    api_key: 'lab-key',
    max_retries: 0,
    breaker: { enabled: false },
    ...(kind === 'openai' && { dialect: wire }),
    ...(kind === 'azure' && { options: { api_version: '2025-04-01-preview' } }),
  } as const;
  const { post } = createTestGateway({ config: { providers: { lab: config } }, fetch: upstream.fetch });
  const agent = AGENTS[client];
  const seal = (text: string) => tokenToWire(client, ownToken(sealer, Buffer.from(text).toString('base64')));
  const prompts: string[][] = [];
  for (const [turn, asked] of requestsOf(agent.whole(seal, sealer)).entries()) {
    const body = agent.inTurn?.(asked, turn) ?? asked;
    const response = await post(agent.path, body, { headers: { 'x-sluice-target': `lab/${model}` } });
    const said = await response.text();
    const sent = upstream.requests[turn];
    if (sent === undefined) throw new Error(`turn ${turn} was not sent: ${said}`);
    prompts.push(promptOf(withoutBreakpoints(sent.json() as JsonObject)));
  }
  return prompts;
}

for (const client of DIALECT_IDS) {
  describe(`an agent of ${client}`, () => {
    const others = LABS.filter(([, wire]) => wire !== client);
    for (const lab of others) {
      test.each(SEALERS)(`at ${lab.join(' ')}, with seals of %s`, async (sealer) => {
        let before: string[] = [];
        for (const [turn, prompt] of (await promptsOf(client, lab, sealer)).entries()) {
          expect({ turn, prompt: prompt.slice(0, before.length) }).toEqual({ turn, prompt: before });
          before = prompt;
        }
        expect(before.length).toBeGreaterThan(10);
      });
    }
  });
}
