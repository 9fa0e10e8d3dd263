// Recorded streams through transformers: what nothing matches is told as without any, what matches is replaced whatever
// the provider and however its stream is cut, streamed as whole.
import { describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../src/index.ts';
import type { Part } from '../../src/model/content.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import {
  clientRequest,
  LAB_PROVIDER_OF,
  recordedStreams,
  SPOKEN_DIALECTS,
} from '../support/client-requests.ts';
import type { Recording } from '../support/recordings.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { replyOf } from '../support/reply.ts';
import { FIRST_SEED, randomSplit, type Split, WHOLE } from '../support/splits.ts';
import { createTestGateway, LAB_PROVIDERS } from '../support/test-gateway.ts';
import { readAnswer } from '../support/transform-lab.ts';

type Transformers = NonNullable<NonNullable<ConfigInput['routing']>['transformers']>;

interface Asking {
  recording: Recording;
  dialect: DialectId;
  client: DialectId;
  stream?: boolean;
  split?: Split;
}

async function ask(asking: Asking, transformers: Transformers) {
  const { recording, dialect, client, stream = true, split = WHOLE } = asking;
  const name = LAB_PROVIDER_OF[dialect];
  const lab = createTestGateway({
    config: {
      providers: { [name]: LAB_PROVIDERS[name] },
      routing: { default_provider: name, transformers },
    },
    fetch: createReplayFetch(() => replyOf(recording, { split })).fetch,
    host: { now: () => 1_700_000_000_000, monotonic: () => 0, randomId: () => 'fixed' },
  });
  const { path, body } = clientRequest(client, { stream });
  const response = await lab.post(path, body);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { ...readAnswer(client, stream, response, bytes), row: await lab.row(0) };
}

/** Found in no recording. */
const NEVER: Transformers = [{ name: 'redact', patterns: ['\ue000{3}'], tools: true }];

/** What every dialect tells alike. */
function comparable(parts: readonly Part[]): unknown[] {
  return parts.map((part) => [
    part.type,
    'text' in part ? part.text : '',
    'arguments' in part ? part.arguments : '',
  ]);
}

/** Log probabilities spell the text: an answer that is searched has none. */
function unspelled(parts: readonly Part[]): unknown[] {
  return parts.map((part) => ({ ...part, logprobs: undefined }));
}

/** A word from the middle of the answer's text. */
function wordIn(text: string): string | undefined {
  return /\b[A-Za-z]{4,20}\b/.exec(text.slice(Math.floor(text.length / 3)))?.[0];
}

describe.each(SPOKEN_DIALECTS.map((dialect, index) => ({ dialect, index })))(
  'recordings of $dialect',
  ({ dialect, index }) => {
    const all = recordedStreams(dialect).filter(({ body }) => body.length < 200_000);
    const clientOf = (at: number): DialectId =>
      SPOKEN_DIALECTS[(at + index) % SPOKEN_DIALECTS.length] ?? dialect;

    test('there are some', () => expect(all.length).toBeGreaterThan(0));

    test.each(all.map((recording, at) => ({ id: recording.id, recording, client: clientOf(at) })))(
      '$id to $client',
      async ({ recording, client }) => {
        const split = randomSplit(FIRST_SEED);
        const plain = await ask({ recording, dialect, client }, []);
        const searched = await ask({ recording, dialect, client, split }, NEVER);
        // Behind a dialect's own decoder and encoder, some of what only this dialect has is gone, and the row says so.
        const parts = client === dialect ? comparable : unspelled;
        expect(parts(searched.parts)).toEqual(parts(plain.parts));
        // A stream that fails before it says anything is answered with a status: there is nothing to rewrite.
        if (client === dialect && searched.error === null)
          expect(searched.row.lost.join()).toContain('rewritten after transformers');
        // A chat that ends with [DONE] without a reason passes as it is, and is told with the usual one.
        const finish = client === dialect && plain.finish === 'other' ? 'end_turn' : plain.finish;
        expect(searched.finish).toBe(finish);
        expect(searched.error === null).toBe(plain.error === null);
        expect(searched.row.status).toBe(plain.row.status);
        expect(searched.row.usage).toEqual(plain.row.usage);
        const isSpelled =
          plain.parts.some((part) => 'logprobs' in part) || plain.bytes.includes('"logprobsResult"');
        const spells = client !== dialect && isSpelled;
        if (spells) expect(searched.row.lost).toContain('logprobs');
        else if (client !== dialect) expect(searched.bytes).toBe(plain.bytes);
        const word = wordIn(plain.text());
        if (word === undefined || plain.error !== null) return;
        const redact: Transformers = [{ name: 'redact', patterns: [word], direction: 'answer' }];
        const clean = plain.parts.flatMap((part) =>
          part.type === 'text' ? [part.text.replaceAll(word, '[redacted]')] : [],
        );
        for (const stream of [true, false]) {
          const got = await ask({ recording, dialect, client, split, stream }, redact);
          expect(got.violations).toEqual([]);
          expect(got.text()).toBe(clean.join(''));
          expect(got.finish).toBe(finish);
          expect(got.row.usage).toEqual(plain.row.usage);
        }
      },
    );
  },
);
