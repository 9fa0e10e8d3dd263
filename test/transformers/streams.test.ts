// What a stream guarantees holds behind transformers: nothing waits that need not, one ending, who leaves is noticed.
import { describe, expect, test } from 'bun:test';
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { StreamEvent } from '../../src/model/events.ts';
import type { AnswerContext, Transformer } from '../../src/transformers/transformer.ts';
import { createAnswerChain } from '../../src/gateway/transform/answer.ts';
import { clientRequest, SPOKEN_DIALECTS } from '../support/client-requests.ts';
import type { Reply } from '../support/reply.ts';
import { allSplits } from '../support/splits.ts';
import { createTransformLab, expectSound, replyTo, textAnswer } from '../support/transform-lab.ts';

const REDACT = { name: 'redact', patterns: ['sk-\\w{4,8}'], direction: 'answer' } as const;
const STREAMED = { path: '/stream', json: () => ({ stream: true }) };

function labWith(dialect: DialectId, reply: Partial<Reply>, answer: readonly StreamEvent[]) {
  return createTransformLab({
    dialect,
    transformers: [REDACT],
    answer,
    reply: { ...replyTo(STREAMED, dialect, answer), ...reply },
  });
}

/** Pieces of the reply go out when `open` says so. */
function createGate() {
  let allowed = 0;
  let wake: (() => void) | undefined;
  return {
    async before(index: number) {
      while (index >= allowed)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    },
    open(count: number) {
      allowed = count;
      wake?.();
    },
  };
}

async function readUntil(
  reader: { read(): Promise<{ value?: string | undefined }> },
  what: string,
): Promise<string> {
  let text = '';
  while (!text.includes(what)) {
    const { value } = await reader.read();
    if (value === undefined) throw new Error(`ended before ${what}: ${text}`);
    text += value;
  }
  return text;
}

describe.each(SPOKEN_DIALECTS.map((client) => ({ client })))('to $client', ({ client }) => {
  const { path, body } = clientRequest(client, { stream: true });

  async function readerOf(lab: ReturnType<typeof labWith>, signal?: AbortSignal) {
    const response = await lab.post(path, body, signal === undefined ? {} : { signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (reader === undefined) throw new Error('no body');
    return reader;
  }

  test('what no match can begin with leaves at once; a tail that may be one waits for its block’s end', async () => {
    const gate = createGate();
    const answer = textAnswer('Hello ', 'world sk-a', 'b');
    const pieces = [...replyTo(STREAMED, 'anthropic-messages', answer).pieces].map((piece) =>
      new TextDecoder().decode(piece),
    );
    const upTo = (what: string) => pieces.findIndex((piece) => piece.includes(what)) + 1;
    const lab = labWith('anthropic-messages', { before: gate.before }, answer);
    gate.open(upTo('Hello'));
    const reader = await readerOf(lab);
    expect(await readUntil(reader, 'Hello')).not.toContain('world');
    gate.open(upTo('world'));
    expect(await readUntil(reader, 'world')).not.toContain('sk-');
    gate.open(upTo('content_block_stop'));
    await readUntil(reader, 'sk-a');
    gate.open(pieces.length);
    for (let more = await reader.read(); more.value !== undefined; ) more = await reader.read();
    expect(await lab.row(0)).toMatchObject({ status: 'success', transformers: ['redact'] });
  });

  test('who leaves ends the upstream’s work, and the row says so', async () => {
    const gate = createGate();
    const answer = textAnswer('Hello ', 'world');
    const lab = labWith('openai-chat', { before: gate.before }, answer);
    gate.open(3);
    const leaving = new AbortController();
    const reader = await readerOf(lab, leaving.signal);
    await readUntil(reader, 'Hello');
    await reader.cancel();
    expect(await lab.row(0)).toMatchObject({ status: 'aborted' });
    expect(await lab.upstream.requests[0]?.ended).toBe('left');
  });

  test('an upstream that ends early is reported as such, after what it had sent', async () => {
    const answer = textAnswer('Hello ', 'world sk-ab').slice(0, -2);
    for (const dialect of SPOKEN_DIALECTS) {
      const lab = labWith(dialect, {}, answer);
      const got = await lab.ask(client, true);
      expect(got.violations).toEqual([]);
      expect(got.error).not.toBeNull();
      expect(got.finish).toBeNull();
      expect(got.bytes).toContain('sk-ab');
      expect(await lab.row(0)).toMatchObject({ status: 'truncated', transformers: ['redact'] });
    }
  });

  test('however the bytes are cut', async () => {
    const answer = textAnswer('The ke', 'y is sk-ab', 'cd12 and sk', '-é-sk-wxyz.');
    for (const dialect of SPOKEN_DIALECTS) {
      for (const split of allSplits()) {
        const whole = Buffer.concat([...replyTo(STREAMED, dialect, answer).pieces]);
        const lab = labWith(dialect, { pieces: split.cut(new Uint8Array(whole)) }, answer);
        const got = await lab.ask(client, true);
        expectSound(got);
        expect(got.text(), split.name).toBe('The key is [redacted] and sk-é-[redacted].');
      }
    }
  });
});

describe('the chain', () => {
  const CONTEXT: AnswerContext = { provider: 'lab', model: 'm', lost() {} };
  const step = (name: string, answer: NonNullable<Transformer['answer']>): Transformer => ({
    name,
    options: {},
    answer,
  });
  const same = step('same', () => ({ push: (events) => events }));
  const ANSWER = textAnswer('one', 'two');

  test('of no step gives the very events it was given', () => {
    expect(createAnswerChain([], CONTEXT).push(ANSWER)).toBe(ANSWER);
  });
  test('of a step that changes nothing gives the same', () => {
    expect(createAnswerChain([same, same], CONTEXT).push(ANSWER)).toEqual(ANSWER);
  });
  test('holds a step to the order of events and to the ending that came', async () => {
    const wild = step('wild', () => ({
      push: (events) => [
        { type: 'finish', finish: { unified: 'end_turn', raw: null } },
        ...events,
        { type: 'text-delta', block: 9, text: 'late' },
      ],
    }));
    const chain = createAnswerChain([wild], CONTEXT);
    const given = await chain.push(ANSWER);
    expect(given.filter((event) => event.type === 'finish')).toHaveLength(1);
    expect(given.at(-1)?.type).toBe('finish');
    expect(chain.ended()).toBe(true);
    expect(await chain.push(ANSWER)).toEqual([]);
    const mute = step('mute', () => ({ push: () => [] }));
    expect((await createAnswerChain([mute], CONTEXT).push(ANSWER)).at(-1)?.type).toBe('finish');
  });

  const isAccounting = ({ type }: StreamEvent) => type === 'start' || type === 'usage';
  const late = () => {
    let before: readonly StreamEvent[] = [];
    return {
      push(events: readonly StreamEvent[]) {
        const given = before;
        before = events;
        return given;
      },
    };
  };
  test.each<[string, NonNullable<Transformer['answer']>]>([
    ['emits text alone', () => ({ push: (events) => events.filter(({ type }) => type === 'text-delta') })],
    [
      'emits others of its own',
      () => ({
        push: (events) =>
          events.map((event) => {
            if (event.type === 'start') return { ...event, model: 'invented' };
            return event.type === 'usage' ? { ...event, usage: { outputTokens: 1 } } : event;
          }),
      }),
    ],
    ['emits them later', late],
    ['emits nothing', () => ({ push: () => [] })],
  ])('tells the model and the tokens that the provider stated, by a step that %s', async (_, answer) => {
    const chain = createAnswerChain([step('odd', answer)], CONTEXT);
    const came = [
      { type: 'start', id: 'a1', model: 'served' },
      { type: 'usage', usage: { inputTokens: 7 } },
      ...textAnswer('one').filter((event) => !isAccounting(event) && event.type !== 'finish'),
      { type: 'usage', usage: { outputTokens: 3 } },
      { type: 'finish', finish: { unified: 'end_turn', raw: null } },
    ] satisfies StreamEvent[];
    const given: StreamEvent[] = [];
    for (const event of came) given.push(...(await chain.push([event])));
    expect(given.filter(isAccounting)).toEqual(came.filter(isAccounting));
    expect([given[0]?.type, given.at(-1)?.type]).toEqual(['start', 'finish']);
  });
});
