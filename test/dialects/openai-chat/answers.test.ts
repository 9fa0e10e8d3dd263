// Whole answers: the forms that servers give them, and what clients get.
import { describe, expect, test } from 'bun:test';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import type { AnswerContext } from '../../../src/dialects/dialect.ts';
import type { Part } from '../../../src/model/content.ts';
import { asArray, asObject, type JsonObject, type JsonValue } from '../../../src/model/json/json.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { callIdToWire, ownToken } from '../../../src/model/opaque-token.ts';
import { CONTEXT, own } from './events.ts';

function partsOf(message: JsonObject, body: JsonObject = {}, choice: JsonObject = {}) {
  const choices = [{ index: 0, message, finish_reason: 'stop', ...choice }];
  return openaiChat.provider.parseResponse({ id: 'c1', model: 'm', choices, ...body }).parts;
}

describe('parse', () => {
  test('a call of an unknown type is named; it is no call of a tool', () => {
    const known = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
    const message = { tool_calls: [{ id: 'b', type: 'mcp', mcp: { name: 'g' } }, known] };
    const choices = [{ index: 0, message, finish_reason: 'tool_calls' }];
    const { parts, extension } = openaiChat.provider.parseResponse({ id: 'c1', model: 'm', choices });
    expect(parts.map((part) => part.type === 'tool-call' && part.name)).toEqual(['f']);
    expect(Object.keys(extension?.fields ?? {})).toEqual(['tool_calls.mcp']);
  });

  test('of several answers the first is read, and that there are others is named', () => {
    const choices = ['a', 'b'].map((content, index) => ({
      index,
      message: { content },
      finish_reason: 'stop',
    }));
    const { parts, extension } = openaiChat.provider.parseResponse({ id: 'c1', model: 'm', choices });
    expect(parts).toEqual([{ type: 'text', text: 'a' }]);
    expect(Object.keys(extension?.fields ?? {})).toEqual(['choices']);
  });

  test('calls that stand in a choice of their own (Copilot) are those of the answer', () => {
    const calls = ['a', 'b'].map((id) => ({
      id,
      type: 'function',
      function: { name: 'f', arguments: '{}' },
    }));
    const messages: JsonObject[] = [{ content: 'I look.' }, { tool_calls: calls }];
    const choices = messages.map((message, index) => ({ index, message, finish_reason: 'tool_calls' }));
    const { parts, extension } = openaiChat.provider.parseResponse({ id: 'c1', model: 'm', choices });
    expect(parts.map((part) => (part.type === 'tool-call' ? part.id : part.type))).toEqual([
      'text',
      'a',
      'b',
    ]);
    expect(extension).toBeUndefined();
  });

  test.each<[string, JsonObject, Part[]]>([
    ['text', { content: 'a' }, [{ type: 'text', text: 'a' }]],
    ['nothing', { content: null }, []],
    [
      "Copilot's fields of reasoning",
      { content: 'a', reasoning_text: 'hm', reasoning_opaque: 's' },
      [
        { type: 'reasoning', text: 'hm', signature: own('{"signature":"s","format":"copilot"}') },
        { type: 'text', text: 'a' },
      ],
    ],
    [
      'an array of thinking and text',
      {
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'h' }] },
          { type: 'thinking', thinking: 'm' },
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
          { type: 'reference', reference_ids: [1] },
        ],
      },
      [
        { type: 'reasoning', text: 'hm' },
        { type: 'text', text: 'ab' },
        {
          type: 'opaque',
          dialect: 'openai-chat',
          name: 'reference',
          value: { type: 'reference', reference_ids: [1] },
        },
      ],
    ],
    [
      'images, by their address too, and what has neither',
      {
        content: null,
        images: [
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'image_url', image_url: { url: 'https://a.example/b.png' } },
          { type: 'image_url' },
        ],
      },
      [
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } },
        {
          type: 'opaque',
          dialect: 'openai-chat',
          name: 'image',
          value: { type: 'image_url', image_url: { url: 'https://a.example/b.png' } },
        },
      ],
    ],
    ['refusal', { content: null, refusal: 'No' }, [{ type: 'refusal', text: 'No' }]],
    [
      'a call without id, its arguments an object',
      { content: '', tool_calls: [{ type: 'function', function: { name: 'f', arguments: { a: 1 } } }] },
      [{ type: 'tool-call', id: 'call_0_c1', name: 'f', arguments: '{"a":1}', kind: 'function' }],
    ],
    [
      'a custom call',
      { tool_calls: [{ id: 'x', type: 'custom', custom: { name: 'sql', input: 'SELECT' } }] },
      [{ type: 'tool-call', id: 'x', name: 'sql', arguments: 'SELECT', kind: 'custom' }],
    ],
    [
      'a legacy call',
      { content: null, function_call: { name: 'f', arguments: '{}' } },
      [{ type: 'tool-call', id: 'call_0_c1', name: 'f', arguments: '{}', kind: 'function' }],
    ],
    [
      'audio with its transcript',
      { content: null, audio: { id: 'a', data: 'UklGRg==', transcript: 'Hello', expires_at: 1 } },
      [
        { type: 'text', text: 'Hello' },
        {
          type: 'audio',
          source: { kind: 'base64', mediaType: 'audio/wav', data: 'UklGRg==' },
          extension: { dialect: 'openai-chat', fields: { id: 'a', transcript: 'Hello', expires_at: 1 } },
        },
      ],
    ],
    [
      'images',
      { content: null, images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }] },
      [{ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' } }],
    ],
    [
      'empty fields of servers that fill everything in',
      {
        content: 'a',
        refusal: '',
        tool_calls: null,
        function_call: { name: '', arguments: '' },
        audio: { id: '', data: '' },
        annotations: null,
      },
      [{ type: 'text', text: 'a' }],
    ],
  ])('%s', (_, message, parts) => {
    expect(partsOf(message)).toEqual(parts);
  });

  test('annotations, else listed sources, belong to the text', () => {
    const url_citation = { url: 'https://a.example', title: 'A', start_index: 0, end_index: 1 };
    expect(partsOf({ content: 'ab', annotations: [{ type: 'url_citation', url_citation }] })).toMatchObject([
      { citations: [{ kind: 'url', url: 'https://a.example', title: 'A', start: 0, end: 1 }] },
    ]);
    expect(partsOf({ content: 'ab' }, { citations: ['https://a.example'] })).toEqual([
      { type: 'text', text: 'ab', citations: [{ kind: 'url', url: 'https://a.example' }] },
    ]);
  });

  test('annotations of an answer without text are those of none', () => {
    expect(partsOf({ content: null, annotations: [{ url_citation: { url: 'https://a.example' } }] })).toEqual(
      [],
    );
  });

  test('log probabilities of several texts, or in a form of their own, stay as they came', () => {
    const tokens = { content: [{ token: 'a', logprob: -1, bytes: [97], top_logprobs: [] }] };
    const parsed = (content: JsonObject['content'], logprobs: JsonObject) =>
      openaiChat.provider.parseResponse({
        choices: [{ message: { content }, logprobs, finish_reason: 'stop' }],
      });
    expect(parsed('a', tokens)).toMatchObject({ parts: [{ logprobs: [{ token: 'a' }] }] });
    const thinking = { type: 'thinking', thinking: 'hm' };
    const texts = [{ type: 'text', text: 'a' }, thinking, { type: 'text', text: 'b' }];
    for (const [content, logprobs] of [
      [texts, tokens],
      ['a', { content: ['a'] }],
      // Together's: https://docs.together.ai/reference/chat-completions-1
      ['a', { tokens: ['a'], token_logprobs: [-1], token_ids: [7] }],
    ] as const) {
      const { parts, extension } = parsed(content as JsonObject['content'], logprobs as JsonObject);
      expect(JSON.stringify(parts)).not.toContain('logprob');
      expect(extension?.fields).toEqual({ logprobs } as JsonObject);
    }
  });

  test('an answer that was searched for costs more than its tokens', () => {
    const answer = (message: JsonObject, body: JsonObject = {}) =>
      openaiChat.provider.parseResponse({
        choices: [{ message, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1 },
        ...body,
      }).otherCharges;
    expect(answer({ content: 'a' }, { citations: ['https://a.example'] })).toBe(true);
    expect(answer({ content: 'a', executed_tools: [{ type: 'search' }] })).toBe(true);
    expect(answer({ content: 'a' })).toBeUndefined();
  });

  test('so does one for which audio was listened to, where it is billed by its length (Voxtral)', () => {
    const heard = (prompt_audio_seconds: JsonValue) =>
      openaiChat.provider.parseResponse({
        choices: [{ message: { content: 'a' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, prompt_audio_seconds },
      }).otherCharges;
    expect([60, 0, null, {}].map(heard)).toEqual([true, undefined, undefined, undefined]);
  });

  test('an answer that broke off, and a call without a name, are failures; an empty call is none', () => {
    expect(() => partsOf({ content: 'a' }, {}, { finish_reason: 'error' })).toThrow(
      expect.objectContaining({ code: 'upstream_failed' }),
    );
    const unnamed = (args: string) =>
      partsOf({ content: 'a', tool_calls: [{ function: { arguments: args } }] });
    expect(() => unnamed('{}')).toThrow(expect.objectContaining({ code: 'upstream_malformed' }));
    expect(unnamed('')).toEqual([{ type: 'text', text: 'a' }]);
  });

  test('arguments that a server wrote in another form are the object that was meant', () => {
    const written = ['null', ' "{\\"x\\":1}" ', '{"x":"null"}', '"x"'];
    const calls = written.map((text, at) => ({ id: `c${at}`, function: { name: 'f', arguments: text } }));
    const read = partsOf({ tool_calls: calls }).map((part) => part.type === 'tool-call' && part.arguments);
    expect(read).toEqual(['{}', '{"x":1}', '{"x":"null"}', '"x"']);
  });

  test('calls make a stop a tool_use', () => {
    const message = { tool_calls: [{ id: 'x', function: { name: 'f', arguments: '{}' } }] };
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    expect(openaiChat.provider.parseResponse({ choices }).finish).toEqual({
      unified: 'tool_use',
      raw: 'stop',
    });
  });
});

describe('build', () => {
  const build = (parts: Part[], context: AnswerContext = CONTEXT) =>
    openaiChat.client.buildResponse(
      {
        id: null,
        model: null,
        parts,
        finish: { unified: 'end_turn', raw: 'end_turn' },
        usage: { ...NO_USAGE, inputTokens: 2, outputTokens: 1 },
      },
      context,
    );
  const messageOf = (...parts: Part[]) => asObject(asArray(build(parts).choices)?.[0])?.message;

  test('the envelope', () => {
    expect(build([{ type: 'text', text: 'a' }])).toEqual({
      id: 'chatcmpl-req1',
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'served-model',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'a', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 2,
        completion_tokens: 1,
        total_tokens: 3,
        prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
      },
      service_tier: 'default',
      // OpenRouter's SDKs refuse a whole answer without it.
      system_fingerprint: null,
    });
  });

  test('log probabilities of texts and refusals, and images by their bytes or address', () => {
    const token = (said: string) => ({ token: said, logprob: -1, top: [] });
    const spelled = (...parts: Part[]) => asObject(asArray(build(parts).choices)?.[0])?.logprobs;
    expect(spelled({ type: 'text', text: 'ab', logprobs: [token('a'), token('b')] })).toMatchObject({
      content: [{ token: 'a' }, { token: 'b' }],
      refusal: null,
    });
    expect(spelled({ type: 'refusal', text: 'No', logprobs: [token('No')] })).toMatchObject({
      content: null,
      refusal: [{ token: 'No' }],
    });
    const image = (source: Extract<Part, { type: 'image' }>['source']): Part => ({ type: 'image', source });
    const message = messageOf(
      image({ kind: 'base64', mediaType: 'image/png', data: 'AAAA' }),
      image({ kind: 'url', url: 'https://a.example/b.png' }),
    );
    expect(asObject(message)?.images as unknown).toEqual([
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'image_url', image_url: { url: 'https://a.example/b.png' } },
    ]);
  });

  test('an answer without a word is an empty text, as OpenAI says it and takes it back; null stands beside what is instead of text', () => {
    const call = { type: 'tool-call', id: 'x', name: 'f', arguments: '{}', kind: 'function' } as const;
    expect(messageOf()).toEqual({ role: 'assistant', content: '', refusal: null });
    expect(messageOf({ type: 'reasoning', text: 'hm' })).toMatchObject({
      content: '',
      reasoning_content: 'hm',
    });
    expect(messageOf(call)).toHaveProperty('content', null);
    expect(messageOf({ type: 'refusal', text: 'No' })).toHaveProperty('content', null);
  });

  test('reasoning, calls, refusal, and nothing of provider-run tools', () => {
    const message = messageOf(
      { type: 'reasoning', text: 'hm', signature: own('s') },
      { type: 'reasoning', text: '', redacted: own('zz') },
      { type: 'tool-call', id: 's', name: 'web_search', arguments: '{}', kind: 'server' },
      { type: 'server-tool-result', callId: 's', dialect: 'anthropic-messages', value: {} },
      { type: 'tool-call', id: 'x', name: 'f', arguments: '', kind: 'function', signature: own('g') },
      { type: 'refusal', text: 'No' },
    );
    expect(message).toEqual({
      role: 'assistant',
      content: null,
      refusal: 'No',
      reasoning_content: 'hm',
      reasoning_details: [
        { type: 'reasoning.text', text: 'hm', signature: 's', index: 0 },
        { type: 'reasoning.encrypted', data: 'zz', index: 1 },
      ],
      tool_calls: [
        {
          id: 'x',
          type: 'function',
          function: { name: 'f', arguments: '{}' },
          extra_content: { google: { thought_signature: 'g' } },
        },
      ],
    });
  });

  test('a client that declared `functions` reads one call, in their form', () => {
    const lost: string[] = [];
    const signature = ownToken('gemini', 's');
    const call = { type: 'tool-call', name: 'f', kind: 'function' } as const;
    const parts: Part[] = [
      { ...call, id: 'a', arguments: '', signature },
      { ...call, id: 'b', arguments: '{}' },
    ];
    const response = {
      id: null,
      model: null,
      parts,
      finish: { unified: 'tool_use', raw: null },
      usage: NO_USAGE,
    } as const;
    const answer = openaiChat.client.buildResponse(response, {
      ...CONTEXT,
      tools: [{ type: 'function', name: 'f', legacy: true }],
      lost: (name) => lost.push(name),
    });
    expect(answer.choices).toMatchObject([
      {
        message: { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
        finish_reason: 'function_call',
      },
    ]);
    expect(JSON.stringify(answer)).not.toContain('tool_calls');
    expect(lost).toEqual(['thought_signature', 'tool_calls']);
  });

  test("another provider's audio has all the fields that a typed client reads", () => {
    const source = { kind: 'base64', mediaType: 'audio/wav', data: 'UklGRg==' } as const;
    expect(messageOf({ type: 'audio', source })).toHaveProperty('audio', {
      id: 'audio-req1',
      data: 'UklGRg==',
      transcript: '',
      expires_at: 1_700_000_000,
    });
    const fields = { id: 'a', transcript: 'Hello', expires_at: 1 };
    const extension = { dialect: 'openai-chat', fields } as const;
    expect(messageOf({ type: 'audio', source, extension })).toHaveProperty('audio', {
      data: 'UklGRg==',
      ...fields,
    });
  });

  test("another dialect's tokens: in details, behind the text where they sealed it, and on ids", () => {
    const token = (text: string) => ownToken('anthropic-messages', text);
    const message = messageOf(
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'so' },
      { type: 'reasoning', text: '', signature: token('t') },
      { type: 'reasoning', text: '', redacted: token('r') },
      { type: 'tool-call', id: 'x', name: 'f', arguments: '{}', kind: 'function', signature: token('c') },
    );
    expect(message).toMatchObject({
      content: 'so',
      reasoning_content: 'hm',
      reasoning_details: [
        { type: 'reasoning.text', text: 'hm', index: 0 },
        { text: '', signature: 'sluice:anthropic-messages:t', id: 'after-text-1', index: 1 },
        { type: 'reasoning.encrypted', data: 'sluice:anthropic-messages:r', id: 'after-text-2', index: 2 },
      ],
      tool_calls: [{ id: callIdToWire('x', token('c')), function: { name: 'f' } }],
    });
    expect(JSON.stringify(message)).not.toContain('extra_content');
  });

  test('a client that reads OpenRouter’s fields gets reasoning in both, signed or not', () => {
    const context: AnswerContext = { ...CONTEXT, readsReasoningDetails: true };
    const [choice] = asArray(build([{ type: 'reasoning', text: 'hm' }], context).choices) ?? [];
    expect(asObject(choice)?.message).toEqual({
      role: 'assistant',
      content: '',
      refusal: null,
      reasoning: 'hm',
      // Its provider of the AI SDK leaves out what is unsigned and has no format.
      reasoning_details: [{ type: 'reasoning.text', text: 'hm', format: 'unknown', index: 0 }],
    });
    const signed: Part = { type: 'reasoning', text: 'hm', signature: ownToken('anthropic-messages', 's') };
    const [sealed] = asArray(build([signed], context).choices) ?? [];
    const details = asArray(asObject(asObject(sealed)?.message)?.reasoning_details) ?? [];
    expect(details).toMatchObject([{ text: 'hm', signature: 'sluice:anthropic-messages:s' }]);
    expect(details[0]).not.toHaveProperty('format');
  });

  test('unsigned reasoning needs no details', () => {
    expect(messageOf({ type: 'reasoning', text: 'hm' })).not.toHaveProperty('reasoning_details');
  });

  test('citations count over all texts', () => {
    const message = messageOf(
      { type: 'text', text: 'one ' },
      {
        type: 'text',
        text: 'two',
        citations: [{ kind: 'url', url: 'https://a.example', citedText: 'q' }, { kind: 'document' }],
      },
    );
    expect(message).toMatchObject({
      content: 'one two',
      annotations: [
        {
          type: 'url_citation',
          url_citation: {
            url: 'https://a.example',
            title: 'https://a.example',
            content: 'q',
            start_index: 4,
            end_index: 7,
          },
        },
      ],
    });
  });
});
