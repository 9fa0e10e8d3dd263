// Secrets that come in pieces leave a kept stream, in every dialect; everything else of it stays.
import { expect, test } from 'bun:test';
import {
  readPieces,
  withoutSplitSecrets as withoutPieces,
} from '../../../src/gateway/record/split-secrets.ts';
import { createRedactor } from '../../../src/model/redact/redact.ts';

const secret = 'qzSecret-Hx7Lw2mKp9';
const redact = createRedactor([secret]);

function withoutSplitSecrets(stream: string): string {
  return withoutPieces(stream, readPieces(stream), redact);
}

const WIRES: [string, (text: string, index: number) => unknown][] = [
  ['anthropic-messages', (text) => ({ delta: { type: 'text_delta', text } })],
  ['anthropic-messages, thinking', (thinking) => ({ delta: { type: 'thinking_delta', thinking } })],
  ['anthropic-messages, a tool', (partial_json) => ({ delta: { type: 'input_json_delta', partial_json } })],
  ['openai-chat', (content) => ({ choices: [{ index: 0, delta: { content } }] })],
  ['openai-chat, reasoning', (reasoning_content) => ({ choices: [{ delta: { reasoning_content } }] })],
  [
    'openai-chat, a tool',
    (text) => ({ choices: [{ delta: { tool_calls: [{ function: { arguments: text } }] } }] }),
  ],
  [
    'openai-responses',
    (delta, index) => ({ type: 'response.output_text.delta', delta, sequence_number: index }),
  ],
  ['gemini', (text) => ({ candidates: [{ content: { parts: [{ text }], role: 'model' } }] })],
];

test.each(WIRES)('%s', (_, eventOf) => {
  const said = `{"one":"${secret}",\n"ünï":"\\"${secret}\\"", "other": "qz"} and ${secret}`;
  for (const cut of [1, 2, 5, 9, 18, 30]) {
    const pieces = said.match(new RegExp(`[^]{1,${cut}}`, 'gu')) ?? [];
    const stream = pieces.map((piece, at) => `data: ${JSON.stringify(eventOf(piece, at))}\n\n`).join('');
    const kept = redact(withoutSplitSecrets(stream));
    const events = kept.split('\n\n').slice(0, -1);
    expect(events).toHaveLength(pieces.length);
    const path = JSON.stringify(eventOf('@', 0)).split('"@"');
    const words = events.map((event, at) => {
      const [before = '', after = ''] = JSON.stringify(eventOf('@', at)).split('"@"');
      expect(path).toHaveLength(2);
      return JSON.parse(event.slice('data: '.length + before.length, event.length - after.length)) as string;
    });
    expect(words.join('')).toBe(said.replaceAll(secret, '[redacted]'));
  }
});

test.each([
  [
    'calls of Chat in turn',
    (text: string, call: number) => ({
      choices: [{ index: 0, delta: { tool_calls: [{ index: call, function: { arguments: text } }] } }],
    }),
  ],
  ['choices of Chat', (text: string, index: number) => ({ choices: [{ index, delta: { content: text } }] })],
  [
    'blocks of Messages',
    (text: string, block: number) => ({
      index: block,
      delta: { type: 'input_json_delta', partial_json: text },
    }),
  ],
  [
    'items of Responses',
    (text: string, item: number) => ({
      type: 'some.delta',
      item_id: `i_${item}`,
      output_index: item,
      delta: text,
    }),
  ],
])('%s: each stays what it was, without its secret', (_, eventOf) => {
  const said = [`first ${secret} of one`, `another ${secret} of the other`];
  const places = said.flatMap((text, at) =>
    (text.match(/.{1,4}/g) ?? []).map((piece, n) => ({ piece, at, n })),
  );
  for (const inTurn of [false, true]) {
    const ordered = inTurn ? places.toSorted((one, other) => one.n - other.n) : places;
    const stream = ordered.map(({ piece, at }) => `data: ${JSON.stringify(eventOf(piece, at))}\n\n`).join('');
    expect(readPieces(stream).excerpt).toContain(secret);
    const events = redact(withoutSplitSecrets(stream)).split('\n\n').slice(0, -1);
    const kept = said.map((_, place) =>
      events
        .flatMap((event, n) => {
          if (ordered[n]?.at !== place) return [];
          const [before = ''] = JSON.stringify(eventOf('@', place)).split('"@"');
          return [/^"[^"]*"/.exec(event.slice(`data: ${before}`.length))?.[0].slice(1, -1)];
        })
        .join(''),
    );
    expect(kept).toEqual(said.map((text) => text.replace(secret, '[redacted]')));
  }
});

test('calls beside each other in one event stay what they were', () => {
  const stream = [
    [secret.slice(0, 7), 'one '],
    [secret.slice(7), 'two'],
  ]
    .map((pieces) => pieces.map((text, index) => ({ index, function: { arguments: text } })))
    .map((tool_calls) => `data: ${JSON.stringify({ index: 0, delta: { tool_calls } })}\n\n`)
    .join('');
  const kept = withoutSplitSecrets(stream);
  expect(kept).toBe(stream.replace(secret.slice(0, 7), '[redacted]').replace(secret.slice(7), ''));
});

test('a stream without any comes back as it is, one with whole ones too', () => {
  for (const stream of [
    '',
    'data: [DONE]\n\n',
    'data: {"text":"a"}\n\ndata: {"text":"b"}\n\n',
    'not JSON "text": "',
  ])
    expect(withoutSplitSecrets(stream)).toBe(stream);
  const whole = `data: {"text":"a ${secret}"}\n\ndata: {"text":" b"}\n\n`;
  expect(withoutSplitSecrets(whole)).toBe(whole);
});

/** As one expression reads them all. */
const PIECES =
  /"(text|thinking|partial_json|content|reasoning|reasoning_content|refusal|arguments|delta)": ?"([^"\\]*(?:\\.[^"\\]*)*)"/g;

test('pieces are those that the expression finds, and nothing of the stream is lost', () => {
  const words = [
    '',
    'a',
    ' b',
    '\\n',
    '\\"',
    'c\\\\',
    '"',
    '\\',
    '\\\n',
    ',"text":"',
    '"}\n\ndata: {"text":"',
    'ü',
  ];
  const kinds = ['text', 'delta', 'partial_json', 'type'];
  let seed = 1;
  const random = <T>(choices: readonly T[]): T | undefined => {
    seed = (seed * 48_271) % 0x7fffffff;
    return choices[seed % choices.length];
  };
  for (let round = 0; round < 2_000; round++) {
    let stream = random(['', '"text":"a"', 'event: x\n'] as const) ?? '';
    for (let event = 0; event < 12; event++) {
      const text = random(words) + (random(words) ?? '');
      stream += `data: {"${random(kinds)}":${random(['', ' '])}"${text}"${random(['}', ',"n":1}'])}\n\n`;
    }
    const read = readPieces(stream);
    const found = new Map<string, { starts: number[]; texts: string[] }>();
    for (const match of stream.matchAll(PIECES)) {
      const [whole, kind = '', text = ''] = match;
      const { starts, texts } = found.get(kind) ?? { starts: [], texts: [] };
      if (text !== '')
        found.set(kind, {
          starts: [...starts, match.index + whole.length - 1 - text.length],
          texts: [...texts, text],
        });
    }
    const kept = [...read.kinds].filter(([, { texts }]) => texts.length > 0);
    expect(Object.fromEntries(kept)).toEqual(Object.fromEntries(found));
    for (const stretch of stream.split('"')) expect(read.excerpt.includes(stretch)).toBe(true);
    for (const { texts } of found.values()) expect(read.excerpt).toInclude(texts.join(''));
  }
});

test.each([
  [
    'openai-responses',
    (delta: string, at: number) => ({
      type: 'response.output_text.delta',
      sequence_number: at + 8,
      item_id: 'msg_1',
      output_index: 0,
      delta,
      logprobs: [],
      obfuscation: `Noise${at}x`.repeat(1 + (at % 2)),
    }),
  ],
  [
    'gemini',
    (text: string, at: number) => ({
      candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0 }],
      usageMetadata: { promptTokenCount: 9, candidatesTokenCount: at + 1, totalTokenCount: at + 10 },
    }),
  ],
])('%s: what varies from event to event does not make them different', (_, eventOf) => {
  const said = `so it was ${secret} and `.repeat(40);
  const pieces = said.match(/.{1,7}/g) ?? [];
  const stream = pieces.map((piece, at) => `data: ${JSON.stringify(eventOf(piece, at))}\n\n`).join('');
  const { excerpt, kinds } = readPieces(stream);
  expect(kinds.size).toBe(1);
  expect(excerpt.length).toBeLessThan(stream.length / 5);
  expect(excerpt).toContain(said);
  const kept = withoutSplitSecrets(stream);
  expect(readPieces(kept).excerpt).toContain(said.replaceAll(secret, '[redacted]'));
  expect(kept.split('\n\n')).toHaveLength(pieces.length + 1);
});

test('what varies is looked through for secrets, too', () => {
  const word = 'qzSecretHx7Lw2mKp9';
  const eventOf = (delta: string, obfuscation: string) =>
    `data: ${JSON.stringify({ type: 'some.delta', sequence_number: 1, delta, obfuscation })}\n\n`;
  const stream = ['aa', 'bb', word, 'cc'].map((noise, at) => eventOf(`word${at}`, noise)).join('');
  expect(readPieces(stream).excerpt).toContain(word);
});
