// The tests that every ledger store must pass.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type BinaryPart, sharedCopy } from '../../src/ledger/rows/binary-parts.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import {
  ALL_TIME,
  type AuditFilter,
  type Dimension,
  type LedgerStore,
  type NamedTotals,
  type RowPlace,
  type SeriesPoint,
  type Totals,
} from '../../src/ledger/store.ts';
import { addPacked, bucketOf, HISTOGRAM_BUCKETS } from '../../src/model/histogram.ts';
import { NO_USAGE } from '../../src/model/usage.ts';
import { MAX_BODY_LENGTH } from '../../src/ledger/rows/storable-row.ts';
import { packText, SHORTEST_PACKED } from '../../src/ledger/rows/stored-body.ts';
import { expireAll, SAMPLE_TIME, sampleRow, variedRows } from '../support/ledger-rows.ts';

export interface StoreFactory {
  name: string;
  /** A fresh, empty store, and what to do when the test is over. @param projects that have keys */
  open(projects: readonly string[]): Promise<{ store: LedgerStore; dispose(): Promise<void> }>;
}

export const ALL: AuditFilter = { limit: 1000, offset: 0, includeBodies: false };

const HOUR = 3_600_000;

/** A project that has a key. */
const KEYED = 'team';

/** Of three days, with hours without any. */
export function seriesRows(): LedgerRow[] {
  return variedRows(300).map((row, index) => ({
    ...row,
    timestamp: SAMPLE_TIME + Math.floor(index / 20) * 4 * HOUR + (index % 20) * 1_000,
  }));
}

/** The totals of each hour, and of each day. */
export function allSeries(store: LedgerStore): Promise<SeriesPoint[][]> {
  const all = { from: SAMPLE_TIME, until: SAMPLE_TIME + 100 * HOUR, by: [] };
  return Promise.all((['hour', 'day'] as const).map((step) => store.series({ step, ...all })));
}

export function describeStore(factory: StoreFactory): void {
  describe(`ledger store: ${factory.name}`, () => {
    let store: LedgerStore;
    let dispose: () => Promise<void>;

    beforeEach(async () => {
      ({ store, dispose } = await factory.open([KEYED]));
    });
    afterEach(async () => {
      await store.close();
      await dispose();
    });

    const ids = async (filter: Partial<AuditFilter>): Promise<string[]> =>
      (await store.audit({ ...ALL, ...filter })).rows.map((row) => row.requestId);

    const costBy = async (dimension: Dimension, since: number | null = null) =>
      costsOf((await store.summary({ window: { since }, by: [dimension], models: 0 })).by[dimension]);

    const models = async (limit: number, since: number | null) =>
      (await store.summary({ window: { since }, by: [], models: limit })).models;

    test('of one project alone: totals, names and series of that project', async () => {
      const rows = seriesRows();
      for (let at = 0; at < rows.length; at += 70) await store.append(rows.slice(at, at + 70));
      const project = rows.find(({ projectId }) => projectId !== null)?.projectId ?? '';
      const own = rows.filter(({ projectId }) => projectId === project);
      expect(own.length).toBeLessThan(rows.length);
      for (const since of [null, SAMPLE_TIME + 5 * HOUR, SAMPLE_TIME + 8 * HOUR + 7_000]) {
        const window = { since, project };
        const { totals, by } = await store.summary({ window, by: ['project', 'model'], models: 0 });
        const those = own.filter(({ timestamp }) => timestamp >= (since ?? 0));
        expectTotals(totals, expectedTotals(those));
        expectNamed(by.project, those, 'project');
        expectNamed(by.model, those, 'model');
      }
      const request = { step: 'day', from: SAMPLE_TIME, until: SAMPLE_TIME + 100 * HOUR, project } as const;
      for (const by of [[], ['agent']] as const) {
        const points = await store.series({ ...request, by });
        expect(points.reduce((sum, { totals }) => sum + totals.requests, 0)).toBe(own.length);
      }
      expect(
        (await store.summary({ window: { since: null, project: 'x' }, by: [], models: 0 })).totals,
      ).toEqual(expectedTotals([]));
    });

    test('an empty store has zeros and no rows', async () => {
      expect(await store.totals()).toEqual(expectedTotals([]));
      expect(await costBy('model')).toEqual({});
      expect(await store.audit(ALL)).toEqual({ rows: [], total: 0, hasOlder: false });
      expect(await store.recent(5)).toEqual([]);
    });

    test('what each spender has spent in a period, before whose end a clock may have run ahead', async () => {
      const hour = 3_600_000;
      const start = Math.floor(SAMPLE_TIME / hour) * hour - hour;
      const period = { start, end: start + 2 * hour };
      const who = { agentType: 'coder', projectId: 'web', provider: 'lab', model: 'small-1' };
      const rows = [
        { timestamp: start - 1, costUsd: 64 },
        { timestamp: period.end, costUsd: 32 },
        { timestamp: start, costUsd: 1 },
        { costUsd: 2 },
        { costUsd: null },
        // The counts of a part.
        { costUsd: null, usageKnown: false },
        { costUsd: null, usageKnown: false, usage: NO_USAGE },
        { costUsd: 4, agentType: null, projectId: null, provider: null, model: null },
        { costUsd: 8, operation: 'count-tokens' as const },
        { costUsd: 16, operation: 'forward' as const },
        { costUsd: null, usageKnown: false, usage: NO_USAGE, operation: 'infer' as const },
        {
          ...{ costUsd: null, usageKnown: false, usage: NO_USAGE },
          ...{ operation: 'infer' as const, status: 'error' as const },
        },
        { costUsd: 0.5, operation: 'infer' as const },
      ];
      await store.append(rows.map((row, index) => sampleRow({ ...who, ...row, requestId: `req_${index}` })));
      const spent = async () => (await store.spending(period)).sort((a, b) => a.costUsd - b.costUsd);
      const expected = [
        { ...who, costUsd: 3.5, unpriced: 3 },
        { agentType: '', projectId: '', provider: '', model: '', costUsd: 4, unpriced: 0 },
      ];
      expect(await spent()).toEqual(expected);
      await expireAll(store, SAMPLE_TIME + 1);
      expect(await spent()).toEqual(expected);
    });

    test('a series has the sums of each hour or day that has requests, of expired rows too', async () => {
      const rows = seriesRows();
      for (let at = 0; at < rows.length; at += 70) await store.append(rows.slice(at, at + 70));
      await store.append([sampleRow({ requestId: 'counted', operation: 'count-tokens' })]);
      await expireAll(store, SAMPLE_TIME + 30 * HOUR);
      for (const [step, length] of [['hour', HOUR] as const, ['day', 24 * HOUR] as const]) {
        for (const [from, until, by] of [
          [SAMPLE_TIME, SAMPLE_TIME + 100 * HOUR, []],
          [SAMPLE_TIME, SAMPLE_TIME + 100 * HOUR, ['model', 'project']],
          [SAMPLE_TIME + 9 * HOUR, SAMPLE_TIME + 32 * HOUR + 1, ['agent']],
          [SAMPLE_TIME + 9 * HOUR, SAMPLE_TIME + 32 * HOUR + 1, []],
          [SAMPLE_TIME - 90 * HOUR, SAMPLE_TIME - 80 * HOUR, []],
        ] as const) {
          const points = await store.series({ step, from, until, by });
          const stepOf = (time: number) => Math.floor(time / length) * length;
          const expected = Map.groupBy(
            rows.filter(({ timestamp }) => timestamp >= stepOf(from) && stepOf(timestamp) <= stepOf(until)),
            ({ timestamp }) => stepOf(timestamp),
          );
          expect(points.map(({ start }) => start)).toEqual([...expected.keys()]);
          for (const { start, totals, by: found } of points) {
            const those = expected.get(start) ?? [];
            expectTotals(totals, expectedTotals(those));
            for (const dimension of by) expectNamed(found[dimension], those, dimension);
            expect(Object.keys(found)).toEqual([...by]);
          }
        }
      }
    });

    test('a row comes back as it went in', async () => {
      const row = sampleRow({
        operation: 'embed',
        agentType: 'reviewer',
        projectId: 'größer 🦭',
        status: 'truncated',
        httpStatus: 502,
        streamed: false,
        ttftMs: null,
        overheadMs: null,
        usage: {
          inputTokens: 1,
          outputTokens: 2,
          cacheReadTokens: 3,
          cacheWriteTokens: 4,
          cacheWrite1hTokens: 5,
          reasoningTokens: 6,
          webSearches: 7,
          audioInputTokens: 8,
          audioOutputTokens: 9,
        },
        usageKnown: false,
        costUsd: null,
        finishReason: null,
        route: { kind: 'agent', rule: 'routing.agent_rules.reviewer', why: 'größer 🦭', order: 'weighted' },
        trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: null, sampled: true },
        attempts: [
          {
            provider: 'a',
            model: 'm',
            status: 529,
            error: 'upstream_overloaded',
            message: 'busy',
            durationMs: 12,
          },
          { provider: 'b', model: 'm', status: null, error: 'upstream_unreachable', durationMs: 0.5 },
        ],
        lost: ['cache_control', 'top_k'],
        malformedEvents: 2,
        errorCode: 'upstream_truncated',
        errorMessage: 'the stream ended early',
        requestHeaders: { 'anthropic-beta': 'one-2026-01-01,two' },
        requestBody: '{"model":"small"}',
        responseBody: 'data: "é"\n\n',
      });
      await store.append([row]);
      const { rows } = await store.audit({ ...ALL, includeBodies: true });
      expect(rows).toEqual([{ ...row, id: expect.any(Number) }]);
    });

    test('counts of tokens are rows, and in no sum', async () => {
      const answer = sampleRow();
      const count = sampleRow({
        requestId: 'req_count',
        operation: 'count-tokens',
        latencyMs: 1,
        usage: NO_USAGE,
      });
      await store.append([answer, count]);
      expect((await store.audit(ALL)).total).toBe(2);
      expectTotals(await store.totals(), expectedTotals([answer]));
    });

    test('nullable names stay null', async () => {
      const row = sampleRow({ provider: null, model: null, requestedModel: null });
      await store.append([row]);
      expect((await store.recent(1))[0]).toEqual({ ...row, id: expect.any(Number) });
    });

    test('bodies come only when asked for', async () => {
      await store.append([sampleRow({ requestBody: 'in', responseBody: 'out' })]);
      const [without] = (await store.audit(ALL)).rows;
      expect([without?.requestBody, without?.responseBody]).toEqual([null, null]);
      const [recent] = await store.recent(1);
      expect([recent?.requestBody, recent?.responseBody]).toEqual([null, null]);
      const [including] = (await store.audit({ ...ALL, includeBodies: true })).rows;
      expect([including?.requestBody, including?.responseBody]).toEqual(['in', 'out']);
    });

    test('bodies come with any filter, in the order of their rows', async () => {
      await store.append(variedRows(40).map((row) => ({ ...row, requestBody: `in ${row.requestId}` })));
      const filter = {
        ...ALL,
        startTime: SAMPLE_TIME + 5000,
        provider: 'provider-1',
        includeBodies: true,
        limit: 5,
      };
      const { rows } = await store.audit(filter);
      expect(rows.map((row) => row.requestId)).toEqual(await ids({ ...filter, includeBodies: false }));
      expect(rows.map((row) => row.requestBody)).toEqual(rows.map((row) => `in ${row.requestId}`));
    });

    test('short bodies and long ones come back as they were, whatever is in them', async () => {
      const odd = 'é \u{1f600} "quoted" \\ \n';
      const texts = [
        '',
        odd,
        `\0${odd}`,
        'x'.repeat(SHORTEST_PACKED - 1),
        'x'.repeat(SHORTEST_PACKED),
        odd.repeat(200),
      ];
      const rows = texts.map((text, index) =>
        sampleRow({
          requestId: `req_${index}`,
          timestamp: SAMPLE_TIME + index,
          requestBody: text,
          responseBody: texts.at(-1 - index) ?? null,
        }),
      );
      await store.append(rows);
      const found = (await store.audit({ ...ALL, includeBodies: true })).rows.reverse();
      expect(found.map((row) => [row.requestBody, row.responseBody])).toEqual(
        rows.map((row) => [row.requestBody, row.responseBody]),
      );
      await store.append([
        sampleRow({ requestId: 'req_half', timestamp: SAMPLE_TIME + 99, requestBody: 'a\ud800b' }),
      ]);
      const [half] = (await store.audit({ ...ALL, limit: 1, includeBodies: true })).rows;
      expect(half?.requestBody).toBe('a\ufffdb');
    });

    test('a request that was packed before its row came is text again, beside any answer', async () => {
      const odd = '"é\u0000\u{1f600}" '.repeat(5_000);
      const requestZstd = await packText(odd);
      const rows = [null, 'short', 'long '.repeat(20_000)].map((responseBody, index) =>
        sampleRow({ requestId: `req_${index}`, timestamp: SAMPLE_TIME - index, responseBody, requestZstd }),
      );
      const plain = sampleRow({ requestId: 'req_plain', timestamp: SAMPLE_TIME - 9, requestBody: 'in' });
      await store.append([...rows, plain]);
      const found = (await store.audit({ ...ALL, includeBodies: true })).rows;
      expect(found.map(({ requestBody, responseBody }) => [requestBody, responseBody])).toEqual([
        ...rows.map(({ responseBody }) => [odd, responseBody]),
        ['in', plain.responseBody],
      ]);
      await store.append([
        sampleRow({ requestId: 'req_cut', requestZstd: await packText('x'.repeat(MAX_BODY_LENGTH + 1)) }),
      ]);
      const [cut] = (await store.audit({ ...ALL, limit: 1, includeBodies: true })).rows;
      expect(cut?.requestBody).toEndWith(`[cut: only the first ${MAX_BODY_LENGTH} characters are kept]`);
    });

    test('a body is cut beyond 1 MB, with a mark', async () => {
      await store.append([sampleRow({ requestBody: `${'é'.repeat(MAX_BODY_LENGTH)}more` })]);
      const [row] = (await store.audit({ ...ALL, includeBodies: true })).rows;
      expect(row?.requestBody).toBe(
        `${'é'.repeat(MAX_BODY_LENGTH)}\n[cut: only the first ${MAX_BODY_LENGTH} characters are kept]`,
      );
    });

    test('binary parts are stored once, by reference, and come back in their places until they expire', async () => {
      const image = Buffer.from(Array.from({ length: 1_500_000 }, (_, at) => (at * 7919) % 251));
      const hash = new Bun.CryptoHasher('sha256').update(image).digest('hex');
      const body = (text: string) =>
        `{"source":{"type":"base64","media_type":"image/png","data":"${image.toString('base64')}"},"text":"${text}"}`;
      const withReference = (text: string) =>
        `{"source":{"type":"base64","media_type":"image/png","data":"sluice-binary:${hash};image/png;1500000"},"text":"${text}"}`;
      const content = sharedCopy(image);
      const at = body('').indexOf(image.toString('base64'));
      const bodyOf = (of: BinaryPart['of'], text: string) => {
        const left = body(text).replace(image.toString('base64'), '');
        const part = { of, at, mediaType: 'image/png', content };
        return { ...(of === 'request' ? { requestBody: left } : { responseBody: left }), binaries: [part] };
      };
      const [asked, answered] = [bodyOf('request', 'old'), bodyOf('response', 'answer')];
      const binaries = [...asked.binaries, ...answered.binaries];
      const old = sampleRow({ requestId: 'req_old', ...asked, ...answered, binaries });
      const later = SAMPLE_TIME + 1000;
      await store.append([old]);
      await store.append([
        sampleRow({ requestId: 'req_new', timestamp: later, ...bodyOf('request', 'new') }),
      ]);
      const bodies = async (more: Partial<AuditFilter>) =>
        (await store.audit({ ...ALL, includeBodies: true, ...more })).rows.map((row) => row.requestBody);
      expect(await bodies({})).toEqual([withReference('new'), withReference('old')]);
      expect(await bodies({ includeBinaries: true })).toEqual([body('new'), body('old')]);
      await expireAll(store, later);
      expect(await bodies({ includeBinaries: true })).toEqual([body('new')]);
      // Some two gigabytes, were each put in its place.
      const many = `[${JSON.stringify(withReference('')).concat(',').repeat(1_000)}0]`;
      await store.append([sampleRow({ requestId: 'req_many', timestamp: later, requestBody: many })]);
      expect(await bodies({ includeBinaries: true, requestId: 'req_many' })).toEqual([many]);
      expect(await bodies({ includeBinaries: true, limit: 1, offset: 1 })).toEqual([body('new')]);
      await store.append([
        sampleRow({ requestId: 'req_third', timestamp: later + 1, requestBody: withReference('none') }),
      ]);
      await expireAll(store, later + 1);
      expect(await bodies({ includeBinaries: true })).toEqual([withReference('none')]);
    });

    test('one request id is one row, counted once, however often it is handed over', async () => {
      const row = sampleRow({ requestBody: 'first' });
      await store.append([row, { ...row, status: 'error', costUsd: 99, requestBody: 'second' }]);
      await store.append([{ ...row, costUsd: 99 }, sampleRow({ requestId: 'req_other' })]);
      const { rows, total } = await store.audit({ ...ALL, includeBodies: true });
      expect(total).toBe(2);
      expect(rows.find(({ requestId }) => requestId === 'req_sample')).toMatchObject({
        status: 'success',
        costUsd: 0.0025,
        requestBody: 'first',
      });
      expect(await store.totals()).toEqual(
        expectedTotals([sampleRow(), sampleRow({ requestId: 'req_other' })]),
      );
    });

    test('a batch that holds a row the store cannot take is refused as a whole', async () => {
      const broken = sampleRow({ requestId: 'req_broken', status: null as never });
      await expect(store.append([sampleRow(), broken])).rejects.toThrow();
      await store.append([sampleRow({ requestId: 'req_after' })]);
      expect(await ids({})).toEqual(['req_after']);
      expect(await ids({ provider: 'lab', status: 'success' })).toEqual(['req_after']);
      expect((await store.totals()).requests).toBe(1);
    });

    test('10,000 rows: totals and costs are the sums of the rows', async () => {
      const rows = variedRows(10_000);
      for (let at = 0; at < rows.length; at += 256) await store.append(rows.slice(at, at + 256));
      expectTotals(await store.totals(), expectedTotals(rows));
      for (const dimension of ['provider', 'model', 'agent', 'project'] as const) {
        expectCosts(await costBy(dimension), expectedCosts(rows, dimension));
      }
      expect((await store.audit({ ...ALL, limit: 1 })).total).toBe(10_000);
    });

    /** Beginnings of windows: inside an hour, on an hour, on a day, and long before and after all. */
    const beginnings = [
      SAMPLE_TIME,
      SAMPLE_TIME + 1,
      SAMPLE_TIME + 20 * 60_000,
      Math.ceil(SAMPLE_TIME / HOUR) * HOUR,
      SAMPLE_TIME + 20 * HOUR + 777,
      Math.ceil(SAMPLE_TIME / (24 * HOUR)) * 24 * HOUR,
      SAMPLE_TIME + 40 * HOUR + 12_345,
      0,
      SAMPLE_TIME + 400 * HOUR,
    ];
    /** A row every 17 minutes for more than two days. */
    const spaced = () =>
      variedRows(200).map((row, index) => ({ ...row, timestamp: SAMPLE_TIME + index * 17 * 60_000 }));

    test('sums of a window are those of its rows, wherever it begins', async () => {
      const rows = spaced();
      const count = sampleRow({ requestId: 'req_count', operation: 'count-tokens' });
      await store.append([...rows.slice(0, 120), count]);
      await store.append(rows.slice(120));
      for (const since of beginnings) {
        const inside = rows.filter(({ timestamp }) => timestamp >= since);
        expectTotals(await store.totals({ since }), expectedTotals(inside));
        for (const dimension of ['provider', 'model', 'agent', 'project'] as const) {
          expectCosts(await costBy(dimension, since), expectedCosts(inside, dimension));
        }
      }
    });

    test('sums of a window that begins within an hour, near the newest rows and far from them', async () => {
      const every = 41_000;
      const rows = variedRows(2700).map((row, index) => ({
        ...row,
        timestamp: SAMPLE_TIME + index * every,
        latencyMs: 10 + (index % 977),
      }));
      const late = sampleRow({ requestId: 'req_late', timestamp: SAMPLE_TIME + HOUR });
      for (let at = 0; at < rows.length; at += 300) await store.append(rows.slice(at, at + 300));
      await store.append([late]);
      const all = [...rows, late];
      const newest = SAMPLE_TIME + 2699 * every;
      const minute = 60_000;
      const since = [0, 1, 30_001, minute, 5 * minute + 7, 59 * minute, HOUR, HOUR + 1, 23 * HOUR, 24 * HOUR]
        .flatMap((age) => [newest - age, Math.floor((newest - age) / minute) * minute])
        .concat([
          newest - 24 * HOUR - 1,
          newest - 25 * HOUR,
          newest - 29 * HOUR - 1,
          SAMPLE_TIME + HOUR - 5000,
        ]);
      for (const from of since) {
        const inside = all.filter(({ timestamp }) => timestamp >= from);
        expectTotals(await store.totals({ since: from }), expectedTotals(inside));
      }
    });

    test('how many rows lie between times within busy hours, near the newest and far from them, also when some are gone', async () => {
      const day = 24 * HOUR;
      // Not evenly, and many in one hour.
      const rows = variedRows(900).map((row, index) => ({
        ...row,
        timestamp: SAMPLE_TIME + (index < 400 ? 0 : 3 * day) + (index % 400) * 9_000 + (index % 7) * 131,
      }));
      for (let at = 0; at < rows.length; at += 300) await store.append(rows.slice(at, at + 300));
      const newest = Math.max(...rows.map(({ timestamp }) => timestamp));
      const expectCounts = async (kept: readonly LedgerRow[]) => {
        for (const base of [SAMPLE_TIME, SAMPLE_TIME + 3 * day]) {
          for (const [from, until] of [
            [1, 59 * 60_000],
            [7 * 60_000 + 17, 51 * 60_000 + 3],
            [20 * 60_000, 22 * 60_000 - 1],
            [61_001, 61_900],
            [50 * 60_000 + 1, 4 * day],
            [-day, 12 * 60_000 + 7],
          ] as const) {
            for (const filter of [{}, { success: true }, { success: false }, { model: 'model-1' }]) {
              const times = { startTime: base + from, endTime: base + until };
              const matching = kept.filter(
                (row) =>
                  row.timestamp >= times.startTime &&
                  row.timestamp <= times.endTime &&
                  (filter.success === undefined || (row.status === 'success') === filter.success) &&
                  (filter.model === undefined || row.model === filter.model),
              );
              const found = await store.audit({ ...ALL, ...times, ...filter, limit: 5, offset: 20 });
              expect(found.total).toBe(matching.length);
              const order = matching.map(({ timestamp }) => timestamp).sort((a, b) => b - a);
              expect(found.rows.map(({ timestamp }) => timestamp)).toEqual(order.slice(20, 25));
            }
          }
        }
      };
      await expectCounts(rows);
      for (const before of [SAMPLE_TIME + 17 * 60_000 + 5, newest - 21 * 60_000 - 7]) {
        await expireAll(store, before);
        await expectCounts(rows.filter(({ timestamp }) => timestamp >= before));
      }
    });

    test.each([-1, 1, -24, 24, -720, 720])(
      'a clock that goes on %p hours away, and comes back: no row is counted twice or not at all',
      async (hours) => {
        const MINUTE = 60_000;
        const rows: LedgerRow[] = [];
        let time = SAMPLE_TIME;
        for (const offset of [0, hours * HOUR, 0]) {
          for (let batch = 0; batch < 12; batch++) {
            const some = variedRows(5, rows.length).map((row, index) => ({
              ...row,
              timestamp: time + offset + index * 777,
            }));
            rows.push(...some);
            await store.append(some);
            time += 35 * MINUTE + 123;
          }
        }
        const expectCounted = async (kept: readonly LedgerRow[]) => {
          expect((await store.totals()).requests).toBe(rows.length);
          const places = rows.filter((_, index) => index % 20 === 0).map(({ timestamp }) => timestamp + 1);
          for (const since of [...places, time - HOUR, time + hours * HOUR - 5 * MINUTE]) {
            const inside = rows.filter(({ timestamp }) => timestamp >= since);
            expectTotals(await store.totals({ since }), expectedTotals(inside));
            const endTime = since + 95 * MINUTE;
            const asked = kept.filter(({ timestamp }) => timestamp >= since && timestamp <= endTime);
            const page = await store.audit({ ...ALL, startTime: since, endTime });
            expect(page.total).toBe(asked.length);
            expect(page.rows.map(({ requestId }) => requestId).sort()).toEqual(
              asked.map(({ requestId }) => requestId).sort(),
            );
          }
        };
        await expectCounted(rows);
        const before = Math.max(...rows.slice(0, 30).map(({ timestamp }) => timestamp));
        await expireAll(store, before);
        const kept = rows.filter(({ timestamp }) => timestamp >= before);
        expect((await store.audit({ ...ALL, limit: 0 })).total).toBe(kept.length);
        const page = await store.audit({ ...ALL, startTime: before });
        expect([page.total, page.rows.length]).toEqual([kept.length, kept.length]);
        expect((await store.totals()).requests).toBe(rows.length);
      },
    );

    test('models: those most asked first, each with its sums and histograms', async () => {
      const rows = spaced().map((row, index) => ({
        ...row,
        timing: { ...row.timing, gaps: index % 3 === 0 ? null : `${index % 7}:${index} 9:1` },
      }));
      await store.append(rows.slice(0, 77));
      await store.append(rows.slice(77));
      // Known twice, counted once.
      await store.append(rows.slice(70, 80));
      for (const since of [null, ...beginnings]) {
        const found = await models(1000, since);
        const inside = rows.filter(({ timestamp }) => since === null || timestamp >= since);
        const fromHour = Math.floor((since ?? 0) / HOUR) * HOUR;
        const names = new Set(
          inside.filter(({ provider }) => provider !== null).map((row) => `${row.provider}/${row.model}`),
        );
        expect(found.map(({ provider, model }) => `${provider}/${model}`).sort()).toEqual([...names].sort());
        const requests = found.map((totals) => totals.requests);
        expect(requests).toEqual([...requests].sort((a, b) => b - a));
        for (const { provider, model, latency, ttft, gaps, ...totals } of found) {
          const isIts = (row: LedgerRow) => row.provider === provider && row.model === model;
          expectTotals(totals, expectedTotals(inside.filter(isIts)));
          const counted = rows.filter((row) => isIts(row) && row.timestamp >= fromHour);
          expect(latency).toEqual(countsOf(counted.map((row) => row.latencyMs)));
          expect(ttft).toEqual(countsOf(counted.flatMap(({ ttftMs }) => (ttftMs === null ? [] : [ttftMs]))));
          const packed = countsOf([]);
          for (const { timing } of counted) addPacked(packed, timing.gaps ?? '');
          expect(gaps).toEqual(packed);
        }
        expect(await models(2, since)).toEqual(found.slice(0, 2));
      }
    });

    test('rows come newest first, and limit and offset walk through them', async () => {
      const rows = variedRows(10);
      await store.append([...rows].reverse());
      const newestFirst = rows.map((row) => row.requestId).reverse();
      expect(await ids({})).toEqual(newestFirst);
      expect((await store.recent(3)).map((row) => row.requestId)).toEqual(newestFirst.slice(0, 3));
      const [third] = (await store.recent(3)).slice(2);
      const after = { id: third?.id ?? 0, begunSince: SAMPLE_TIME + 2_000 };
      const later = (await store.recent(9, after)).map((row) => row.requestId);
      // Kept later, but of those that began before.
      expect(later).toEqual(newestFirst.slice(3, 8));
      expect((await store.recent(2, after)).map((row) => row.requestId)).toEqual(newestFirst.slice(3, 5));
      expect(await ids({ limit: 4, offset: 3 })).toEqual(newestFirst.slice(3, 7));
      expect(await ids({ offset: 50 })).toEqual([]);
      expect((await store.audit({ ...ALL, limit: 0 })).total).toBe(10);
    });

    const filters: [string, Partial<AuditFilter>, (row: LedgerRow) => boolean][] = [
      ['startTime', { startTime: SAMPLE_TIME + 30_000 }, (row) => row.timestamp >= SAMPLE_TIME + 30_000],
      ['endTime', { endTime: SAMPLE_TIME + 30_000 }, (row) => row.timestamp <= SAMPLE_TIME + 30_000],
      [
        'requestId',
        { requestId: variedRows(7)[6]?.requestId ?? '' },
        (row) => row === undefined || row.requestId === variedRows(7)[6]?.requestId,
      ],
      ['agentType', { agentType: 'agent-1' }, (row) => row.agentType === 'agent-1'],
      ['provider', { provider: 'provider-2' }, (row) => row.provider === 'provider-2'],
      ['model', { model: 'model-4' }, (row) => row.model === 'model-4'],
      ['projectId', { projectId: 'project-5' }, (row) => row.projectId === 'project-5'],
      ['operation', { operation: 'embed' }, (row) => row.operation === 'embed'],
      ['status', { status: 'aborted' }, (row) => row.status === 'aborted'],
      ['success', { success: true }, (row) => row.status === 'success'],
      ['failure', { success: false }, (row) => row.status !== 'success'],
      [
        'all at once',
        {
          startTime: SAMPLE_TIME + 1000,
          endTime: SAMPLE_TIME + 90_000,
          agentType: 'agent-3',
          provider: 'provider-0',
          success: false,
        },
        (row) =>
          row.timestamp >= SAMPLE_TIME + 1000 &&
          row.timestamp <= SAMPLE_TIME + 90_000 &&
          row.agentType === 'agent-3' &&
          row.provider === 'provider-0' &&
          row.status !== 'success',
      ],
      ["a name with a quote in it: ' OR 1=1", { provider: "' OR 1=1 --" }, () => false],
    ];
    for (const [name, filter, matches] of filters) {
      test(`filter: ${name}`, async () => {
        const rows = variedRows(120);
        await store.append(rows);
        const wanted = rows.filter(matches);
        if (!name.includes('quote')) expect(wanted.length).toBeGreaterThan(0);
        const { rows: found, total } = await store.audit({ ...ALL, ...filter, limit: 5 });
        expect(total).toBe(wanted.length);
        expect(found.map((row) => row.requestId)).toEqual(
          wanted
            .map((row) => row.requestId)
            .reverse()
            .slice(0, 5),
        );
      });
    }

    /** Busy hours, quiet days and single rows, for seven weeks: sums of every span are among what a page is found by. */
    const uneven = () =>
      variedRows(2600).map((row, index) => ({
        ...row,
        timestamp:
          SAMPLE_TIME +
          Math.floor(index / 400) * 7 * 24 * HOUR +
          (index % 400) ** 2 * 2000 +
          (index % 3) * 777,
        provider: index % 500 === 3 ? 'rare' : row.provider,
        status: index < 900 ? row.status : 'success',
      }));

    test('pages of any filter, from any offset and in any time, are those of its rows', async () => {
      const rows = uneven();
      for (let at = 0; at < rows.length; at += 650) await store.append(rows.slice(at, at + 650));
      const week = 7 * 24 * HOUR;
      const times: Partial<AuditFilter>[] = [
        {},
        { startTime: SAMPLE_TIME + 2 * week + 12_345 },
        { endTime: SAMPLE_TIME + 3 * week + 30 * 60_000 },
        { startTime: SAMPLE_TIME + 1000.5, endTime: SAMPLE_TIME + 5 * week + 50 * HOUR },
        { startTime: SAMPLE_TIME + week + 1, endTime: SAMPLE_TIME + week + 20 * 60_000 },
        { startTime: SAMPLE_TIME + week + 50 * 60_000, endTime: SAMPLE_TIME + week + 70 * 60_000 },
        { startTime: SAMPLE_TIME + week, endTime: SAMPLE_TIME + week + 3 * HOUR },
      ];
      const names: [Partial<AuditFilter>, (row: LedgerRow) => boolean][] = [
        [{}, () => true],
        [{ success: true }, (row) => row.status === 'success'],
        [{ status: 'error' }, (row) => row.status === 'error'],
        [{ provider: 'rare' }, (row) => row.provider === 'rare'],
        [
          { model: 'model-3', agentType: 'agent-1' },
          (row) => row.model === 'model-3' && row.agentType === 'agent-1',
        ],
      ];
      for (const time of times) {
        for (const [name, isNamed] of names) {
          const { startTime = 0, endTime = Number.MAX_SAFE_INTEGER } = time;
          const wanted = rows
            .filter((row) => isNamed(row) && row.timestamp >= startTime && row.timestamp <= endTime)
            .sort((a, b) => b.timestamp - a.timestamp)
            .map((row) => row.requestId);
          for (const offset of [0, 7, Math.floor(wanted.length / 2), wanted.length - 1, wanted.length]) {
            if (offset < 0) continue;
            const found = await store.audit({ ...ALL, ...time, ...name, limit: 9, offset });
            expect({ ...time, ...name, offset, total: found.total }).toEqual({
              ...time,
              ...name,
              offset,
              total: wanted.length,
            });
            expect(found.rows.map((row) => row.requestId)).toEqual(wanted.slice(offset, offset + 9));
          }
        }
      }
    });

    /** Page after page, until none is older. */
    const walk = async (filter: Partial<AuditFilter>, between: () => Promise<void> = async () => {}) => {
      const pages: { ids: string[]; total: number }[] = [];
      let before: RowPlace | undefined;
      for (;;) {
        const found = await store.audit({ ...ALL, ...filter, ...(before !== undefined && { before }) });
        pages.push({ ids: found.rows.map((row) => row.requestId), total: found.total });
        before = found.rows.at(-1);
        if (!found.hasOlder || before === undefined) return pages;
        await between();
      }
    };

    test('pages that each begin behind the last row of the one before hold every row once, newest first', async () => {
      // Three of each time: no page may end with what is left of one.
      const rows = uneven().map((row, index, all) => ({
        ...row,
        timestamp: all[index - (index % 3)]?.timestamp ?? 0,
      }));
      for (let at = 0; at < rows.length; at += 650) await store.append(rows.slice(at, at + 650));
      const week = 7 * 24 * HOUR;
      const filters: [Partial<AuditFilter>, (row: LedgerRow) => boolean][] = [
        [{}, () => true],
        [{ success: true }, (row) => row.status === 'success'],
        [{ provider: 'rare' }, (row) => row.provider === 'rare'],
        [
          { status: 'error', endTime: SAMPLE_TIME + week + 30 * 60_000 },
          (row) => row.status === 'error' && row.timestamp <= SAMPLE_TIME + week + 30 * 60_000,
        ],
        [{ startTime: SAMPLE_TIME + 3 * week + 5 }, (row) => row.timestamp >= SAMPLE_TIME + 3 * week + 5],
      ];
      for (const [filter, isWanted] of filters) {
        const wanted = rows
          .filter(isWanted)
          .reverse()
          .map((row) => row.requestId);
        expect(wanted.length).toBeGreaterThan(4);
        const limit = Math.ceil(wanted.length / 7);
        const pages = await walk({ ...filter, limit });
        expect(pages.flatMap(({ ids: each }) => each)).toEqual(wanted);
        expect(pages.map(({ total }) => total)).toEqual(pages.map(() => wanted.length));
      }
    });

    test('so in one hour with more rows than are looked through for the next page, whatever is filtered', async () => {
      const count = 11_400;
      // The first have taken all the room for names of models: rows alone tell that a later one is `busy`.
      const old = 1_100;
      const rows = Array.from({ length: count }, (_, index) => {
        const [provider, model] =
          index < old
            ? ['old', `only-${index}`]
            : [index % 2_000 < 3 ? 'rare' : `of-${index % 3}`, index % 2 === 0 ? 'busy' : 'idle'];
        // Three of each time.
        const timestamp = SAMPLE_TIME - (SAMPLE_TIME % HOUR) + Math.floor(index / 3) * 900;
        return sampleRow({ requestId: `row-${index}`, timestamp, provider, model });
      });
      for (let at = 0; at < count; at += 1_900) await store.append(rows.slice(at, at + 1_900));
      const half = rows[count / 2]?.timestamp ?? 0;
      const places = new Map<number, RowPlace>();
      for (const index of [count - 1, count - 2, count / 2, old + 50, old, 500, 0]) {
        const [row] = (await store.audit({ ...ALL, requestId: `row-${index}` })).rows;
        if (row !== undefined) places.set(index, { timestamp: row.timestamp, id: row.id });
      }
      expect(places.size).toBe(7);
      const filters: [Partial<AuditFilter>, (row: LedgerRow) => boolean][] = [
        [{ provider: 'of-1' }, ({ provider }) => provider === 'of-1'],
        [{ provider: 'rare' }, ({ provider }) => provider === 'rare'],
        [{ provider: 'old' }, ({ provider }) => provider === 'old'],
        [{ provider: 'nobody' }, () => false],
        [{ model: 'busy' }, ({ model }) => model === 'busy'],
        [
          { model: 'busy', provider: 'rare' },
          ({ model, provider }) => model === 'busy' && provider === 'rare',
        ],
        [{ model: 'only-7' }, ({ model }) => model === 'only-7'],
        [{ provider: 'of-2', startTime: half }, (row) => row.provider === 'of-2' && row.timestamp >= half],
        [{ success: true, endTime: half }, ({ timestamp }) => timestamp <= half],
        // Of the same time as two of the places.
        [{ requestId: `row-${count - 3}` }, ({ requestId }) => requestId === `row-${count - 3}`],
      ];
      for (const [filter, isWanted] of filters) {
        const wanted = rows.flatMap((row, index) => (isWanted(row) ? [index] : [])).toReversed();
        for (const [index, before] of places) {
          const older = wanted.filter((each) => each < index).map((each) => `row-${each}`);
          for (const limit of [0, 1, 60, 1_000]) {
            const found = await store.audit({ ...ALL, ...filter, before, limit });
            const ids = found.rows.map(({ requestId }) => requestId);
            const { total, hasOlder } = found;
            expect({ filter, index, limit, ids, total, hasOlder }).toEqual({
              ...{ filter, index, limit },
              ids: older.slice(0, limit),
              total: wanted.length,
              hasOlder: older.length > limit,
            });
          }
        }
        const pages = await walk({ ...filter, limit: 900 });
        expect(pages.flatMap(({ ids }) => ids)).toEqual(wanted.map((each) => `row-${each}`));
      }
    });

    test('a walk through the pages shows nothing twice and misses nothing while rows come and expire', async () => {
      const rows = variedRows(30);
      await store.append(rows);
      const late = variedRows(40).slice(30);
      const comes = async () => {
        const next = late.shift();
        // As new as can be, and as a long request that ends late.
        if (next !== undefined) await store.append([next]);
        if (next !== undefined)
          await store.append([
            { ...next, requestId: `${next.requestId}-long`, timestamp: SAMPLE_TIME + 29_500 },
          ]);
      };
      const pages = await walk({ limit: 7 }, comes);
      expect(pages.flatMap(({ ids: each }) => each)).toEqual(rows.map((row) => row.requestId).reverse());
      const [last] = (await store.audit({ ...ALL, limit: 1, offset: 20 })).rows;
      await expireAll(store, (last?.timestamp ?? 0) + 1);
      expect(await store.audit({ ...ALL, ...(last !== undefined && { before: last }) })).toMatchObject({
        rows: [],
        hasOlder: false,
      });
    });

    test('a place outside of the time that is asked for', async () => {
      const rows = variedRows(10);
      await store.append(rows);
      const [oldest, newest] = [rows[0]?.timestamp ?? 0, rows[9]?.timestamp ?? 0];
      const later = { timestamp: newest + 1, id: 1 };
      expect(await ids({ endTime: newest - 1, before: later })).toHaveLength(9);
      const earlier = { timestamp: oldest - 1, id: 1 };
      expect(await store.audit({ ...ALL, startTime: oldest, before: earlier })).toEqual({
        rows: [],
        total: 10,
        hasOlder: false,
      });
      const one = rows[4]?.requestId ?? '';
      expect(await ids({ requestId: one, before: later })).toEqual([one]);
      expect(await ids({ requestId: one, before: earlier })).toEqual([]);
    });

    test('after expiry every filter counts what is left', async () => {
      const rows = uneven();
      await store.append(rows);
      const before = SAMPLE_TIME + 3 * 7 * 24 * HOUR + 41 * 60_000;
      const left = rows.filter((row) => row.timestamp >= before);
      expect(await expireAll(store, before)).toBe(rows.length - left.length);
      const count = async (filter: Partial<AuditFilter>) =>
        (await store.audit({ ...ALL, ...filter, limit: 1 })).total;
      expect(await count({})).toBe(left.length);
      expect(await count({ startTime: SAMPLE_TIME })).toBe(left.length);
      expect(await count({ endTime: SAMPLE_TIME + 4 * 7 * 24 * HOUR - 1 })).toBe(
        left.filter((row) => row.timestamp < SAMPLE_TIME + 4 * 7 * 24 * HOUR).length,
      );
      expect(await count({ model: 'model-3' })).toBe(left.filter((row) => row.model === 'model-3').length);
      expect(await ids({ limit: 5, offset: left.length - 5 })).toEqual(
        left
          .sort((a, b) => a.timestamp - b.timestamp)
          .slice(0, 5)
          .map((row) => row.requestId)
          .reverse(),
      );
    });

    /** More names of each than sums tell apart; some are as often asked for as those that they know. */
    const invented = () =>
      variedRows(4200).map((row, index) => ({
        ...row,
        timestamp: SAMPLE_TIME + index * 61_000,
        model: index % 3 === 0 ? (row.model ?? '') : index % 97 === 1 ? 'other' : `invented-${index % 2600}`,
        agentType: index % 4 === 0 ? `session-${index % 2100}` : row.agentType,
        projectId: index % 5 === 0 ? `user-${index}` : row.projectId,
        status: index % 3 === 0 ? row.status : ('error' as const),
      }));

    test('a project that has a key keeps figures of its own beside a thousand that clients named', async () => {
      const ofProject = (projectId: string, index: number) =>
        sampleRow({ requestId: `req_${index}`, projectId, timestamp: SAMPLE_TIME + index, costUsd: 2 });
      const others = Array.from({ length: 1_001 }, (_, index) => ofProject(`customer-${index}`, index));
      await store.append(others);
      await store.append([ofProject('late', 2_000), ofProject(KEYED, 2_001)]);
      const requests = async (project: string) =>
        (await store.summary({ window: { since: null, project }, by: [], models: 0 })).totals.requests;
      expect(await Promise.all([KEYED, 'customer-999', 'late'].map(requests))).toEqual([1, 1, 0]);
      const { by } = await store.summary({ window: ALL_TIME, by: ['project'], models: 0 });
      expect(costsOf(by.project)).toMatchObject({ [KEYED]: 2, other: 4 });
    });

    test('names that clients invent: sums know a thousand of each, and filters find all', async () => {
      const rows = invented();
      for (let at = 0; at < rows.length; at += 700) await store.append(rows.slice(at, at + 700));
      expectTotals(await store.totals(), expectedTotals(rows));
      const request = { window: ALL_TIME, by: ['model', 'agent', 'project'] as const, models: 10_000 };
      const { by, models: summed } = await store.summary(request);
      for (const dimension of request.by) {
        const found = costsOf(by[dimension]);
        const names = Object.keys(found);
        expect(names.length).toBeGreaterThan(500);
        expect(names.length).toBeLessThanOrEqual(1001);
        const wanted = expectedCosts(rows, dimension);
        const distinguished = names.filter((name) => name !== 'other');
        for (const name of distinguished.slice(0, 300))
          expect(found[name]).toBeCloseTo(wanted[name] ?? Number.NaN, 9);
        const sum = (all: Record<string, number>) => Object.values(all).reduce((a, b) => a + b, 0);
        expect(sum(found)).toBeCloseTo(sum(wanted), 6);
      }
      const counted = summed.map(({ latency }) => latency.reduce((a, b) => a + b, 0));
      expect(counted).toEqual(summed.map(({ requests }) => requests));

      const filters: Partial<AuditFilter>[] = [
        { model: 'invented-1' },
        { model: 'invented-2599' },
        { model: 'invented-2599', success: true },
        { model: 'invented-2585', status: 'error', provider: 'provider-2' },
        { model: 'other' },
        { model: 'never-asked' },
        { model: 'model-3' },
        { model: 'model-3', agentType: 'session-2096' },
        { agentType: 'session-2096' },
        { agentType: 'session-2096', projectId: 'user-4180' },
        { projectId: 'user-4195' },
        { projectId: 'project-3', model: 'invented-1501' },
        { projectId: 'project-3', success: false },
        { model: 'other', startTime: SAMPLE_TIME + 30 * HOUR + 1, endTime: SAMPLE_TIME + 50 * HOUR },
        { agentType: 'session-2096', endTime: SAMPLE_TIME + 40 * HOUR },
      ];
      const expectAll = async (kept: readonly LedgerRow[]) => {
        for (const filter of filters) {
          const wanted = kept
            .filter((row) => matches(filter, row))
            .map((row) => row.requestId)
            .reverse();
          for (const offset of [0, 1, wanted.length]) {
            const found = await store.audit({ ...ALL, ...filter, limit: 3, offset });
            const ids = found.rows.map((row) => row.requestId);
            expect({ filter, offset, total: found.total, ids }).toEqual({
              filter,
              offset,
              total: wanted.length,
              ids: wanted.slice(offset, offset + 3),
            });
          }
          for (const requestId of wanted.slice(-1))
            expect((await store.audit({ ...ALL, ...filter, requestId })).total).toBe(1);
        }
      };
      await expectAll(rows);
      const before = SAMPLE_TIME + 20 * HOUR;
      await expireAll(store, before);
      await expectAll(rows.filter(({ timestamp }) => timestamp >= before));
    });

    test('expiry goes in slices, and what comes between them is kept', async () => {
      await store.append(variedRows(1200));
      const before = SAMPLE_TIME + 1150 * 1000;
      const left: number[] = [];
      for (let isDone = false; !isDone; ) {
        const expired = await store.expire(before);
        isDone = expired.isDone;
        await store.append(variedRows(1, 5000 + left.length));
        left.push((await store.audit({ ...ALL, limit: 1 })).total);
      }
      expect(left).toEqual([701, 202, 53]);
      expect((await store.totals()).requests).toBe(1203);
    });

    test('expiry removes old rows with their bodies and leaves totals and costs as they were', async () => {
      const rows = variedRows(1500).map((row) => ({ ...row, requestBody: 'in', responseBody: 'out' }));
      await store.append(rows);
      const totals = await store.totals();
      const costs = await costBy('project');
      const before = SAMPLE_TIME + 1200 * 1000;
      expect(await expireAll(store, before)).toBe(1200);
      const left = await store.audit({ ...ALL, includeBodies: true });
      expect(left.total).toBe(300);
      expect(left.rows.every((row) => row.timestamp >= before && row.requestBody === 'in')).toBe(true);
      expect(await store.totals()).toEqual(totals);
      expect(await costBy('project')).toEqual(costs);
      expect(await expireAll(store, before)).toBe(0);
      await store.append(variedRows(1, 5000));
      expect((await store.totals()).requests).toBe(1501);
    });
  });
}

function expectedTotals(rows: readonly LedgerRow[]): Totals {
  const sum = (value: (row: LedgerRow) => number): number =>
    rows.reduce((total, row) => total + value(row), 0);
  return {
    requests: rows.length,
    failures: rows.filter((row) => row.status !== 'success').length,
    costUsd: sum((row) => row.costUsd ?? 0),
    unpriced: rows.filter((row) => row.usageKnown && row.costUsd === null).length,
    inputTokens: sum((row) => row.usage.inputTokens),
    outputTokens: sum((row) => row.usage.outputTokens),
    cacheReadTokens: sum((row) => row.usage.cacheReadTokens),
    cacheWriteTokens: sum((row) => row.usage.cacheWriteTokens),
    latencyMsSum: sum((row) => row.latencyMs),
    ttftMsSum: sum((row) => row.ttftMs ?? 0),
    ttftCount: rows.filter((row) => row.ttftMs !== null).length,
    reasoningTokens: sum((row) => row.usage.reasoningTokens),
    webSearches: sum((row) => row.usage.webSearches),
    providerMsSum: sum((row) => row.timing.providerMs),
    gatewayMsSum: sum((row) => row.timing.gatewayMs),
    stalls: sum((row) => row.timing.stalls),
    flowTokens: sum((row) => (flowOf(row) > 0 ? row.usage.outputTokens : 0)),
    flowMs: sum(flowOf),
  };
}

/** From the first content to the last, 0 where it did not come in pieces or its tokens are not known. */
function flowOf({ timing, ttftMs, status, usageKnown }: LedgerRow): number {
  if (status !== 'success' || !usageKnown) return 0;
  const flowed = timing.gaps === null || ttftMs === null ? 0 : (timing.lastTokenMs ?? 0) - ttftMs;
  return Math.max(0, flowed);
}

function countsOf(durations: readonly number[]): number[] {
  const counts = Array.from({ length: HISTOGRAM_BUCKETS }, () => 0);
  for (const ms of durations) counts[bucketOf(ms)] = (counts[bucketOf(ms)] ?? 0) + 1;
  return counts;
}

function expectTotals(found: Totals, wanted: Totals): void {
  // Money is added in another order: equal to the tenth of a micro-dollar, all else exactly.
  expect(found.costUsd).toBeCloseTo(wanted.costUsd, 7);
  expect({ ...found, costUsd: 0 }).toEqual({ ...wanted, costUsd: 0 });
}

/** The cost of each name, the highest first. */
export function costsOf(named: readonly NamedTotals[] = []): Record<string, number> {
  return Object.fromEntries(named.flatMap(({ name, costUsd }) => (name === null ? [] : [[name, costUsd]])));
}

function expectNamed(
  found: readonly NamedTotals[] = [],
  rows: readonly LedgerRow[],
  dimension: Dimension,
): void {
  const wanted = Map.groupBy(rows, (row) => row[FIELD_OF[dimension]]);
  expect(new Set(found.map(({ name }) => name))).toEqual(new Set(wanted.keys()));
  for (const { name, ...totals } of found) expectTotals(totals, expectedTotals(wanted.get(name) ?? []));
  // The dearest first, those without a name last.
  const named = found.filter(({ name }) => name !== null);
  expect(found.slice(0, named.length)).toEqual(named);
  const costs = named.map(({ costUsd }) => costUsd);
  expect(costs).toEqual(costs.toSorted((one, other) => other - one));
}

const FIELD_OF = { provider: 'provider', model: 'model', agent: 'agentType', project: 'projectId' } as const;

function expectedCosts(rows: readonly LedgerRow[], dimension: Dimension): Record<string, number> {
  const costs: Record<string, number> = {};
  for (const row of rows) {
    const key = row[FIELD_OF[dimension]];
    if (key !== null) costs[key] = (costs[key] ?? 0) + (row.costUsd ?? 0);
  }
  return costs;
}

function expectCosts(found: Record<string, number>, wanted: Record<string, number>): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(wanted).sort());
  for (const [name, cost] of Object.entries(wanted)) expect(found[name]).toBeCloseTo(cost, 7);
}

/** What a filter asks for, asked of one row. */
function matches(filter: Partial<AuditFilter>, row: LedgerRow): boolean {
  const { startTime = 0, endTime = Number.MAX_SAFE_INTEGER, success } = filter;
  if (row.timestamp < startTime || row.timestamp > endTime) return false;
  if (success !== undefined && success !== (row.status === 'success')) return false;
  return (['model', 'provider', 'agentType', 'projectId', 'status'] as const).every(
    (name) => filter[name] === undefined || filter[name] === row[name],
  );
}
