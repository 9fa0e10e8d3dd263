// The body of a long request while its answer comes: cleaned and packed as soon as its provider thinks, and the same in
// the row as that of a request that was over before.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { keepRequest } from '../../../src/gateway/record/kept-request.ts';
import type { LedgerRow } from '../../../src/ledger/rows/row.ts';
import type { LedgerStore } from '../../../src/ledger/store.ts';
import { createThreadedStore } from '../../../src/ledger/threaded-store.ts';
import { createManualTimers, type ManualTimers } from '../../support/manual-timers.ts';
import { MESSAGE } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const SECRET = 'sk-ant-api03-a-key-that-somebody-pasted';
const FIRST = MESSAGE.start + MESSAGE.block + MESSAGE.delta('one ');
const LONG = `the log says ${SECRET} 🦭 `.repeat(2_000);
const PIXELS = Buffer.from(Array.from({ length: 9_000 }, (_, at) => (at * at) % 251)).toString('base64');

let directory: string;
let store: LedgerStore;
let packed: string[];
let packing: Promise<unknown>[];
let isStuck: boolean;
let pack: (body: string) => Promise<Uint8Array>;
let recorded: LedgerRow[];
let timers: ManualTimers;
beforeEach(() => {
  directory = temporaryFolder('kept');
  store = createThreadedStore({ type: 'sqlite', path: join(directory, 'ledger.db') });
  packed = [];
  packing = [];
  isStuck = false;
  recorded = [];
  timers = createManualTimers(1_000_000);
  const own = store.pack;
  if (own === undefined) throw new Error('the store packs nothing');
  pack = own;
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

function open() {
  const upstream = createReplayFetch(() =>
    replyWith(FIRST + MESSAGE.end, { fault: { kind: 'hang', after: FIRST.length } }),
  );
  const watched: LedgerStore = {
    ...store,
    append(rows, packets) {
      recorded.push(...rows);
      return store.append(rows, packets);
    },
    pack(body) {
      packed.push(body);
      const made = pack(body);
      packing.push(made);
      return made;
    },
  };
  return createTestGateway({
    config: { providers: { claude: LAB_PROVIDERS.claude }, routing: { default_provider: 'claude' } },
    fetch: upstream.fetch,
    host: { ledgerStore: watched, ...timers },
  });
}

/** Asks, waits for the first words of the answer and so much longer, and leaves. Returns what was asked. */
async function leaveAfter(ms: number, content: unknown): Promise<string> {
  const lab = open();
  const messages = [{ role: 'user', content }];
  const asked = JSON.stringify({ model: 'm', max_tokens: 9, stream: true, messages });
  const reader = (await lab.post('/v1/messages', asked)).body?.getReader();
  await reader?.read();
  await timers.advance(ms);
  await whenPacked();
  await reader?.cancel();
  await timers.advance(1_000);
  await lab.gateway.flush();
  return asked;
}

/** Packed on another thread, which no clock of ours turns. */
async function whenPacked(): Promise<void> {
  if (!isStuck) await Promise.allSettled(packing);
  await timers.advance(0);
}

async function keptBody(): Promise<string | null> {
  const { rows } = await store.audit({ limit: 1, offset: 0, includeBodies: true });
  return rows[0]?.requestBody ?? null;
}

const clean = (text: string) => text.replaceAll(SECRET, '[redacted]');

test('packed while the answer comes, without secrets, and text again in the row', async () => {
  const asked = await leaveAfter(60, LONG);
  expect(packed).toEqual([clean(asked)]);
  expect(recorded[0]?.requestZstd).toBeInstanceOf(Uint8Array);
  expect(recorded[0]?.requestBody).toBeNull();
  expect(await keptBody()).toBe(clean(asked));
});

test('over before, it goes as text and nothing is left to do', async () => {
  const asked = await leaveAfter(40, LONG);
  expect(packed).toEqual([]);
  expect(await keptBody()).toBe(clean(asked));
});

test('over while it is packed, it goes as text', async () => {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  pack = () => promise;
  isStuck = true;
  const asked = await leaveAfter(60, LONG);
  resolve(new Uint8Array(1));
  await timers.advance(1_000);
  expect(packed).toHaveLength(1);
  expect(recorded[0]?.requestZstd).toBeUndefined();
  expect(await keptBody()).toBe(clean(asked));
});

test('where it cannot be packed, it stays text', async () => {
  pack = () => Promise.reject(new Error('no memory'));
  const asked = await leaveAfter(60, LONG);
  expect(packed).toHaveLength(1);
  expect(await keptBody()).toBe(clean(asked));
});

test('with an image it waits as text, the image apart', async () => {
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXELS } };
  const asked = await leaveAfter(60, [{ type: 'text', text: LONG }, image]);
  expect(packed).toEqual([]);
  expect(recorded[0]?.binaries?.map(({ mediaType }) => mediaType)).toEqual(['image/png']);
  expect((await keptBody())?.replace(/sluice-binary:[^"]*/, PIXELS)).toBe(clean(asked));
});

test('a short one is not worth it', async () => {
  await leaveAfter(60, 'x'.repeat(30_000));
  expect(packed).toEqual([]);
});

test('one that there is no memory to clean stays as it is until its row is written, and is cleaned then', async () => {
  let tries = 0;
  let packs = 0;
  const kept = keepRequest(
    LONG,
    { 'openai-beta': `it ${SECRET}` },
    {
      redact(text) {
        tries++;
        if (tries === 1) throw new RangeError('Out of memory');
        return text.replaceAll(SECRET, '[redacted]');
      },
      setTimer: timers.setTimer,
      pack(body) {
        packs++;
        return pack(body);
      },
    },
  );
  await timers.advance(50);
  expect([tries, packs]).toEqual([1, 0]);
  const row: Pick<LedgerRow, 'requestHeaders' | 'requestBody'> = { requestHeaders: null, requestBody: null };
  kept.describe(row, []);
  expect(row.requestBody).toBe(LONG.replaceAll(SECRET, '[redacted]'));
  expect(row.requestHeaders).toEqual({ 'openai-beta': 'it [redacted]' });
});
