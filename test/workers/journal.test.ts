// What a worker had begun can be read from its memory when it is gone.
import { expect, test } from 'bun:test';
import type { BegunRequest } from '../../src/gateway/fleet.ts';
import type { Attempt } from '../../src/ledger/rows/row.ts';
import { NO_USAGE } from '../../src/model/usage.ts';
import { createJournal, HEAD_BYTES, JOURNAL_BYTES, readJournal } from '../../src/workers/journal.ts';
import { sampleRow } from '../support/ledger-rows.ts';

const begun = (requestId: string, changes: Partial<BegunRequest> = {}): BegunRequest => ({
  requestId,
  timestamp: 1,
  clientDialect: 'openai-chat',
  operation: 'generate',
  streamed: false,
  requestedModel: null,
  agentType: null,
  projectId: null,
  provider: null,
  model: null,
  route: null,
  trace: null,
  attempts: [],
  ...changes,
});

const ROUTE = {
  kind: 'model-tier',
  rule: 'routing.model_tier_rules.opus',
  why: 'tier opus',
  order: null,
} as const;
const ATTEMPT: Attempt = {
  provider: 'lab',
  model: 'm',
  status: 503,
  error: 'upstream_overloaded',
  durationMs: 7,
};

const begunIn = (memory: Uint8Array) => readJournal(memory, 0).map(({ begun: request }) => request);

const roomy = {
  reserve() {},
  onFull(error: unknown) {
    throw error;
  },
};

test('holds what is begun and not done, with the latest state', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory, roomy);
  for (const id of ['a', 'b', 'c']) journal.note(begun(id));
  journal.note(begun('b', { provider: 'lab', model: 'm', streamed: true }));
  journal.done('a');
  journal.done('never begun');
  expect(begunIn(memory)).toEqual([begun('b', { provider: 'lab', model: 'm', streamed: true }), begun('c')]);
  journal.note(begun('d'));
  expect(begunIn(memory).map(({ requestId }) => requestId)).toEqual(['d', 'b', 'c']);
});

test('names of any length fit', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const long = '漢'.repeat(10_000);
  const names = { requestedModel: long, agentType: long, projectId: long, provider: long, model: long };
  createJournal(memory, roomy).note(begun('a', names));
  const [read] = begunIn(memory);
  expect(read?.requestId).toBe('a');
  expect(long.startsWith(read?.model ?? '-')).toBe(true);
});

test('when it is full, the rest is begun all the same, and room is used again', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory, roomy);
  for (let n = 0; n < 10_000; n++) journal.note(begun(`r${n}`));
  const held = readJournal(memory, 0).length;
  expect(held).toBe(8_192);
  journal.done('r0');
  journal.done('r0');
  journal.done('r9999');
  journal.note(begun('late'));
  expect(begunIn(memory)[0]?.requestId).toBe('late');
  // There was room for one, however often it was said.
  journal.note(begun('later'));
  expect(begunIn(memory)[0]?.requestId).toBe('late');
});

test('route, trace and earlier attempts come back as they were', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory, roomy);
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const root = { traceId, spanId: 'b7ad6b7169203331', parentSpanId: null, sampled: false };
  const child = { ...root, parentSpanId: '00f067aa0ba902b7', sampled: true };
  const placed = { provider: 'lab', model: 'm', route: ROUTE };
  const requests = [
    begun('a', { trace: root }),
    begun('b', { ...placed, trace: child, attempts: [ATTEMPT] }),
    begun('c', { ...placed, route: { ...ROUTE, order: 'cheapest' } }),
  ];
  for (const request of requests) journal.note(request);
  expect(begunIn(memory)).toEqual(requests);
  // In the same place as the first.
  journal.done('a');
  journal.note(begun('d'));
  expect(begunIn(memory)[0]).toEqual(begun('d'));
});

test('where they do not fit, the rest is there: without the words of providers, the attempts, or the route', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory, roomy);
  const placed = { provider: 'lab', model: 'm', route: ROUTE };
  const wordy = { ...placed, attempts: [{ ...ATTEMPT, message: 'slow down. '.repeat(100) }, ATTEMPT] };
  const many = { ...placed, attempts: Array.from({ length: 100 }, () => ATTEMPT) };
  const long = { ...placed, route: { ...ROUTE, why: 'tier '.repeat(300) } };
  journal.note(begun('a', wordy));
  journal.note(begun('b', many));
  journal.note(begun('c', long));
  journal.note(begun('d', placed));
  expect(begunIn(memory)).toEqual([
    begun('a', { ...placed, attempts: [ATTEMPT, ATTEMPT] }),
    begun('b', placed),
    begun('c', { ...placed, route: null }),
    begun('d', placed),
  ]);
});

test('names full of control characters fit too', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const odd = '\u0001'.repeat(200);
  const names = { requestedModel: odd, agentType: odd, projectId: odd, provider: odd, model: odd };
  createJournal(memory, roomy).note(begun('a', names));
  const [read] = begunIn(memory);
  expect(read?.requestId).toBe('a');
  expect(odd.startsWith(read?.model ?? '-')).toBe(true);
});

test('one whose row has left is there until the primary has taken that batch', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory, roomy);
  for (const id of ['a', 'b', 'c']) journal.note(begun(id));
  journal.sent('a', 1);
  journal.sent('b', 2);
  const left = (batches: number) => readJournal(memory, batches).map(({ begun: { requestId } }) => requestId);
  expect([left(0), left(1), left(2)]).toEqual([['a', 'b', 'c'], ['b', 'c'], ['c']]);
  journal.done('a');
  journal.note(begun('d'));
  expect(left(2)).toEqual(['d', 'c']);
});

test('only what was reserved is touched; without room nothing is noted, which is reported once, until there is room again', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  let end = HEAD_BYTES;
  let hasRoom = true;
  const logged: unknown[] = [];
  const full = new Error('full');
  const journal = createJournal(memory, {
    reserve(from, length) {
      expect(from).toBe(end);
      if (!hasRoom) throw full;
      end += length;
    },
    onFull: (error) => logged.push(error),
  });
  journal.note(begun('first'));
  const noted = () => readJournal(memory, 0).length;
  hasRoom = false;
  for (let n = 0; n < 1_000; n++) journal.note(begun(`r${n}`));
  const held = noted();
  expect(held).toBeLessThan(1_000);
  expect(memory.subarray(end).every((byte) => byte === 0)).toBe(true);
  expect(logged).toEqual([full]);
  hasRoom = true;
  journal.note(begun('again'));
  expect(noted()).toBe(held + 1);
});

test('one that was being noted when its worker died is left out', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory, roomy);
  journal.note(begun('a'));
  // Again, as more is known of it.
  journal.note(begun('b'));
  const died = new Error('died');
  const whole = begun('b', { model: 'm' });
  const cut = Object.defineProperty(whole, 'model', {
    get() {
      throw died;
    },
  });
  expect(() => journal.note(cut)).toThrow(died);
  expect(begunIn(memory)).toEqual([begun('a')]);
});

test('names with any character, and none, come back as they were', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const names = {
    requestedModel: '',
    agentType: '\ufeff漢\0"\\',
    projectId: null,
    provider: '👩‍🔬',
    model: 'm',
  };
  createJournal(memory, roomy).note(begun('a', names));
  expect(begunIn(memory)).toEqual([begun('a', names)]);
});

test('what others reported before it does not count for a request', () => {
  const names = [null, '', 'm', 'mm', '漢', '漢'.repeat(80)];
  const name = (number: number) => names[number % names.length] ?? null;
  const requests = Array.from({ length: 100 }, (_, n) => {
    const request = begun(`r${n}`, {
      requestedModel: name(n >> 1),
      agentType: name(n >> 2),
      projectId: name(n >> 3),
      provider: name(n >> 4),
      model: name(n),
    });
    const { requestId } = request;
    // Every seventh does not fit whole.
    const model = n % 7 === 0 ? '漢'.repeat(1_000) : name(n >> 2);
    const row = sampleRow({ requestId, model, provider: name(n >> 1), finishReason: name(n) });
    return { request, row };
  });
  const written = (some: typeof requests) => {
    const memory = new Uint8Array(JOURNAL_BYTES);
    const journal = createJournal(memory, roomy);
    for (const { request } of some) journal.note(request);
    for (const { row } of some) journal.ended(row);
    return readJournal(memory, 0);
  };
  const together = written(requests);
  expect(together.map((left) => left.begun)).toEqual(requests.map(({ request }) => request));
  expect(together).toEqual(requests.flatMap((one) => written([one])));
});

test('of one that has ended its outcome is kept, until it is another request’s turn', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory, roomy);
  const usage = { ...NO_USAGE, inputTokens: 7, outputTokens: 3, audioOutputTokens: 2 };
  const end = {
    provider: 'other',
    model: 'served',
    status: 'success',
    httpStatus: 200,
    latencyMs: 12.5,
    ttftMs: null,
    usage,
    usageKnown: true,
    costUsd: 0.25,
    finishReason: 'stop',
    errorCode: null,
  } as const;
  for (const id of ['a', 'b']) journal.note(begun(id, { provider: 'lab', model: 'm' }));
  journal.ended(sampleRow({ ...end, requestId: 'a' }));
  expect(readJournal(memory, 0)).toEqual([
    { begun: begun('a', { provider: 'lab', model: 'm' }), end },
    { begun: begun('b', { provider: 'lab', model: 'm' }), end: null },
  ]);
  journal.done('a');
  journal.note(begun('c'));
  expect(readJournal(memory, 0).map(({ end: last }) => last)).toEqual([null, null]);
});

test('an end with names of any length is one, with the beginning of those that have no room', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory, roomy);
  const long = '漢'.repeat(70_000);
  journal.note(begun('a'));
  journal.ended(sampleRow({ requestId: 'a', provider: 'lab', model: long, finishReason: long }));
  journal.ended(sampleRow({ requestId: 'never begun' }));
  const [read] = readJournal(memory, 0);
  expect(read?.end).toMatchObject({ status: 'success', provider: 'lab', usageKnown: true });
  expect(read?.end?.model).toBe(long.slice(0, 40));
  expect(read?.end?.finishReason).toBe(long.slice(0, 40));
});

test('what fits is kept whole', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory, roomy);
  const model = 'm'.repeat(500);
  journal.note(begun('a'));
  journal.ended(sampleRow({ requestId: 'a', model }));
  expect(readJournal(memory, 0)[0]?.end?.model).toBe(model);
});

test('an end without any name is one: its client had left before anything was known', () => {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory, roomy);
  journal.note(begun('a'));
  const nobody = { provider: null, model: null, finishReason: null, errorCode: null };
  journal.ended(sampleRow({ requestId: 'a', status: 'aborted', httpStatus: 499, ...nobody }));
  expect(readJournal(memory, 0)[0]?.end).toMatchObject({ status: 'aborted', httpStatus: 499, ...nobody });
});
