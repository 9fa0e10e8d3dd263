// Servers that count in UTF-16 cut pieces of an answer inside of emoji, and end answers there. Strict clients (Rust, Python when it
// prints) refuse half of a surrogate pair: clients of other dialects get whole characters, and none is lost.
import { describe, expect, test } from 'bun:test';
import { Sequencer } from '../../../src/gateway/pumps/sequence.ts';
import { DIALECT_IDS } from '../../../src/model/dialect-id.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const HEAD = '\ud83d';
const TAIL = '\ude00';
/** The escape of half of a pair, which no other half follows or precedes. */
const LONE = /\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}/i;

const TEXTS: [name: string, pieces: string[], whole: string][] = [
  ['cut inside', [`a${HEAD}`, `${TAIL}b`], 'a😀b'],
  ['each half alone', ['a', HEAD, TAIL, 'b'], 'a😀b'],
  ['twice', [`${HEAD}`, `${TAIL}${HEAD}`, TAIL], '😀😀'],
  ['at the end', ['ab', `c${HEAD}`], 'abc\ufffd'],
  ['without its other half', [`a${HEAD}`, 'b'], 'a\ufffdb'],
  ['the second half alone', ['a', `${TAIL}b`], 'a\ufffdb'],
];

/** What clients that decode strictly make of all texts in the answer, one after the other. */
function textIn(answer: string): string {
  const texts = [...answer.matchAll(/"(?:text|content|delta)":("(?:[^"\\]|\\.)*")/g)];
  return texts.map(([, literal]) => JSON.parse(literal ?? '""') as string).join('');
}

async function answered(
  wire: 'openai-chat' | 'anthropic-messages',
  client: string,
  stream: boolean,
  reply: Reply,
) {
  const lab = { ...PROVIDER_WIRES[wire].config, max_retries: 0 };
  const { post, row } = createTestGateway({
    config: { providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: createReplayFetch(reply).fetch,
  });
  const { path, body } = clientRequest(client as (typeof DIALECT_IDS)[number], { stream });
  const text = await (await post(path, body)).text();
  return { text, row: await row(0) };
}

for (const wire of ['openai-chat', 'anthropic-messages'] as const) {
  const { start, text, textEnd, whole } = PROVIDER_WIRES[wire];
  describe.each(TEXTS)(`${wire}, %s`, (_name, pieces, expected) => {
    for (const client of DIALECT_IDS) {
      if (client === wire) continue;
      test(`streamed to ${client}`, async () => {
        const stream = start + pieces.map((piece) => text(piece)).join('') + textEnd;
        const { text: answer, row } = await answered(wire, client, true, replyWith(stream));
        expect(row.status).toBe('success');
        expect(answer).not.toMatch(LONE);
        expect(answer.isWellFormed()).toBe(true);
        expect(textIn(answer)).toStartWith(expected);
      });

      test(`whole to ${client}`, async () => {
        const { text: answer } = await answered(wire, client, false, jsonReply(whole(pieces.join(''))));
        expect(answer).not.toMatch(LONE);
        expect(textIn(answer)).toContain(expected);
      });
    }
  });
}

describe('in every kind of block', () => {
  const pieces = (piece: (text: string) => StreamEvent, start: StreamEvent): StreamEvent[] => [
    start,
    piece(`"a${HEAD}`),
    piece(`${TAIL}${HEAD}`),
    piece('"'),
    piece(HEAD),
  ];
  const KINDS: [string, StreamEvent[]][] = [
    ['text', pieces((text) => ({ type: 'text-delta', block: 0, text }), { type: 'text-start', block: 0 })],
    [
      'refusal',
      pieces((text) => ({ type: 'refusal-delta', block: 0, text }), { type: 'refusal-start', block: 0 }),
    ],
    [
      'reasoning',
      pieces((text) => ({ type: 'reasoning-delta', block: 0, text }), {
        type: 'reasoning-start',
        block: 0,
      }),
    ],
    [
      'arguments',
      pieces((text) => ({ type: 'tool-delta', block: 0, arguments: text }), {
        type: 'tool-start',
        block: 0,
        id: 'c',
        name: 'f',
        kind: 'custom',
      }),
    ],
  ];

  test.each(KINDS)('%s', (_kind, events) => {
    let together = '';
    const sequencer = new Sequencer({
      see(event) {
        if ('text' in event && typeof event.text === 'string') together += event.text;
        if (event.type === 'tool-delta') together += event.arguments;
      },
    });
    for (const event of events) sequencer.push(event);
    sequencer.push({ type: 'finish', finish: { unified: 'end_turn', raw: null } });
    expect(together).toBe('"a😀\ufffd"\ufffd');
  });

  test('what a block leaves over is not joined to the next', () => {
    let together = '';
    const sequencer = new Sequencer({
      see(event) {
        if (event.type === 'text-delta') together += event.text;
        if (event.type === 'text-end') together += '|';
      },
    });
    const events: StreamEvent[] = [
      { type: 'text-delta', block: 0, text: HEAD },
      { type: 'text-end', block: 0 },
      { type: 'text-delta', block: 1, text: TAIL },
    ];
    for (const event of events) sequencer.push(event);
    sequencer.push({ type: 'finish', finish: { unified: 'end_turn', raw: null } });
    expect(together).toBe('\ufffd|\ufffd|');
  });
});
