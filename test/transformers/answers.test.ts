// Transformers that change answers, from every provider dialect to every client dialect, streamed and whole.
import { describe, expect, test } from 'bun:test';
import type { DialectId } from '../../src/model/dialect-id.ts';
import { GatewayError } from '../../src/model/errors.ts';
import type { StreamEvent } from '../../src/model/events.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { ownToken } from '../../src/model/opaque-token.ts';
import { createTagging, createUntagging } from '../../src/transformers/reasoning-answer.ts';
import { tagsOf } from '../../src/transformers/tagged-text.ts';
import type { AnswerStep } from '../../src/transformers/transformer.ts';
import { SPOKEN_DIALECTS } from '../support/client-requests.ts';
import { jsonReply } from '../support/reply.ts';
import {
  createTransformLab,
  expectSound,
  type LabOptions,
  textAnswer,
  wrapped,
} from '../support/transform-lab.ts';

const BOTH = [true, false];
const PAIRS = SPOKEN_DIALECTS.flatMap((provider) =>
  SPOKEN_DIALECTS.flatMap((client) => BOTH.map((stream) => ({ provider, client, stream }))),
);

function labOf(
  dialect: DialectId,
  transformers: LabOptions['transformers'],
  answer: readonly StreamEvent[],
  more: Partial<LabOptions> = {},
) {
  return createTransformLab({ dialect, transformers, answer, ...more });
}

/** What the row says of an answer whose bytes would have passed. */
const REWRITTEN = 'answer (approximated: rewritten after transformers)';
const KEYS = { name: 'redact', patterns: ['sk-\\w{4,}'], direction: 'answer' } as const;

describe('redact', () => {
  const TEXT = 'The key is sk-wxyz1234, so ask: sk-9.';
  const CLEAN = 'The key is [redacted], so ask: sk-9.';

  test.each(PAIRS)('from $provider to $client, stream: $stream', async ({ provider, client, stream }) => {
    const answer = textAnswer(...(TEXT.match(/.{1,3}/gs) ?? []));
    const lab = labOf(provider, [KEYS], answer);
    const got = await lab.ask(client, stream);
    expectSound(got);
    expect(got.text()).toBe(CLEAN);
    expect(got.finish).toBe('end_turn');
    expect(got.bytes).not.toContain('wxyz');
    expect(await lab.row(0)).toMatchObject({
      status: 'success',
      transformers: ['redact'],
      lost: expect.arrayContaining(['text (redacted)', ...(provider === client ? [REWRITTEN] : [])]),
      usage: { inputTokens: 7, outputTokens: 3 },
    });
    expect((await lab.row(0)).responseBody).not.toContain('wxyz');
  });

  test.each(BOTH)('no log probabilities, which spell the text, stream: %p', async (stream) => {
    const logprobs = ['The key is ', 'sk-ab', 'cd1234'].map((token) => ({ token, logprob: -1, top: [] }));
    const answer = textAnswer('The key is sk-wxyz1234').map((event) =>
      event.type === 'text-delta' ? { ...event, logprobs } : event,
    );
    for (const provider of ['openai-chat', 'openai-responses'] as const) {
      for (const client of ['openai-chat', 'openai-responses'] as const) {
        const plain = await labOf(provider, [], answer).ask(client, stream);
        expect(plain.bytes).toContain('"cd1234","logprob"');
        const lab = labOf(provider, [KEYS], answer);
        const got = await lab.ask(client, stream);
        expect(got.text()).toBe('The key is [redacted]');
        expect(got.bytes).not.toContain('cd1234');
        expect((await lab.row(0)).lost).toContain('logprobs');
      }
    }
  });

  test.each(SPOKEN_DIALECTS.map((client) => ({ client })))(
    'to $client, wherever the text is cut in two or three',
    async ({ client }) => {
      for (let first = 1; first < TEXT.length; first++) {
        const second = first + 1 + (first % 5);
        const cuts = [TEXT.slice(0, first), TEXT.slice(first, second), TEXT.slice(second)];
        for (const pieces of [[TEXT.slice(0, first), TEXT.slice(first)], cuts]) {
          const lab = labOf(
            'anthropic-messages',
            [KEYS],
            textAnswer(...pieces.filter((piece) => piece !== '')),
          );
          const got = await lab.ask(client, true);
          expectSound(got);
          expect(got.text(), JSON.stringify(pieces)).toBe(CLEAN);
        }
      }
    },
  );

  describe('in every alternative of a whole answer', () => {
    const SECRET = 'It is sk-wxyz1234.';
    const HIDDEN = 'It is [redacted].';
    const textOf: Record<string, (text: string, index: number) => JsonObject> = {
      choices: (text, index) => ({
        index,
        message: { role: 'assistant', content: text },
        finish_reason: 'stop',
      }),
      completions: (text, index) => ({ index, text, logprobs: null, finish_reason: 'stop' }),
      candidates: (text, index) => ({
        ...(index > 0 && { index }),
        content: { role: 'model', parts: [{ text }] },
        finishReason: 'STOP',
      }),
    };
    const CASES = [
      { name: 'choices', dialect: 'openai-chat', field: 'choices', path: '/v1/chat/completions' },
      { name: 'completions', dialect: 'openai-chat', field: 'choices', path: '/v1/completions' },
      {
        name: 'candidates',
        dialect: 'gemini',
        field: 'candidates',
        path: '/v1beta/models/m:generateContent',
      },
    ] as const;
    const ASKS = {
      choices: { model: 'm', n: 3, messages: [{ role: 'user', content: 'Hi' }] },
      completions: { model: 'm', n: 3, prompt: 'Hi' },
      candidates: {
        contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
        generationConfig: { candidateCount: 3 },
      },
    };

    async function ask({ name, dialect, field, path }: (typeof CASES)[number], ...texts: string[]) {
      const listed = texts.map((text, index) => textOf[name]?.(text, index) ?? {});
      const reply = jsonReply({ id: 'a', model: 'm', [field]: listed });
      const lab = labOf(dialect, [KEYS], [], { reply });
      const response = await lab.post(path, ASKS[name]);
      const bytes = await response.text();
      const got = (JSON.parse(bytes) as JsonObject)[field] as JsonObject[];
      return {
        bytes,
        got,
        sent: JSON.stringify({ id: 'a', model: 'm', [field]: listed }),
        row: await lab.row(0),
      };
    }

    test.each([...CASES])('$name', async (one) => {
      for (const texts of [
        ['Clean.', 'Also clean.', SECRET],
        [SECRET, 'Clean.', 'Clean too.'],
        ['Clean.', SECRET, SECRET],
      ]) {
        const { bytes, got, row } = await ask(one, ...texts);
        expect(bytes).not.toContain('sk-wxyz');
        expect(got).toMatchObject(
          texts.map((text, index) => textOf[one.name]?.(text === SECRET ? HIDDEN : text, index) ?? {}),
        );
        expect(got.map(({ index }) => index)).toEqual([0, 1, 2]);
        expect(row.responseBody).not.toContain('sk-wxyz');
        expect(row.lost).toEqual(expect.arrayContaining(['text (redacted)', REWRITTEN]));
        expect(row.lost).not.toContain(one.field);
      }
    });

    test.each([...CASES])('$name that hold nothing pass as they came', async (one) => {
      const { bytes, sent, row } = await ask(one, 'One.', 'Two.', 'Three.');
      expect(bytes).toBe(sent);
      expect(row.lost).not.toContain(REWRITTEN);
    });

    test('one that cannot be read is an error, not passed on', async () => {
      const reply = jsonReply({
        candidates: [textOf.candidates?.('a', 0) ?? {}, { index: 1, content: 'sk-wxyz1234' }],
      });
      const lab = labOf('gemini', [KEYS], [], { reply });
      const response = await lab.post('/v1beta/models/m:generateContent', ASKS.candidates);
      expect(response.status).toBe(502);
      expect(await response.text()).not.toContain('sk-wxyz');
    });
  });

  const ARGUMENTS = '{"sk-name0":"a sk-abc\\u0064efgh\\n", "n": 12, "list":["sk-zzzz9","x\\"sk-yyyy"]}';
  const CALL: StreamEvent[] = [
    { type: 'tool-start', block: 0, id: 'call_1', name: 'look', kind: 'function' },
    ...[...ARGUMENTS].map((piece): StreamEvent => ({ type: 'tool-delta', block: 0, arguments: piece })),
    { type: 'tool-end', block: 0 },
  ];

  test.each(PAIRS)(
    'in tool arguments where asked, from $provider to $client, stream: $stream',
    async ({ provider, client, stream }) => {
      for (const tools of BOTH) {
        const lab = labOf(provider, [{ ...KEYS, tools }], wrapped(CALL, 'tool_use'));
        const got = await lab.ask(client, stream);
        expectSound(got);
        const [call] = got.parts;
        if (call?.type !== 'tool-call') throw new Error('no call');
        expect(JSON.parse(call.arguments)).toEqual(
          tools
            ? { 'sk-name0': 'a [redacted]\n', n: 12, list: ['[redacted]', 'x"[redacted]'] }
            : JSON.parse(ARGUMENTS),
        );
      }
    },
  );

  test('tool arguments keep the spelling of what stays', async () => {
    const lab = labOf('openai-chat', [{ ...KEYS, tools: true }], wrapped(CALL, 'tool_use'));
    const [call] = (await lab.ask('openai-chat', true)).parts;
    expect(call).toMatchObject({
      arguments: '{"sk-name0":"a [redacted]\\n", "n": 12, "list":["[redacted]","x\\"[redacted]"]}',
    });
  });

  test('what a tool at the provider gave, where calls are searched', async () => {
    const value = {
      type: 'web_search_tool_result',
      tool_use_id: 'srvtoolu_1',
      content: [
        { type: 'web_search_result', title: 'sk-wxyz1234', url: 'https://a.test', page_age: null, n: 7 },
      ],
    };
    const blocks: StreamEvent[] = [
      {
        type: 'server-tool-result',
        block: 0,
        part: { type: 'server-tool-result', callId: 'srvtoolu_1', dialect: 'anthropic-messages', value },
      },
    ];
    for (const stream of BOTH)
      for (const tools of BOTH) {
        const lab = labOf('anthropic-messages', [{ ...KEYS, tools }], wrapped(blocks));
        const got = await lab.ask('anthropic-messages', stream);
        expectSound(got);
        const [result] = got.parts;
        if (result?.type !== 'server-tool-result') throw new Error('no result');
        const [found] = value.content;
        expect(result.value.content).toEqual([{ ...found, title: tools ? '[redacted]' : 'sk-wxyz1234' }]);
      }
  });

  test('what a tool of an MCP server gave, also for a client of the other dialect that has such calls', async () => {
    const value = {
      ...{ type: 'mcp_tool_result', tool_use_id: 'mcp_1', is_error: false },
      content: [{ type: 'text', text: 'the key sk-wxyz1234' }],
    };
    const output = { text: 'the key sk-wxyz1234' };
    const dialect = 'anthropic-messages';
    const part = { type: 'server-tool-result', callId: 'mcp_1', dialect, value, output } as const;
    const call = { block: 0, id: 'mcp_1', name: 'find', kind: 'server', mcpServer: 'notes' } as const;
    const fields = { type: 'mcp_tool_use', server_name: 'notes' };
    const blocks: StreamEvent[] = [
      { type: 'tool-start', ...call, extension: { dialect, fields, defaults: ['server_name'] } },
      { type: 'tool-delta', block: 0, arguments: '{}' },
      { type: 'tool-end', block: 0 },
      { type: 'server-tool-result', block: 1, part },
    ];
    for (const stream of BOTH) {
      const lab = labOf(dialect, [{ ...KEYS, tools: true }], wrapped(blocks));
      const { parts } = await lab.ask('openai-responses', stream);
      expect(parts[1]).toMatchObject({ output: { text: 'the key [redacted]' } });
      expect(JSON.stringify(parts)).not.toContain('wxyz');
    }
  });

  test.each(['gemini', 'openai-responses', 'anthropic-messages'] as const)(
    'code that the model had run, and what it printed, also for a client of %s',
    async (client) => {
      const code = 'print("sk-wxyz1234")';
      const value = { codeExecutionResult: { outcome: 'OUTCOME_OK', output: 'the key sk-wxyz1234' } };
      const output = { text: 'the key sk-wxyz1234' };
      const dialect = 'gemini';
      const fields = { executableCode: { language: 'PYTHON', code } };
      const part = { type: 'server-tool-result', callId: 'c', dialect, value, output } as const;
      const call = { block: 0, id: 'c', name: 'code_execution', kind: 'server', runsCode: true } as const;
      const blocks: StreamEvent[] = [
        { type: 'tool-start', ...call, extension: { dialect, fields, defaults: ['executableCode'] } },
        { type: 'tool-delta', block: 0, arguments: JSON.stringify({ language: 'PYTHON', code }) },
        { type: 'tool-end', block: 0 },
        { type: 'server-tool-result', block: 1, part },
      ];
      for (const stream of BOTH) {
        const lab = labOf(dialect, [{ ...KEYS, tools: true }], wrapped(blocks));
        const { parts } = await lab.ask(client, stream);
        expect(parts[1]).toMatchObject({ output: { text: 'the key [redacted]' } });
        expect(JSON.stringify(parts)).not.toContain('wxyz');
      }
    },
  );

  test('a match does not go on into the next block, and the tail leaves at the end of its own', async () => {
    const blocks: StreamEvent[] = [
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'one sk-ab' },
      { type: 'text-end', block: 0 },
      { type: 'text-start', block: 1 },
      { type: 'text-delta', block: 1, text: 'cd two' },
      { type: 'text-end', block: 1 },
    ];
    const lab = labOf('anthropic-messages', [KEYS], wrapped(blocks));
    const got = await lab.ask('anthropic-messages', true);
    expectSound(got);
    expect(got.parts).toMatchObject([{ text: 'one sk-ab' }, { text: 'cd two' }]);
  });

  test('thinking too, whose signature is then no longer true', async () => {
    const thinking = (text: string): StreamEvent[] => [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-delta', block: 0, text },
      {
        type: 'reasoning-signature',
        block: 0,
        signature: ownToken('anthropic-messages', 'c2lnbmVk'),
      },
      { type: 'reasoning-end', block: 0 },
      { type: 'text-start', block: 1 },
      { type: 'text-delta', block: 1, text: 'done' },
      { type: 'text-end', block: 1 },
    ];
    for (const stream of BOTH) {
      const plain = labOf('anthropic-messages', [KEYS], wrapped(thinking('nothing')));
      expect((await plain.ask('anthropic-messages', stream)).parts[0]).toMatchObject({
        signature: ownToken('anthropic-messages', 'c2lnbmVk'),
      });
      const lab = labOf('anthropic-messages', [KEYS], wrapped(thinking('I saw sk-wxyz99')));
      const got = await lab.ask('anthropic-messages', stream);
      expect(got.parts[0]).toEqual({ type: 'reasoning', text: 'I saw [redacted]' });
      expect((await lab.row(0)).lost.sort()).toEqual([REWRITTEN, 'reasoning signature', 'text (redacted)']);
      // Only the end of the thinking tells that this is a match: the signature comes with it.
      const last = labOf('anthropic-messages', [{ ...KEYS, patterns: ['key$'] }], wrapped(thinking('a key')));
      expect((await last.ask('anthropic-messages', stream)).parts[0]).toEqual({
        type: 'reasoning',
        text: 'a [redacted]',
      });
    }
  });

  test('requests are searched as well, and reported as approximated', async () => {
    const lab = labOf('openai-chat', [{ name: 'redact', patterns: ['sk-\\w{4,}'] }], textAnswer('ok'));
    await lab.ask('anthropic-messages', true, { messages: [{ role: 'user', content: 'use sk-wxyz now' }] });
    expect(lab.sent().body.messages).toEqual([{ role: 'user', content: 'use [redacted] now' }]);
    expect((await lab.row(0)).lost).toEqual(['messages (approximated: 1 match replaced by redact)']);
  });

  test('who watches sees what the client sees', async () => {
    const lab = labOf('anthropic-messages', [KEYS], textAnswer('a sk-ab', 'cd1 b'));
    const live = await lab.gateway.fetch(new Request('http://127.0.0.1:8088/gateway/streams/live'));
    const reader = live.body?.pipeThrough(new TextDecoderStream()).getReader();
    await lab.ask('anthropic-messages', true);
    let text = '';
    while (!text.includes('"completed"')) text += (await reader?.read())?.value ?? '';
    await reader?.cancel();
    expect(text).toContain('redacted');
    expect(text).not.toContain('sk-ab');
  });
});

describe('reasoning', () => {
  const TAGGED = ['<thi', 'nk>\nlet me ', 'see</th', 'ink>\n\nforty', '-two'];
  const THOUGHT: StreamEvent[] = [
    { type: 'reasoning-start', block: 0 },
    { type: 'reasoning-delta', block: 0, text: 'let me ' },
    { type: 'reasoning-delta', block: 0, text: 'see' },
    { type: 'reasoning-end', block: 0 },
    { type: 'text-start', block: 1 },
    { type: 'text-delta', block: 1, text: 'forty-two' },
    { type: 'text-end', block: 1 },
  ];

  test.each(BOTH)('tokens do not end where tags do: no log probabilities, stream: %p', async (stream) => {
    const answer = textAnswer(...TAGGED).map((event) =>
      event.type === 'text-delta'
        ? { ...event, logprobs: [{ token: event.text, logprob: -1, top: [] }] }
        : event,
    );
    const lab = labOf('openai-chat', ['reasoning'], answer);
    const got = await lab.ask('openai-responses', stream);
    expect(got.text()).toBe('forty-two');
    expect(got.bytes).not.toContain('"logprob"');
    expect((await lab.row(0)).lost).toContain('logprobs');
  });

  test.each(PAIRS)(
    'tagged text as thinking, from $provider to $client, stream: $stream',
    async ({ provider, client, stream }) => {
      const lab = labOf(provider, ['reasoning'], textAnswer(...TAGGED));
      // Clients of Gemini have to ask to be shown it.
      const shown = { generationConfig: { thinkingConfig: { includeThoughts: true } } };
      const got = await lab.ask(client, stream, client === 'gemini' ? shown : {});
      expectSound(got);
      expect(got.text('reasoning')).toBe('let me see');
      expect(got.text()).toBe('forty-two');
    },
  );

  test.each(PAIRS)(
    'thinking as tagged text, from $provider to $client, stream: $stream',
    async ({ provider, client, stream }) => {
      const lab = labOf(provider, [{ name: 'reasoning', as: 'text' }], wrapped(THOUGHT));
      const got = await lab.ask(client, stream);
      expectSound(got);
      expect(got.text('reasoning')).toBe('');
      expect(got.text()).toBe('<think>let me see</think>\n\nforty-two');
    },
  );

  describe('event by event', () => {
    const CITATION: StreamEvent = { type: 'citation', block: 1, citation: { kind: 'other' } };
    const through = (step: AnswerStep, ...events: StreamEvent[]) => step.push(events);
    const text = (block: number, said: string): StreamEvent[] => [
      { type: 'text-start', block },
      { type: 'text-delta', block, text: said },
      { type: 'text-end', block },
    ];
    const tags = tagsOf('think');
    const context = { provider: 'lab', model: 'm', lost() {} };
    test('thinking without a word makes no tags', () => {
      const nothing: StreamEvent[] = [
        { type: 'reasoning-start', block: 0 },
        { type: 'reasoning-delta', block: 0, text: '' },
        { type: 'reasoning-end', block: 0 },
      ];
      expect(through(createTagging(tags, context), ...nothing, ...text(1, 'hi'))).toEqual(text(1, 'hi'));
    });
    test('each thought has its own tags', async () => {
      const thought = (block: number): StreamEvent[] => [
        { type: 'reasoning-start', block },
        { type: 'reasoning-delta', block, text: 'hm' },
        { type: 'reasoning-end', block },
      ];
      const passed = await through(createTagging(tags, context), ...thought(0), ...thought(1));
      const said = (block: number): StreamEvent[] => [
        { type: 'text-start', block },
        ...['<think>', 'hm', '</think>\n\n'].map((each) => ({
          type: 'text-delta' as const,
          block,
          text: each,
        })),
        { type: 'text-end', block },
      ];
      expect(passed).toEqual([...said(0), ...said(1)]);
    });
    test('what could have been a tag is text at the end of its block', () => {
      expect(through(createUntagging(tags, false, context), ...text(0, '<thi'))).toEqual(text(0, '<thi'));
    });
    test('of what sealed the thinking nothing is left, which is named', async () => {
      const lost: string[] = [];
      const sealed: StreamEvent[] = [
        { type: 'reasoning-start', block: 0, redacted: ownToken('anthropic-messages', 'aGlkZGVu') },
        { type: 'reasoning-end', block: 0 },
        { type: 'reasoning-start', block: 1 },
        { type: 'reasoning-delta', block: 1, text: 'hm' },
        { type: 'reasoning-signature', block: 1, signature: ownToken('anthropic-messages', 'c2lnbmVk') },
        { type: 'reasoning-end', block: 1 },
      ];
      const step = createTagging(tags, { ...context, lost: (feature) => void lost.push(feature) });
      const passed = await through(step, ...sealed);
      expect(passed.flatMap((event) => ('text' in event ? [event.text] : [])).join('')).toBe(
        '<think>hm</think>\n\n',
      );
      expect(lost).toEqual(['redacted_thinking', 'reasoning signature']);
    });
    test('what could have been a tag is reported before the error that cuts it', () => {
      const error: StreamEvent = { type: 'error', error: new GatewayError('upstream_truncated', 'cut') };
      const [start, delta] = text(0, '<thi') as [StreamEvent, StreamEvent];
      const cut = [start, delta, error];
      expect(through(createUntagging(tags, false, context), ...cut)).toEqual(cut);
    });
    test('only the first block of an answer begins inside', () => {
      expect(
        through(createUntagging(tags, true, context), ...text(0, 'hm</think>\n\na'), ...text(1, 'b')),
      ).toEqual([
        { type: 'reasoning-start', block: 0 },
        { type: 'reasoning-delta', block: 0, text: 'hm' },
        { type: 'reasoning-end', block: 0 },
        ...text(0, 'a'),
        ...text(1, 'b'),
      ]);
    });
    test('a citation before any text has a block to stand in', () => {
      const [start, delta, end] = text(1, 'a') as [StreamEvent, StreamEvent, StreamEvent];
      expect(through(createUntagging(tags, false, context), start, CITATION, delta, end)).toEqual([
        start,
        CITATION,
        delta,
        end,
      ]);
    });
  });

  test('what was shown as text goes back as thinking, and the other way round', async () => {
    const history = [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: '<think>hm</think>\n\na' },
      { role: 'user', content: 'r' },
    ];
    const asText = labOf('anthropic-messages', [{ name: 'reasoning', as: 'text' }], textAnswer('ok'));
    await asText.ask('openai-chat', false, { messages: history });
    expect(JSON.stringify(asText.sent().body.messages)).not.toContain('<think>');
    const asThinking = labOf('openai-chat', ['reasoning'], textAnswer('ok'));
    await asThinking.ask('anthropic-messages', false, {
      messages: [
        { role: 'user', content: 'q' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
            { type: 'text', text: 'a' },
          ],
        },
        { role: 'user', content: 'r' },
      ],
    });
    expect(JSON.stringify(asThinking.sent().body.messages)).toContain('<think>hm</think>');
  });
});

test('steps apply to answers in the opposite order, so that each sees what it undid', async () => {
  const lab = labOf(
    'openai-chat',
    [{ ...KEYS, replacement: '<think>' }, { name: 'reasoning' }],
    textAnswer('<think>sk-aaaa</think>sk-bbbb'),
  );
  const got = await lab.ask('anthropic-messages', true);
  expect(got.text('reasoning')).toBe('<think>');
  expect(got.text()).toBe('<think>');
});

test('a whole answer in which nothing was found is the provider’s own text', async () => {
  for (const dialect of SPOKEN_DIALECTS) {
    const plain = await labOf(dialect, [], textAnswer('nothing')).ask(dialect, false);
    const searched = await labOf(dialect, [KEYS], textAnswer('nothing')).ask(dialect, false);
    expect(searched.bytes).toBe(plain.bytes);
  }
});
