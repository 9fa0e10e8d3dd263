// Streams of all dialects at once, their pieces in any order: each client gets to the byte what it gets alone.
import { expect, test } from 'bun:test';
import { DIALECT_IDS, type DialectId, PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { clientRequest } from '../support/client-requests.ts';
import { MARKED_ANSWERS, marksOf } from '../support/marked-answers.ts';
import { PROVIDER_WIRES } from '../support/provider-wires.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { replyWith } from '../support/reply.ts';
import { startSluice } from '../support/sluice-process.ts';
import { createRandom, FIRST_SEED, randomSplit } from '../support/splits.ts';

/** Every client at every provider, twice. */
const PAIRS = DIALECT_IDS.flatMap((client) => PROVIDER_DIALECT_IDS.map((wire) => ({ client, wire })));
const STREAMS = [...PAIRS, ...PAIRS].map((pair, index) => {
  const mark = `m${100 + index}-`;
  const usage = { input: 1_000 + index, output: 5_000 + index };
  const pieces = randomSplit(FIRST_SEED + index, 400).cut(MARKED_ANSWERS[pair.wire](mark, usage));
  return { ...pair, index, mark, usage, pieces };
});
type MarkedStream = (typeof STREAMS)[number];

interface Entry {
  request_id: string;
  input_tokens: number;
  output_tokens: number;
  response_body: string;
}

/** Clients of Gemini get thoughts only if they ask for them. */
function wantsThoughts(client: DialectId): JsonObject {
  return client === 'gemini' ? { generationConfig: { thinkingConfig: { includeThoughts: true } } } : {};
}

/** What differs between two answers to the same question: their ids and times. */
function timeless(text: string, requestId: string): string {
  return text
    .replaceAll(requestId, 'REQUEST')
    .replaceAll(requestId.replaceAll('-', ''), 'REQUEST')
    .replace(/"(total|load|prompt_eval|eval)_duration":\d+,?/g, '')
    .replace(/"(created|created_at|completed_at)":(\d+|"[^"]*")/g, '"$1":0');
}

test(`${STREAMS.length} streams of all dialects at once: each client gets its own`, async () => {
  let gates: PromiseWithResolvers<void>[][] = [];
  await using upstream = await startReplayUpstream((request) => {
    const index = Number(/ask-(\d+)\./.exec(new TextDecoder().decode(request.body))?.[1]);
    const stream = STREAMS[index];
    if (stream === undefined) throw new Error('a request that no test made');
    return replyWith(stream.pieces, {
      headers: { 'content-type': PROVIDER_WIRES[stream.wire].contentType },
      before: (piece) => gates[index]?.[piece]?.promise,
    });
  });
  await using sluice = await startSluice({
    config: {
      providers: Object.fromEntries(
        PROVIDER_DIALECT_IDS.map((wire) => {
          const { config } = PROVIDER_WIRES[wire];
          return [
            wire,
            { ...config, base_url: config.base_url?.replace('http://upstream.test', upstream.url) },
          ];
        }),
      ),
    },
  });

  const ask = async ({ client, wire, index }: MarkedStream) => {
    const { path, body } = clientRequest(client, { stream: true });
    const response = await fetch(sluice.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-sluice-target': `${wire}/some-model` },
      body: JSON.stringify({ ...body, ...wantsThoughts(client) }).replace('"hi"', `"ask-${index}."`),
    });
    const requestId = response.headers.get('x-sluice-request-id') ?? '';
    return { requestId, text: timeless(await response.text(), requestId) };
  };

  const alone = [];
  for (const stream of STREAMS) alone.push(await ask(stream));

  gates = STREAMS.map(({ pieces }) => pieces.map(() => Promise.withResolvers<void>()));
  const together = STREAMS.map(ask);
  await upstream.request(2 * STREAMS.length - 1);
  const random = createRandom(FIRST_SEED);
  const closed = STREAMS.map(({ index }) => ({ gates: gates[index] ?? [] }));
  while (closed.length > 0) {
    const at = Math.floor(random() * closed.length);
    const next = closed[at]?.gates.shift();
    if (next === undefined) closed.splice(at, 1);
    else next.resolve();
    // Some come together, in one turn of the gateway, and some do not.
    if (random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
  }

  const answers = await Promise.all(together);
  for (const { index, mark, client, wire } of STREAMS) {
    const text = answers[index]?.text ?? '';
    const name = `${client} from ${wire}`;
    expect([name, text]).toEqual([name, alone[index]?.text ?? 'missing']);
    expect([name, [...new Set(text.match(/m\d{3}-/g))]]).toEqual([name, [mark]]);
    for (const each of marksOf(mark)) expect([name, text]).toEqual([name, expect.stringContaining(each)]);
  }
  const { entries } = await sluice.get<{ entries: Entry[] }>('/gateway/audit?limit=1000&include_bodies=true');
  expect(entries).toHaveLength(2 * STREAMS.length);
  for (const [index, { mark, usage }] of STREAMS.entries()) {
    const entry = entries.find(({ request_id }) => request_id === answers[index]?.requestId);
    expect(entry).toMatchObject({ input_tokens: usage.input, output_tokens: usage.output });
    expect([...new Set(entry?.response_body.match(/m\d{3}-/g))]).toEqual([mark]);
  }
});
