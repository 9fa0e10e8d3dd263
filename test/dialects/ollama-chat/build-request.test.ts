// Requests of clients of all dialects, as Ollama gets them, and what is named as lost.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import type { Part } from '../../../src/model/content.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import type { Message, NeutralRequest } from '../../../src/model/request.ts';

const ollamaChat = DIALECTS['ollama-chat'].provider;

function build(request: Partial<NeutralRequest>, model = 'qwen3') {
  const { body, losses } = ollamaChat.buildRequest(
    { model: 'asked', stream: false, system: [], messages: [user(text('hi'))], tools: [], ...request },
    { model, quirks: {} },
  );
  const { model: _, stream: __, messages, ...rest } = body;
  return { messages, rest, lost: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

const SEAL = ownToken('anthropic-messages', 's');
const text = (said: string): Part => ({ type: 'text', text: said });
const user = (...parts: Part[]): Message => ({ role: 'user', parts });
const assistant = (...parts: Part[]): Message => ({ role: 'assistant', parts });
const call = (id: string, name = 'f'): Part => ({
  type: 'tool-call',
  id,
  name,
  arguments: '{"a":1}',
  kind: 'function',
});
const result = (callId: string, ...content: Extract<Part, { type: 'tool-result' }>['content']): Part => ({
  type: 'tool-result',
  callId,
  content,
});
const PICTURE = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'QUJD' } } as const;
const called = (id: string, name = 'f') => ({ id, function: { name, arguments: { a: 1 } } });

describe('messages', () => {
  const HI = { role: 'user', content: 'hi' };
  const CASES: [string, Partial<NeutralRequest>, JsonObject[], string[]][] = [
    [
      'an instruction between turns, which many models refuse there, is told by the user',
      { messages: [user(text('hi')), { role: 'system', parts: [text('Be brief.')] }] },
      [{ role: 'user', content: 'hi\n\n<system-reminder>\nBe brief.\n</system-reminder>' }],
      ['approximated messages.system'],
    ],
    [
      'pieces of text are paragraphs of the user, and one text of the model',
      {
        system: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
        messages: [user(text('c'), text('d')), assistant(text('e'), text('f'))],
      },
      [
        { role: 'system', content: 'a\n\nb' },
        { role: 'user', content: 'c\n\nd' },
        { role: 'assistant', content: 'ef' },
      ],
      [],
    ],
    ['a name', { messages: [{ ...user(text('hi')), name: 'Ann' }] }, [HI], ['lost name']],
    [
      'a breakpoint of the cache',
      { messages: [user({ type: 'text', text: 'hi', cacheControl: {} })] },
      [HI],
      ['lost cache_control'],
    ],
    [
      'a refusal',
      { messages: [user(text('hi')), assistant({ type: 'refusal', text: 'No.' })] },
      [HI, { role: 'assistant', content: 'No.' }],
      ['approximated refusal'],
    ],
    [
      'sources',
      {
        messages: [
          user(text('hi')),
          assistant({ type: 'text', text: 'a', citations: [{ kind: 'url', url: 'https://a.test' }] }),
        ],
      },
      [HI, { role: 'assistant', content: 'a' }],
      ['approximated citations'],
    ],
    [
      'thinking without its seal',
      {
        messages: [
          user(text('hi')),
          assistant(
            { type: 'reasoning', text: 'h' },
            { type: 'reasoning', text: 'm', signature: SEAL },
            text('a'),
          ),
        ],
      },
      [HI, { role: 'assistant', content: 'a', thinking: 'hm' }],
      ['approximated reasoning'],
    ],
    [
      'thinking that is sealed',
      { messages: [user(text('hi')), assistant({ type: 'reasoning', text: '', redacted: SEAL }, text('b'))] },
      [HI, { role: 'assistant', content: 'b' }],
      ['lost reasoning'],
    ],
    [
      'calls, and their results in that order before what is said beside them',
      {
        messages: [
          assistant(text('a'), call('1', 'f'), call('2', 'g')),
          user(
            text('b'),
            result('2', { type: 'text', text: 'two' }),
            result('1', { type: 'text', text: 'one' }, PICTURE),
          ),
        ],
      },
      [
        { role: 'assistant', content: 'a', tool_calls: [called('1', 'f'), called('2', 'g')] },
        { role: 'tool', content: 'one', images: ['QUJD'], tool_name: 'f', tool_call_id: '1' },
        { role: 'tool', content: 'two', tool_name: 'g', tool_call_id: '2' },
        { role: 'user', content: 'b' },
      ],
      [],
    ],
    [
      'a result that failed, of a call that nobody made',
      {
        messages: [
          user({ ...result('1', { type: 'text', text: 'no' }), isError: true, cacheControl: {} } as Part),
        ],
      },
      [{ role: 'tool', content: 'no', tool_call_id: '1' }],
      ['lost is_error', 'lost cache_control'],
    ],
    [
      'a signed call',
      { messages: [assistant({ ...call('1'), signature: SEAL } as Part)] },
      [{ role: 'assistant', content: '', tool_calls: [called('1')] }],
      ['lost thought_signature'],
    ],
    [
      'what the provider ran',
      {
        messages: [
          assistant(
            { type: 'tool-call', id: '1', name: 'web_search', arguments: '{}', kind: 'server' },
            { type: 'server-tool-result', callId: '1', dialect: 'anthropic-messages', value: {} },
            { type: 'server-tool-result', callId: '2', dialect: 'anthropic-messages', value: {} },
            text('a'),
          ),
        ],
      },
      [{ role: 'assistant', content: 'a' }],
      ['lost tools.web_search', 'lost tools.server_tool_result'],
    ],
    [
      'images',
      {
        messages: [
          user(text('hi'), PICTURE, { type: 'image', source: { kind: 'url', url: 'https://a.test/a.png' } }),
        ],
      },
      [{ ...HI, content: 'hi\n\n(an image of a kind that cannot be read here)', images: ['QUJD'] }],
      ['lost image.url'],
    ],
    [
      'images, with how closely each is to be looked at',
      {
        messages: [
          user(text('hi'), { ...PICTURE, detail: 'low' }),
          user(text('hi'), { ...PICTURE, detail: 'auto' }),
        ],
      },
      [
        { ...HI, images: ['QUJD'] },
        { ...HI, images: ['QUJD'] },
      ],
      ['lost detail'],
    ],
    [
      'documents of text',
      {
        messages: [
          user(
            { type: 'document', name: 'a.txt', cites: true, source: { kind: 'text', text: 'A.' } },
            { type: 'document', source: { kind: 'text', text: 'B.' } },
            { type: 'document', source: { kind: 'base64', mediaType: 'text/plain', data: 'Qy4=' } },
          ),
        ],
      },
      [{ role: 'user', content: 'a.txt\n\nA.\n\nB.\n\nC.' }],
      ['lost citations', 'approximated document'],
    ],
    [
      'another',
      {
        messages: [
          user(text('hi'), {
            type: 'document',
            source: { kind: 'base64', mediaType: 'application/pdf', data: 'QUJD' },
          }),
        ],
      },
      [{ ...HI, content: 'hi\n\n(a document of a kind that cannot be read here)' }],
      ['lost document'],
    ],
    [
      'what only another dialect says',
      {
        messages: [
          user(text('hi'), { type: 'opaque', dialect: 'gemini', name: 'executableCode', value: {} }),
        ],
      },
      [HI],
      ['lost executableCode'],
    ],
  ];
  test.each(CASES)('%s', (_, request, expected, lost) => {
    const { messages, lost: reported } = build(request);
    expect(messages).toEqual(expected as never);
    expect(reported).toEqual(lost);
  });
});

describe('settings', () => {
  const FUNCTION = { type: 'function', name: 'f', parameters: { type: 'object', properties: {} } } as const;
  const TOOL = { type: 'function', function: { name: 'f', parameters: FUNCTION.parameters } };
  const CASES: [string, Partial<NeutralRequest>, JsonObject, string[]][] = [
    [
      'how to write',
      {
        maxOutputTokens: 9,
        temperature: 0.5,
        topP: 0.4,
        topK: 3,
        seed: 2,
        frequencyPenalty: 0.1,
        presencePenalty: 0.2,
        stopSequences: ['END'],
      },
      {
        options: {
          num_predict: 9,
          temperature: 0.5,
          top_p: 0.4,
          top_k: 3,
          seed: 2,
          frequency_penalty: 0.1,
          presence_penalty: 0.2,
          stop: ['END'],
        },
      },
      [],
    ],
    ['nothing of that', { stopSequences: [] }, {}, []],
    ['log probabilities', { logprobs: {} }, { logprobs: true }, []],
    ['those of other tokens', { logprobs: { top: 3 } }, { logprobs: true, top_logprobs: 3 }, []],
    ['JSON', { outputFormat: { type: 'json' } }, { format: 'json' }, []],
    [
      'JSON of a schema',
      { outputFormat: { type: 'json-schema', schema: { type: 'object' } } },
      { format: { type: 'object' } },
      [],
    ],
    ['thinking off', { reasoning: { mode: 'off' } }, { think: false }, []],
    ['no effort', { reasoning: { effort: 'none' } }, { think: false }, []],
    ['thinking on', { reasoning: { mode: 'on', budgetTokens: 9 } }, {}, ['lost thinking.budget_tokens']],
    ['an effort', { reasoning: { effort: 'low' } }, {}, ['lost reasoning_effort']],
    [
      'thinking that nobody wants to see',
      { reasoning: { mode: 'on', summary: 'none' } },
      {},
      ['approximated reasoning_summary'],
    ],
    ['tools', { tools: [FUNCTION] }, { tools: [TOOL] }, []],
    ['one without a schema', { tools: [{ type: 'function', name: 'f' }] }, { tools: [TOOL] }, []],
    ['none of them', { tools: [FUNCTION], toolChoice: { type: 'none' } }, {}, ['approximated tool_choice']],
    [
      'any of them',
      { tools: [FUNCTION], toolChoice: { type: 'required' } },
      { tools: [TOOL] },
      ['lost tool_choice'],
    ],
    [
      'one of them',
      { tools: [FUNCTION], toolChoice: { type: 'tool', name: 'f' } },
      { tools: [TOOL] },
      ['lost tool_choice'],
    ],
    [
      'a strict one, behind which the cache ends',
      { tools: [{ ...FUNCTION, strict: true, cacheControl: {} }] },
      { tools: [TOOL] },
      ['lost cache_control', 'lost strict'],
    ],
    [
      'one that the provider runs',
      {
        tools: [
          { type: 'server', name: 'web_search', definition: { dialect: 'anthropic-messages', fields: {} } },
        ],
      },
      {},
      ['lost tools.web_search'],
    ],
    [
      'arguments and choices that may be anything, or nothing',
      {
        tools: [
          {
            ...FUNCTION,
            parameters: {
              type: 'object',
              properties: { a: true, b: false, c: { anyOf: [true, { type: 'null' }] } },
            },
          },
        ],
      },
      {
        tools: [
          {
            type: 'function',
            function: {
              name: 'f',
              parameters: {
                type: 'object',
                properties: { a: {}, b: { not: {} }, c: { anyOf: [{}, { type: 'null' }] } },
              },
            },
          },
        ],
      },
      [],
    ],
  ];
  test.each(CASES)('%s', (_, request, expected, lost) => {
    const { rest, lost: reported } = build(request);
    expect(rest).toEqual(expected);
    expect(reported).toEqual(lost);
  });

  test.each([
    ['minimal', 'low'],
    ['low', 'low'],
    ['medium', 'medium'],
    ['high', 'high'],
    ['xhigh', 'high'],
    ['max', 'high'],
  ] as const)('effort %s, of a model with levels, is %s', (effort, level) => {
    const { rest, lost } = build({ reasoning: { effort } }, 'gpt-oss:20b');
    expect(rest).toEqual({ think: level });
    expect(lost).toEqual(level === effort ? [] : ['approximated reasoning_effort']);
  });

  test.each([{ mode: 'off' }, { effort: 'none' }] as const)(
    '%j, which such a model ignores, is low',
    (off) => {
      const { rest, lost } = build({ reasoning: off }, 'gpt-oss:20b');
      expect(rest).toEqual({ think: 'low' });
      expect(lost).toEqual(['approximated thinking']);
    },
  );

  test('a budget of tokens for such a model is the level that stands for it', () => {
    const { rest, lost } = build({ reasoning: { mode: 'on', budgetTokens: 1_024 } }, 'gpt-oss:20b');
    expect(rest).toEqual({ think: 'low' });
    expect(lost).toEqual(['approximated thinking.budget_tokens']);
  });
});
