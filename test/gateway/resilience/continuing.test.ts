// Going on with a stream that broke (docs/adr/0009): how the rest is asked for, how it joins, and when nobody goes on.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { readStream } from '../../faults/read-answer.ts';
import {
  brokenChat,
  brokenMessage,
  createContinuingLab,
  MESSAGE_START,
  wholeChatStream,
  wholeMessageStream,
} from '../../support/continuing-lab.ts';
import { CHAT, MESSAGE } from '../../support/message-stream.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';

type Targets = Parameters<typeof createContinuingLab>[0];

const ASK = { model: 'm', max_tokens: 99, stream: true, messages: [{ role: 'user', content: 'hi' }] };
const SONNET_4_5 = 'claude-sonnet-4-5';

const message = (reply: Reply, model?: string) =>
  ({ dialect: 'anthropic-messages', reply, ...(model === undefined ? {} : { model }) }) as const;
const chat = (reply: Reply) => ({ dialect: 'openai-chat', reply }) as const;

async function ask(
  targets: Targets,
  body: object = ASK,
  routing?: Parameters<typeof createContinuingLab>[1],
  more?: Parameters<typeof createContinuingLab>[2],
) {
  const lab = createContinuingLab(targets, routing, more);
  const response = await lab.post('/v1/messages', body);
  const text = await response.text();
  const answer = readStream('anthropic-messages', new TextEncoder().encode(text));
  return { lab, text, answer, row: await lab.row(0) };
}

const WELL = { endings: ['finish'], finish: 'end_turn', error: '', violations: [] };

describe('where the target goes on with a turn that has begun', () => {
  test('it is asked for the rest alone, and sends it inside the same block', async () => {
    const { lab, text, answer, row } = await ask({
      one: message(brokenMessage('The sky is ')),
      two: message(wholeMessageStream('blue.'), SONNET_4_5),
    });
    expect(answer).toEqual({ ...WELL, text: 'The sky is blue.' });
    expect(lab.requests[1]?.json()).toMatchObject({
      model: SONNET_4_5,
      max_tokens: 99,
      messages: [
        { role: 'user', content: 'hi' },
        // White space at the end is refused there.
        { role: 'assistant', content: 'The sky is' },
      ],
    });
    expect(text.match(/event: content_block_start/g)).toHaveLength(1);
    expect(text.match(/event: message_start/g)).toHaveLength(1);
    expect(row).toMatchObject({ status: 'success', provider: 'two', finishReason: 'end_turn', ttftMs: 0 });
    expect(row.timing.lastTokenMs).toBe(0);
    expect(row.attempts).toMatchObject([
      { provider: 'one', error: 'upstream_truncated', usage: { inputTokens: 7, outputTokens: 1 } },
      { provider: 'two', error: null, continued: 'prefilled' },
    ]);
  });

  const LAST = { role: 'assistant', content: 'The sky is' };
  const WORDS: [kind: string, path: string, model: string, asked: object][] = [
    ['deepseek', 'beta', 'deepseek-chat', { messages: [...ASK.messages, { ...LAST, prefix: true }] }],
    ['moonshot', 'v1', 'kimi-k2-0905-preview', { messages: [...ASK.messages, { ...LAST, partial: true }] }],
    [
      'qwen',
      'compatible-mode',
      'qwen3.5-plus',
      { messages: [...ASK.messages, { ...LAST, partial: true }], enable_thinking: false },
    ],
    ['vllm', 'v1', 'any', { messages: [...ASK.messages, LAST], continue_final_message: true }],
    ['groq', 'openai', 'llama-3.3-70b-versatile', { messages: [...ASK.messages, LAST] }],
  ];
  test.each(WORDS)('%s is asked so in its own words', async (kind, path, model, asked) => {
    const { lab, answer, row } = await ask({
      one: message(brokenMessage('The sky is ')),
      [path]: { ...chat(wholeChatStream('blue.')), kind, model },
    });
    expect(lab.requests[1]?.json()).toMatchObject({ model, ...asked });
    expect(answer).toEqual({ ...WELL, text: 'The sky is blue.' });
    expect(row.attempts[1]).toMatchObject({ error: null, continued: 'prefilled' });
  });

  test.each([
    ['deepseek', 'chat', 'deepseek-reasoner'],
    ['qwen', 'compatible-mode', 'qwq-plus'],
    ['moonshot', 'v1', 'kimi-k2-thinking'],
    ['groq', 'openai', 'openai/gpt-oss-120b'],
    ['mistral', 'v1', 'magistral-medium-latest'],
    ['openrouter', 'api', 'meta-llama/llama-3.3-70b-instruct'],
  ])(
    '%s (%s) is not where the model thinks, or nobody asks it in so many words: %s',
    async (kind, path, model) => {
      const { lab, answer, row } = await ask({
        one: message(brokenMessage('The sky is ')),
        [path]: { ...chat(wholeChatStream('The sky is blue.')), kind, model },
      });
      expect(lab.requests[1]?.json()).toMatchObject({ messages: ASK.messages });
      expect(answer.text).toBe('The sky is blue.');
      expect(row.attempts[1]).toMatchObject({ continued: 'repeated' });
    },
  );

  describe('Mistral repeats the turn first', () => {
    const mistral = (reply: Reply) => ({ ...chat(reply), kind: 'mistral', model: 'mistral-large-latest' });
    const OPENED = [...ASK.messages, { role: 'assistant', content: 'Well: ' }];
    const REPEATING = replyWith(
      CHAT.start + ['The', ' sky is', ' blue.'].map(CHAT.delta).join('') + CHAT.end,
    );

    test('and that is not reported again', async () => {
      const { lab, answer, row } = await ask({
        one: message(brokenMessage('The sky is ')),
        v1: mistral(REPEATING),
      });
      expect(lab.requests[1]?.json()).toMatchObject({
        messages: [...ASK.messages, { role: 'assistant', content: 'The sky is', prefix: true }],
      });
      expect(answer).toEqual({ ...WELL, text: 'The sky is blue.' });
      expect(row.attempts[1]).toMatchObject({ error: null, continued: 'prefilled' });
      expect(row.lost).toEqual([]);
    });

    test.each([
      ['the turn as it is', 'Well: The sky is blue.'],
      ['nothing of it, which is another answer', 'blue.'],
      ['another one', 'Well: The sea is blue.'],
    ])('behind what the client began: %s', async (_, said) => {
      const { lab, answer } = await ask(
        { one: message(brokenMessage('The sky is ')), v1: mistral(wholeChatStream(said)) },
        { ...ASK, messages: OPENED },
      );
      expect(lab.requests[1]?.json()).toMatchObject({
        messages: [...ASK.messages, { role: 'assistant', content: 'Well: The sky is', prefix: true }],
      });
      if (said === 'Well: The sky is blue.') expect(answer).toEqual({ ...WELL, text: 'The sky is blue.' });
      else expect(answer).toMatchObject({ text: 'The sky is ', endings: ['error'] });
    });

    test('to a client of its own dialect too', async () => {
      const lab = createContinuingLab({ one: chat(brokenChat('The sky is ')), v1: mistral(REPEATING) });
      const response = await lab.post('/v1/chat/completions', ASK);
      const answer = readStream('openai-chat', new TextEncoder().encode(await response.text()));
      expect(lab.requests[1]?.json()).toMatchObject({
        messages: [...ASK.messages, { role: 'assistant', content: 'The sky is', prefix: true }],
      });
      expect(answer).toMatchObject({ text: 'The sky is blue.', endings: ['finish'], violations: [] });
      expect((await lab.row(0)).lost).toEqual([]);
    });

    describe('where it breaks in a passthrough, to a client that began the answer itself', () => {
      const first = (said: string) => mistral(replyWith(CHAT.start + [...said].map(CHAT.delta).join('')));
      async function goOn(said: string, targets: Targets) {
        const lab = createContinuingLab({ v1: first(said), ...targets });
        const response = await lab.post('/v1/chat/completions', { ...ASK, messages: OPENED });
        const answer = readStream('openai-chat', new TextEncoder().encode(await response.text()));
        return { lab, answer, row: await lab.row(0) };
      }

      test.each([
        ['its turn stands once in what the next is asked', 'Well: The sky is ', 'Well: The sky is'],
        ['a turn that is not repeated stands before the answer', 'The sky is ', 'Well: The sky is'],
        ['white space that differs is the same turn', 'Well:\n\nThe sky is', 'Well: The sky is'],
      ])('%s', async (_, said, turn) => {
        const { lab, answer, row } = await goOn(said, {
          two: message(wholeMessageStream(' blue.'), SONNET_4_5),
        });
        expect(lab.requests[1]?.json()).toMatchObject({
          messages: [...ASK.messages, { role: 'assistant', content: turn }],
        });
        expect(answer).toMatchObject({
          text: `${said.trimEnd()} blue.`,
          endings: ['finish'],
          violations: [],
        });
        expect(row.attempts[1]).toMatchObject({ error: null, continued: 'prefilled' });
      });

      test.each([
        ['with the turn', 'Well: The sky is blue.'],
        ['without it', 'The sky is blue.'],
      ])('a target that starts over may do so %s', async (_, said) => {
        const { lab, answer, row } = await goOn('Well: The sky is ', { two: chat(wholeChatStream(said)) });
        expect(lab.requests[1]?.json()).toMatchObject({ messages: OPENED });
        expect(answer).toMatchObject({
          text: 'Well: The sky is blue.',
          endings: ['finish'],
          violations: [],
        });
        expect(row.attempts[1]).toMatchObject({ error: null, continued: 'repeated' });
      });

      test('a new answer that has only the client’s turn is another answer', async () => {
        const { answer } = await goOn('Well: The sky is ', { two: chat(wholeChatStream('Well: ')) });
        expect(answer).toMatchObject({ text: 'Well: The sky is ', endings: ['error'] });
      });

      test('no target continues within the turn itself: it may be an answer of its own', async () => {
        const { lab, answer } = await goOn('Wel', { two: chat(wholeChatStream('Well: The sky')) });
        expect(lab.asked()).toEqual(['v1']);
        expect(answer).toMatchObject({ text: 'Wel', endings: ['error'] });
      });
    });
  });

  test('not where only white space has come: a turn without text is refused', async () => {
    const { lab, answer, row } = await ask({
      one: message(brokenMessage('\n')),
      two: message(wholeMessageStream('\nThe sky.'), SONNET_4_5),
    });
    expect(lab.requests[1]?.json()).toMatchObject({ messages: ASK.messages });
    expect(answer).toEqual({ ...WELL, text: '\nThe sky.' });
    expect(row.attempts[1]).toMatchObject({ error: null, continued: 'repeated' });
  });

  test('thinking alone does not go on with it', async () => {
    const thought = CHAT.start + CHAT.delta('blue.').replace('"content"', '"reasoning_content"') + CHAT.end;
    const { answer } = await ask({
      one: message(brokenMessage('The sky is ')),
      v1: { ...chat(replyWith(thought)), kind: 'vllm', model: 'any' },
    });
    expect(answer).toMatchObject({ text: 'The sky is ', endings: ['error'] });
  });

  test('usage is the sum, for the client and in the row', async () => {
    const { text, row } = await ask({
      one: message(brokenMessage('a')),
      two: message(wholeMessageStream('b'), SONNET_4_5),
    });
    expect(text).toContain('"usage":{"input_tokens":14,"cache_creation_input_tokens":0');
    expect(row).toMatchObject({ usageKnown: true, usage: { inputTokens: 14, outputTokens: 4 } });
  });

  test.each([
    ['the first', chat(brokenChat('a')), message(wholeMessageStream('b'), SONNET_4_5)],
    [
      'the second',
      message(brokenMessage('a'), SONNET_4_5),
      chat(replyWith(`${CHAT.start}${CHAT.delta('ab')}${CHAT.end.split('\n\n')[0]}\n\ndata: [DONE]\n\n`)),
    ],
  ])('counts that %s target did not report are unknown, those of the other stand', async (_, one, two) => {
    const prices = { '*/*': { input_per_million: 1_000, output_per_million: 0 } };
    const more = { costs: { pricing_overrides: prices } };
    const { answer, row } = await ask({ one, two }, ASK, undefined, more);
    expect(answer).toEqual({ ...WELL, text: 'ab' });
    expect(row).toMatchObject({ usageKnown: false, usage: { inputTokens: 7 } });
    expect(row.costUsd).toBe(0.007);
  });

  test('white space at the join is sent once', async () => {
    for (const [had, rest, whole] of [
      ['The sky is ', ' blue', 'The sky is blue'],
      ['The sky is', ' blue', 'The sky is blue'],
      ['One.\n\n', '\n\nTwo', 'One.\n\nTwo'],
      ['if x:\n', '\n    y()', 'if x:\n    y()'],
    ] as const) {
      const { answer } = await ask({
        one: message(brokenMessage(had)),
        two: message(wholeMessageStream(rest), SONNET_4_5),
      });
      expect(answer.text).toBe(whole);
    }
  });

  test('a client that began the answer itself has its beginning and the rest in one turn', async () => {
    const { lab } = await ask(
      { one: message(brokenMessage(' is blue')), two: message(wholeMessageStream('.'), SONNET_4_5) },
      { ...ASK, messages: [...ASK.messages, { role: 'assistant', content: 'The sky' }] },
    );
    expect(lab.requests[1]?.json()).toMatchObject({
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'The sky is blue' },
      ],
    });
  });

  test.each(['claude-opus-4-6', 'claude-sonnet-5-5', 'deepseek-chat'])(
    '%s takes no such turn: it gets the request as it was',
    async (model) => {
      const { lab, row, answer } = await ask({
        one: message(brokenMessage('The sky')),
        two: message(wholeMessageStream('The sky is blue.'), model),
      });
      expect(lab.requests[1]?.json()).toMatchObject({ messages: ASK.messages });
      expect(answer.text).toBe('The sky is blue.');
      expect(row.attempts[1]).toMatchObject({ continued: 'repeated' });
    },
  );

  test('one that is to think gets the request as it was', async () => {
    const { lab } = await ask(
      { one: message(brokenMessage('The')), two: message(wholeMessageStream('The sky'), SONNET_4_5) },
      { ...ASK, max_tokens: 2_000, thinking: { type: 'enabled', budget_tokens: 1_024 } },
    );
    expect(lab.requests[1]?.json()).toMatchObject({ messages: ASK.messages });
  });
});

describe('where the target starts the answer over', () => {
  test('what repeats is left out, in whatever pieces it comes', async () => {
    const pieces = ['The', ' sk', 'y  is\n', 'blue', '.'].map(CHAT.delta).join('');
    const { answer } = await ask({
      one: message(brokenMessage('The sky is')),
      two: chat(replyWith(CHAT.start + pieces + CHAT.end)),
    });
    expect(answer).toEqual({ ...WELL, text: 'The sky is\nblue.' });
  });

  test('of an event whose name alone came nothing stands before the rest', async () => {
    const begun = MESSAGE_START + MESSAGE.block + MESSAGE.delta('The sky');
    const { text, answer } = await ask({
      one: message(replyWith(`${begun}event: message_stop\n`)),
      two: chat(wholeChatStream('The sky is blue.')),
    });
    expect(answer).toEqual({ ...WELL, text: 'The sky is blue.' });
    expect(text.split('message_stop\n')).toHaveLength(2);
  });

  test('a last event that is whole but for the blank line behind it is sent, and the rest stands behind that line', async () => {
    const begun = (MESSAGE_START + MESSAGE.block + MESSAGE.delta('The sky')).trimEnd();
    const { text, answer, row } = await ask({
      one: message(replyWith(begun)),
      two: chat(wholeChatStream('The sky is blue.')),
    });
    expect(text).toStartWith(`${begun}\n\n`);
    expect(answer).toEqual({ ...WELL, text: 'The sky is blue.' });
    expect(row).toMatchObject({ status: 'success', provider: 'two' });
  });

  test.each([
    ['says something else', 'The sea is blue.'],
    ['is over before', 'The'],
    ['has another letter', 'the sky is blue.'],
  ])('one that %s is given up: one error, that of the break', async (_, other) => {
    const { lab, answer, row } = await ask({
      one: message(brokenMessage('The sky')),
      two: chat(wholeChatStream(other)),
      three: chat(wholeChatStream('The sky is blue.')),
    });
    expect(answer).toMatchObject({ text: 'The sky', endings: ['error'], violations: [] });
    expect(answer.error).toContain('one closed the stream');
    expect(lab.asked()).toEqual(['one', 'two']);
    expect(row).toMatchObject({
      status: 'truncated',
      errorCode: 'upstream_truncated',
      provider: 'one',
      usage: { inputTokens: 7, outputTokens: 1 },
    });
    expect(row.attempts).toMatchObject([
      { provider: 'one', error: 'upstream_truncated' },
      {
        provider: 'two',
        error: 'cancelled',
        message: "cancelled: its answer does not repeat what the client has of one's",
      },
    ]);
  });

  test('it is left as soon as it differs, though it has more to say', async () => {
    const other = CHAT.start + CHAT.delta('The sea');
    const pieces = [other, CHAT.delta(' is')].map((piece) => new TextEncoder().encode(piece));
    const hangs = replyWith(pieces, { fault: { kind: 'hang', after: other.length } });
    const { answer, lab } = await ask({ one: message(brokenMessage('The sky')), two: chat(hangs) });
    expect(answer).toMatchObject({ text: 'The sky', endings: ['error'], violations: [] });
    expect(await lab.requests[1]?.ended).toBe('left');
  });

  test('a tool call behind the repeated text joins the message', async () => {
    const { callStart, callArguments, callEnd, start, text } = PROVIDER_WIRES['openai-chat'];
    const call = callStart(0) + callArguments(0, '{"city":"Ulm"}') + callEnd;
    const lab = createContinuingLab({
      one: message(brokenMessage('Let me look')),
      two: chat(replyWith(start + text('Let me look it up.') + call)),
    });
    const wire = await (await lab.post('/v1/messages', ASK)).text();
    const answer = readStream('anthropic-messages', new TextEncoder().encode(wire));
    expect(answer).toEqual({ ...WELL, finish: 'tool_use', text: 'Let me look it up.' });
    expect(wire).toContain('"index":1,"content_block":{"type":"tool_use"');
  });

  test('a tool call before the text is repeated is another answer', async () => {
    const { callStart, callArguments, callEnd, start } = PROVIDER_WIRES['openai-chat'];
    const { answer } = await ask({
      one: message(brokenMessage('The sky')),
      two: chat(replyWith(start + callStart(0) + callArguments(0, '{}') + callEnd)),
    });
    expect(answer).toMatchObject({ text: 'The sky', endings: ['error'] });
  });
});

describe('no other target continues', () => {
  const next = () => ({ two: chat(wholeChatStream('whatever')) });
  const block = (content_block: JsonObject, ...deltas: JsonObject[]) =>
    [
      { type: 'content_block_start', index: 0, content_block },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index: 0, delta })),
    ]
      .map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`)
      .join('');
  const citation = { type: 'char_location', cited_text: 'x', document_index: 0 };
  const begun: [string, string][] = [
    ['a tool call', block({ type: 'tool_use', id: 'toolu_1', name: 'lookup', input: {} })],
    [
      'signed thinking',
      block(
        { type: 'thinking', thinking: '', signature: '' },
        { type: 'thinking_delta', thinking: 'hm' },
        { type: 'signature_delta', signature: 'c2ln' },
      ) +
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n' +
        MESSAGE.block.replace('"index":0', '"index":1') +
        MESSAGE.delta('The sky').replace('"index":0', '"index":1'),
    ],
    [
      'thinking that is not over',
      block({ type: 'thinking', thinking: '', signature: '' }, { type: 'thinking_delta', thinking: 'hm' }),
    ],
    ['redacted thinking', block({ type: 'redacted_thinking', data: 'c2VjcmV0' })],
    [
      'citations',
      block(
        { type: 'text', text: '' },
        { type: 'text_delta', text: 'x' },
        { type: 'citations_delta', citation: { ...citation, start_char_index: 0, end_char_index: 1 } },
      ),
    ],
    ['a search', block({ type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} })],
  ];
  test.each(begun)('with an answer that holds %s', async (_, wire) => {
    const { lab, answer, row } = await ask({ one: message(replyWith(MESSAGE.start + wire)), ...next() });
    expect(answer).toMatchObject({ endings: ['error'] });
    expect(lab.asked()).toEqual(['one']);
    expect(row).toMatchObject({ status: 'truncated', provider: 'one' });
  });

  test('with one that must be JSON', async () => {
    const schema = { type: 'object', properties: {}, additionalProperties: false };
    const { lab, answer } = await ask(
      { one: message(brokenMessage('{"a":')), ...next() },
      { ...ASK, output_config: { format: { type: 'json_schema', schema } } },
    );
    expect([answer.endings, lab.asked()]).toEqual([['error'], ['one']]);
  });

  test('one that may be any text is continued', async () => {
    const lab = createContinuingLab({ one: chat(brokenChat('The sky is ')), ...next() });
    await (await lab.post('/v1/chat/completions', { ...ASK, response_format: { type: 'text' } })).text();
    expect(lab.asked()).toEqual(['one', 'two']);
  });

  test('with the log probabilities of its tokens', async () => {
    const logprobs = { content: [{ token: 'The sky', logprob: -1, bytes: null, top_logprobs: [] }] };
    const spelled = CHAT.delta('The sky').replace(
      '"finish_reason"',
      `"logprobs":${JSON.stringify(logprobs)},"finish_reason"`,
    );
    expect(spelled).toContain('logprob');
    const lab = createContinuingLab({ one: chat(replyWith(CHAT.start + spelled)), ...next() });
    await (await lab.post('/v1/chat/completions', { ...ASK, logprobs: true })).text();
    expect(lab.asked()).toEqual(['one']);
  });

  test.each([
    ['of which two have begun', CHAT.delta('other').replace('"index":0', '"index":1')],
    ['of which one has begun', ''],
  ])('with several choices at once, %s', async (_, second) => {
    const lab = createContinuingLab({
      one: chat(replyWith(CHAT.start + CHAT.delta('The sky') + second)),
      ...next(),
    });
    await (await lab.post('/v1/chat/completions', { ...ASK, n: 2 })).text();
    expect(lab.asked()).toEqual(['one']);
  });

  test('with a text completion, which is no turn of a conversation', async () => {
    const begun = {
      object: 'text_completion',
      choices: [{ index: 0, text: 'The sky', finish_reason: null }],
    };
    const one = chat(replyWith(`data: ${JSON.stringify(begun)}\n\n`));
    const lab = createContinuingLab({ one, ...next() });
    const body = { model: 'm', prompt: 'hi', stream: true };
    expect(await (await lab.post('/v1/completions', body)).text()).toContain('error');
    expect(lab.asked()).toEqual(['one']);
  });

  test('behind an event that could not be read: there is a hole', async () => {
    const { lab, answer } = await ask({
      one: chat(replyWith(`${CHAT.start}${CHAT.delta('The')}data: {"ch\n\n${CHAT.delta('blue')}`)),
      ...next(),
    });
    expect([answer.endings, lab.asked()]).toEqual([['error'], ['one']]);
  });

  test('where it is not asked for, or no target is left', async () => {
    const off = await ask({ one: message(brokenMessage('The')), ...next() }, ASK, {});
    expect([off.answer.endings, off.lab.asked()]).toEqual([['error'], ['one']]);
    const alone = await ask({ one: message(brokenMessage('The')) });
    expect(alone.answer).toMatchObject({ text: 'The', endings: ['error'] });
  });

  test('where all who could fail: the error is that of the break, and the row has all attempts', async () => {
    const { answer, row } = await ask({
      one: message(brokenMessage('The sky')),
      two: chat(jsonReply({ error: { message: 'down' } }, { status: 500 })),
      three: message(jsonReply({ type: 'error', error: { message: 'no' } }, { status: 400 })),
    });
    expect(answer).toMatchObject({ text: 'The sky', endings: ['error'], violations: [] });
    expect(answer.error).toContain('one closed the stream');
    expect(row).toMatchObject({ status: 'truncated', provider: 'one', usage: { inputTokens: 7 } });
    expect(row.attempts.map(({ error }) => error)).toEqual([
      'upstream_truncated',
      'upstream_failed',
      'upstream_rejected',
    ]);
  });
});

describe('a rule', () => {
  test('may go on where `routing` does not', async () => {
    const { answer } = await ask(
      { one: message(brokenMessage('The')), two: chat(wholeChatStream('The sky')) },
      { ...ASK, agent_type: 'agent-a' },
      { agent_rules: { 'agent-a': { to: ['one', 'two'], continue_streams: true } } },
    );
    expect(answer).toEqual({ ...WELL, text: 'The sky' });
  });
});

describe('several breaks', () => {
  test('the third continues what two have sent', async () => {
    const { lab, answer, row } = await ask({
      one: message(brokenMessage('One ')),
      two: chat(brokenChat('One two ')),
      three: message(wholeMessageStream('three.'), SONNET_4_5),
    });
    expect(answer).toEqual({ ...WELL, text: 'One two three.' });
    expect(lab.requests[2]?.json()).toMatchObject({
      messages: [ASK.messages[0], { role: 'assistant', content: 'One two' }],
    });
    expect(row.attempts.map(({ error, continued }) => [error, continued])).toEqual([
      ['upstream_truncated', undefined],
      ['upstream_truncated', 'repeated'],
      [null, 'prefilled'],
    ]);
    expect(row.usage).toMatchObject({ inputTokens: 14, outputTokens: 4 });
  });

  test('the last is reported in its own words, and the row is that of its target', async () => {
    const { answer, row } = await ask(
      {
        one: message(brokenMessage('One ')),
        two: chat(
          replyWith(`${CHAT.start}${CHAT.delta('One two')}data: {"error":{"message":"busy","code":503}}\n\n`),
        ),
        three: chat(jsonReply({ error: { message: 'down' } }, { status: 500 })),
      },
      { ...ASK, top_k: 5 },
    );
    expect(answer).toMatchObject({ text: 'One two', endings: ['error'], violations: [] });
    expect(answer.error).toContain('busy');
    expect(row).toMatchObject({ provider: 'two', lost: ['top_k'], errorCode: 'upstream_overloaded' });
  });

  test('where no other is left it is reported too', async () => {
    const { answer, row } = await ask({
      one: message(brokenMessage('One ')),
      two: message(
        replyWith(
          MESSAGE_START + MESSAGE.block + MESSAGE.delta('two') + MESSAGE.error('overloaded_error', 'busy'),
        ),
        SONNET_4_5,
      ),
    });
    expect(answer).toMatchObject({ text: 'One two', endings: ['error'], violations: [] });
    expect(answer.error).toContain('busy');
    expect(row).toMatchObject({ provider: 'two', errorCode: 'upstream_overloaded' });
  });

  test('of two models of one provider each is asked once', async () => {
    const { answer, row } = await ask(
      { one: message(brokenMessage('One ')), two: chat(wholeChatStream('One two')) },
      ASK,
      { continue_streams: true, fallback_chain: ['one/second', 'two'] },
    );
    expect(answer).toEqual({ ...WELL, text: 'One two' });
    expect(row.attempts.map(({ provider, model }) => `${provider}/${model}`)).toEqual([
      'one/m',
      'one/second',
      'two/m',
    ]);
  });

  test('one that fails before it speaks is passed over', async () => {
    const { answer, row } = await ask({
      one: message(brokenMessage('One ')),
      two: chat(replyWith('', { status: 200 })),
      three: chat(wholeChatStream('One two')),
    });
    expect(answer).toEqual({ ...WELL, text: 'One two' });
    expect(row.attempts.map(({ error }) => error)).toEqual([
      'upstream_truncated',
      'upstream_truncated',
      null,
    ]);
  });
});

test('thinking without a signature stays, and that of the second is left out and reported', async () => {
  const { start, text } = PROVIDER_WIRES['openai-chat'];
  const thought = text('hm').replace('"content"', '"reasoning_content"');
  const {
    text: wire,
    answer,
    row,
  } = await ask({
    one: chat(replyWith(start + thought + text('The sky'))),
    two: chat(replyWith(start + thought + text('The sky is blue.') + CHAT.end)),
  });
  expect(answer).toEqual({ ...WELL, text: 'The sky is blue.' });
  expect(wire.match(/thinking_delta/g)).toHaveLength(1);
  expect(row.lost).toContain('reasoning');
});

test('the cost is that of both', async () => {
  const lab = createContinuingLab(
    { one: message(brokenMessage('a')), two: chat(wholeChatStream('ab')) },
    { continue_streams: true },
    {
      costs: {
        pricing_overrides: {
          'one/*': { input_per_million: 1_000_000, output_per_million: 0 },
          'two/*': { input_per_million: 2_000_000, output_per_million: 0 },
        },
      },
    },
  );
  await (await lab.post('/v1/messages', ASK)).text();
  expect((await lab.row(0)).costUsd).toBe(7 + 14);
});

describe('while another is asked to go on', () => {
  const silent: Reply = { ...replyWith(''), fault: { kind: 'hang-before-headers' } };

  const refusing: Reply = jsonReply({ error: { message: 'busy', type: 'server_error', code: 503 } });

  test.each([
    ['that is silent', silent, {}],
    ['that has failed once', refusing, { error: 'upstream_overloaded' }],
  ])('%s, a client that leaves ends it: aborted, with what was told so far', async (_, reply, second) => {
    const lab = createContinuingLab({
      one: message(brokenMessage('The sky')),
      two: { ...chat(reply), maxRetries: 3 },
    });
    const response = await lab.post('/v1/messages', ASK);
    const reader = response.body?.getReader();
    while (lab.requests.length < 2) {
      const read = reader?.read();
      await lab.timers.advance(1);
      if (lab.requests.length < 2) await read;
    }
    await reader?.cancel();
    if (reply === silent) expect(await lab.requests[1]?.ended).toBe('left');
    await lab.timers.advance(1_000);
    expect(lab.requests).toHaveLength(2);
    const row = await lab.row(0);
    expect(row).toMatchObject({ status: 'aborted', errorCode: null, ttftMs: 0 });
    expect(row.usage).toMatchObject({ inputTokens: 7, outputTokens: 1 });
    expect(row.attempts).toMatchObject([{ error: 'upstream_truncated', usage: { inputTokens: 7 } }, second]);
    expect(lab.gateway.activeStreams()).toBe(0);
  });

  const repeating: Reply = { ...brokenChat('The'), fault: { kind: 'hang', after: 10_000 } };

  test.each([
    ['a provider of its own dialect', 'openai-responses', silent, []],
    ['another', 'anthropic-messages', silent, []],
    ['a transformer, while it is repeated', 'anthropic-messages', repeating, ['reasoning' as const]],
  ] as const)(
    'whoever runs the gateway ends it behind %s: it is told where the client is',
    async (_, dialect, reply, transformers) => {
      const begun = DIALECTS[dialect].client.createStreamEncoder({
        ...{ requestId: 'r', model: 'served', created: 1, includeUsage: false, framing: 'sse' },
      });
      const events: StreamEvent[] = [
        { type: 'start', id: 'a', model: 'served' },
        { type: 'text-start', block: 0 },
        { type: 'text-delta', block: 0, text: 'The sky' },
      ];
      const one = { dialect, reply: replyWith(events.map((event) => begun.encode(event)).join('')) };
      const lab = createContinuingLab(
        { one, two: chat(reply) },
        { continue_streams: true, transformers: [...transformers] },
      );
      const response = await lab.post('/v1/responses', { model: 'm', stream: true, input: 'hi' });
      const text = response.text();
      while (lab.requests.length < 2) await lab.timers.advance(1);
      const id = response.headers.get('x-sluice-request-id');
      const stream = `http://127.0.0.1:8088/gateway/streams/${id}`;
      expect((await lab.gateway.fetch(new Request(stream, { method: 'DELETE' }))).status).toBe(200);
      const answer = readStream('openai-responses', new TextEncoder().encode(await text));
      expect(answer).toMatchObject({ text: 'The sky', endings: ['error'], violations: [] });
      expect(await text).toContain('event: response.failed');
      await lab.timers.advance(1_000);
      expect(await lab.row(0)).toMatchObject({ status: 'aborted', errorCode: 'cancelled' });
    },
  );

  test('pings keep the line alive, and the timeout moves on to the next', async () => {
    const lab = createContinuingLab(
      { one: message(brokenMessage('The')), two: chat(silent), three: chat(wholeChatStream('The sky')) },
      { continue_streams: true },
      { server: { ping_interval: '10s' } },
    );
    const text = (await lab.post('/v1/messages', ASK)).text();
    await lab.timers.advance(700_000);
    const answer = readStream('anthropic-messages', new TextEncoder().encode(await text));
    expect(answer).toEqual({ ...WELL, text: 'The sky' });
    expect(await text).toContain('event: ping');
  });
});

describe('an error that it sends ends it at once, though the connection stays open', () => {
  const beginning = MESSAGE_START + MESSAGE.block + MESSAGE.delta('The sky is ');
  const error = MESSAGE.error('overloaded_error', 'busy');
  const bytes = (text: string) => new TextEncoder().encode(text);
  const pieces: [string, Uint8Array[]][] = [
    ['in one piece with the beginning', [bytes(beginning + error)]],
    [
      'in one piece with the text',
      [bytes(MESSAGE_START), bytes(beginning.slice(MESSAGE_START.length) + error)],
    ],
    ['alone', [bytes(beginning), bytes(error)]],
  ];
  for (const [where, sent] of pieces) {
    for (const client of ['anthropic-messages', 'openai-chat'] as const) {
      for (const steps of [[], ['reasoning' as const]]) {
        test(`${where}, to ${client}, behind ${steps.length} transformers`, async () => {
          const fault = { kind: 'hang', after: beginning.length + error.length } as const;
          const lab = createContinuingLab(
            {
              one: message({ ...replyWith(sent), fault }),
              two: message(wholeMessageStream('blue.'), SONNET_4_5),
            },
            { continue_streams: true, transformers: steps },
          );
          const path = client === 'openai-chat' ? '/v1/chat/completions' : '/v1/messages';
          // Nobody turns the clock.
          const text = await (await lab.post(path, ASK)).text();
          const answer = readStream(client, bytes(text));
          expect(answer).toMatchObject({ text: 'The sky is blue.', endings: ['finish'], violations: [] });
          expect(await lab.requests[0]?.ended).toBe('left');
          const { attempts } = await lab.row(0);
          expect(attempts).toMatchObject([{ error: 'upstream_overloaded' }, { error: null }]);
        });
      }
    }
  }

  test('of the second target ends it too, and a third goes on', async () => {
    const { lab, answer } = await ask({
      one: message(brokenMessage('The ')),
      two: message(replyWith(MESSAGE_START + MESSAGE.block + MESSAGE.delta('sky is ') + error), SONNET_4_5),
      three: message(wholeMessageStream('blue.'), SONNET_4_5),
    });
    expect(answer).toEqual({ ...WELL, text: 'The sky is blue.' });
    expect(lab.asked()).toEqual(['one', 'two', 'three']);
  });
});

test('a pause between two events breaks it too', async () => {
  const stalled = { ...brokenMessage('The'), fault: { kind: 'hang' as const, after: 1 << 20 } };
  const lab = createContinuingLab({ one: message(stalled), two: chat(wholeChatStream('The sky')) });
  const text = (await lab.post('/v1/messages', ASK)).text();
  await lab.timers.advance(700_000);
  expect(readStream('anthropic-messages', new TextEncoder().encode(await text)).text).toBe('The sky');
  const row = await lab.row(0);
  expect(row.attempts.map(({ error }) => error)).toEqual(['upstream_timeout', null]);
  const [stalledFor, servedFor] = row.attempts.map(({ durationMs, providerMs }) => [durationMs, providerMs]);
  expect(stalledFor).toEqual([600_000, 600_000]);
  expect(servedFor).toEqual([0, 0]);
});

test('the pauses between its pieces are those of both', async () => {
  const gates = [100, 300].map((ms) => ({ ms, ...Promise.withResolvers<void>() }));
  const paused = (at: number, pieces: string[]) =>
    message(
      replyWith(
        pieces.map((piece) => new TextEncoder().encode(piece)),
        { before: (index) => (index === 1 ? gates[at]?.promise : undefined) },
      ),
      SONNET_4_5,
    );
  const beginning = MESSAGE_START + MESSAGE.block;
  const lab = createContinuingLab({
    one: paused(0, [beginning + MESSAGE.delta('The '), MESSAGE.delta('sky ')]),
    two: paused(1, [beginning + MESSAGE.delta('is '), MESSAGE.delta('blue.') + MESSAGE.end]),
  });
  const text = (await lab.post('/v1/messages', ASK)).text();
  for (const { ms, resolve } of gates) {
    await lab.timers.advance(ms);
    resolve();
  }
  expect(await text).toContain('blue.');
  const { timing } = await lab.row(0);
  expect(timing).toMatchObject({ lastTokenMs: 400, longestGapMs: 300, gapsMs: 400 });
  expect([timing.gapP50Ms, timing.gapP99Ms].map((ms) => Math.round((ms ?? 0) / 100))).toEqual([1, 3]);
});

test('answers that go through a transformer join as the client sees them', async () => {
  const secret = 'ab12-cd34';
  for (const two of [
    chat(wholeChatStream(`The key is ${secret}, keep it.`)),
    message(wholeMessageStream(`${secret}, keep it.`), SONNET_4_5),
  ]) {
    const lab = createContinuingLab(
      { one: message(brokenMessage('The key is ')), two },
      {
        continue_streams: true,
        transformers: [{ name: 'redact', patterns: ['ab\\d\\d-cd\\d\\d'], direction: 'answer' }],
      },
    );
    const wire = await (await lab.post('/v1/messages', ASK)).text();
    const answer = readStream('anthropic-messages', new TextEncoder().encode(wire));
    expect(answer).toEqual({ ...WELL, text: 'The key is [redacted], keep it.' });
    expect(await lab.row(0)).toMatchObject({ status: 'success', provider: 'two' });
  }
});

describe('behind transformers', () => {
  type Routing = NonNullable<Parameters<typeof createContinuingLab>[1]>;
  const routing = (...transformers: NonNullable<Routing['transformers']>): Routing => ({
    continue_streams: true,
    transformers,
  });
  const redact = { name: 'redact', patterns: ['sk-[a-z0-9]{8,}'], direction: 'answer' } as const;
  const thought = (text: string) =>
    CHAT.delta('').replace('"content":""', `"reasoning_content":${JSON.stringify(text)}`);

  test('what they find across the joint was told in halves: nobody goes on with it', async () => {
    const { answer, row } = await ask(
      {
        one: message(brokenMessage('The key is sk-abc')),
        two: message(wholeMessageStream('defgh123.'), SONNET_4_5),
      },
      ASK,
      routing(redact),
    );
    expect(answer).toMatchObject({ text: 'The key is sk-abc', endings: ['error'], violations: [] });
    expect(row).toMatchObject({ status: 'truncated', provider: 'one' });
  });

  test.each([
    ['text', 'The sky is ', MESSAGE.block + MESSAGE.delta('blue.') + MESSAGE.end, 'The sky is blue.'],
    ['white space too', 'if x:\n', MESSAGE.block + MESSAGE.delta('\n  y') + MESSAGE.end, 'if x:\n  y'],
    [
      'nothing more',
      'The sky is ',
      MESSAGE.end.slice(MESSAGE.end.indexOf('event: message_delta')),
      'The sky is',
    ],
  ])('the rest joins what came before: %s', async (_, had, rest, told) => {
    const { answer, row } = await ask(
      {
        one: message(brokenMessage(had)),
        two: message(replyWith(MESSAGE_START + rest), SONNET_4_5),
      },
      ASK,
      routing(redact),
    );
    expect({ ...answer, text: answer.text.trimEnd() }).toEqual({ ...WELL, text: told });
    expect(row).toMatchObject({ status: 'success', provider: 'two' });
  });

  test('text that `reasoning` has searched stays one block', async () => {
    const { answer, text } = await ask(
      { one: message(brokenMessage('The sky is ')), two: message(wholeMessageStream('blue.'), SONNET_4_5) },
      ASK,
      routing('reasoning'),
    );
    expect(answer).toEqual({ ...WELL, text: 'The sky is blue.' });
    expect(text.match(/event: content_block_start/g)).toHaveLength(1);
  });

  test.each([
    ['that becomes text', thought('Blue'), 'text', '<think>Blue'],
    ['that is tagged text', CHAT.delta('<think>Blue'), 'thinking', ''],
  ] as const)('half a thought %s is no beginning of an answer', async (_, half, as, told) => {
    const { answer, lab } = await ask(
      {
        one: chat(replyWith(CHAT.start + half)),
        two: message(wholeMessageStream('The sky is blue.'), SONNET_4_5),
      },
      ASK,
      routing({ name: 'reasoning', as }),
    );
    expect(answer).toMatchObject({ text: told, endings: ['error'], violations: [] });
    expect(lab.asked()).toEqual(['one']);
  });
});

test('a hedge that won and then broke is followed by the target behind it', async () => {
  const silent: Reply = { ...replyWith(''), fault: { kind: 'hang-before-headers' } };
  const lab = createContinuingLab(
    {
      one: chat(silent),
      two: message(brokenMessage('The sky')),
      three: chat(wholeChatStream('The sky is blue.')),
    },
    { continue_streams: true, hedge_after: '1s' },
  );
  const asked = lab.post('/v1/messages', ASK);
  await lab.timers.advance(1_000);
  const answer = readStream('anthropic-messages', await (await asked).bytes());
  expect(answer).toEqual({ ...WELL, text: 'The sky is blue.' });
  const { attempts } = await lab.row(0);
  expect(
    attempts.map(({ provider, error, hedge, continued }) => [provider, error, hedge, continued]),
  ).toEqual([
    ['one', 'cancelled', undefined, undefined],
    ['two', 'upstream_truncated', true, undefined],
    ['three', null, undefined, 'repeated'],
  ]);
});

test('each break counts for its provider, and nothing is left behind', async () => {
  const lab = createContinuingLab({
    one: message(brokenMessage('The sky')),
    two: message(brokenMessage(' is'), SONNET_4_5),
    three: chat(wholeChatStream('The sky is blue.')),
  });
  const states = async () => {
    const response = await lab.gateway.fetch(new Request('http://127.0.0.1:8088/gateway/providers'));
    const { providers } = (await response.json()) as { providers: { in_flight: number; breaker: string }[] };
    return providers.slice(0, 3).map(({ in_flight, breaker }) => `${breaker} ${in_flight}`);
  };
  for (let nth = 0; nth < 5; nth++) {
    const answer = readStream('anthropic-messages', await (await lab.post('/v1/messages', ASK)).bytes());
    expect(answer.text).toBe('The sky is blue.');
  }
  expect(await states()).toEqual(['open 0', 'open 0', 'closed 0']);
  // Both are passed over now, and the third answers alone.
  await (await lab.post('/v1/messages', ASK)).text();
  expect(lab.asked().at(-1)).toBe('three');
  await lab.timers.advance(2_000);
  expect((await lab.row(5)).attempts.map(({ skipped }) => skipped)).toEqual([
    'breaker_open',
    'breaker_open',
    undefined,
  ]);
  expect(lab.gateway.activeStreams()).toBe(0);
  // The ledger looks for old rows once an hour.
  expect(lab.timers.pending()).toBeLessThanOrEqual(1);
});

test.each([[[]], [['reasoning' as const]]])(
  'a client that reads one JSON array gets one, behind these transformers: %p',
  async (transformers) => {
    const parts = [{ text: 'The sky is ' }];
    const begun = { candidates: [{ content: { role: 'model', parts }, index: 0 }] };
    const one = { dialect: 'gemini', reply: replyWith(`data: ${JSON.stringify(begun)}\n\n`) } as const;
    const two = message(wholeMessageStream('blue.'), SONNET_4_5);
    const lab = createContinuingLab({ one, two }, { continue_streams: true, transformers });
    const body = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
    const response = await lab.post('/v1beta/models/m:streamGenerateContent', body);
    const chunks = JSON.parse(await response.text()) as { candidates: (typeof begun)['candidates'] }[];
    const said = chunks.flatMap(({ candidates: [first] }) => first?.content.parts ?? []);
    expect(said.map(({ text }) => text).join('')).toBe('The sky is blue.');
    expect(lab.asked()).toEqual(['one', 'two']);
  },
);

test('those who watch see each word once', async () => {
  const lab = createContinuingLab({
    one: message(brokenMessage('The sky ')),
    two: chat(wholeChatStream('The sky is blue.')),
  });
  const watching = await lab.gateway.fetch(new Request('http://127.0.0.1:8088/gateway/streams/live'));
  const reader = watching.body?.getReader();
  await (await lab.post('/v1/messages', ASK)).text();
  let seen = '';
  while (!seen.includes('"completed"')) seen += new TextDecoder().decode((await reader?.read())?.value);
  await reader?.cancel();
  const texts = [...seen.matchAll(/"text":"([^"]*)"/g)].map(([, text]) => text);
  expect(texts.join('')).toBe('The sky is blue.');
});
