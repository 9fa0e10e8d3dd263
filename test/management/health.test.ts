// /gateway/health: its fields, and when the gateway is degraded.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { createLedger } from '../../src/ledger/queue/recorder.ts';
import { createFakeStore, SAMPLE_TIME, variedRows } from '../support/ledger-rows.ts';
import { sampleRouting } from '../support/routing-config.ts';
import { createTestGateway } from '../support/test-gateway.ts';
import { createManagementLab, type ManagementLab, sampleConfig } from './lab.ts';

let lab: ManagementLab;
beforeEach(() => {
  lab = createManagementLab();
});
afterEach(() => lab.ledger.close());

describe('/gateway/health', () => {
  test('how long it runs is not what its clock says, which may be set meanwhile', async () => {
    let [now, monotonic] = [SAMPLE_TIME, 5_000];
    const { gateway } = createTestGateway({
      fetch: () => Promise.reject(new Error('no request is expected')),
      host: { now: () => now, monotonic: () => monotonic },
    });
    const uptime = async (): Promise<unknown> => {
      const response = await gateway.fetch(new Request('http://127.0.0.1:8088/gateway/health'));
      return ((await response.json()) as { uptime_seconds: number }).uptime_seconds;
    };
    monotonic += 61_500;
    for (const leap of [-3_600_000, 0, 86_400_000]) {
      now = SAMPLE_TIME + leap;
      expect(await uptime()).toBe(61);
    }
  });

  test('has everything the contract names', async () => {
    expect<unknown>(await lab.read('/gateway/health')).toEqual({
      status: 'healthy',
      reasons: [],
      version: '1.2.3',
      uptime_seconds: 61,
      active_streams: 0,
      providers: { lab: true, spare: true },
      routing: { default_provider: 'lab', fallback_chain: ['spare/model-x'] },
      audit: { enabled: true, log_request_bodies: true, log_response_bodies: false },
      ledger: {
        ok: true,
        queued: 0,
        spilled: 0,
        spilled_bytes: 0,
        dropped: 0,
        last_error: null,
        notices: [],
      },
    });
  });

  test('is degraded when the default provider is not healthy, not when another is not', async () => {
    lab.states = { spare: { healthy: false } };
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'healthy',
      providers: { lab: true, spare: false },
    });
    lab.states = { lab: { healthy: false } };
    expect(await lab.read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: ['the default provider lab fails'],
    });
    lab.states = { lab: { healthy: false, lastError: 'HTTP 500' } };
    expect(await lab.read('/gateway/health')).toMatchObject({
      reasons: ['the default provider lab fails (HTTP 500)'],
    });
    lab.config = sampleConfig({ routing: sampleRouting({ defaultProvider: 'spare', fallbackChain: [] }) });
    expect(await lab.read('/gateway/health')).toMatchObject({ status: 'healthy', reasons: [] });
  });

  test('is degraded where the default provider is disabled', async () => {
    lab.config = sampleConfig({
      routing: sampleRouting({ defaultProvider: 'far', fallbackChain: ['spare'] }),
    });
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'degraded',
      routing: { default_provider: 'far' },
      reasons: ['the default provider far is disabled (env:FAR_KEY is not set)'],
    });
  });

  test('names the first provider where none is the default', async () => {
    lab.config = sampleConfig({ routing: sampleRouting({ defaultProvider: null, fallbackChain: [] }) });
    expect((await lab.read('/gateway/health')).routing.default_provider).toBe('lab');
    lab.config = sampleConfig({
      providers: [],
      routing: sampleRouting({ defaultProvider: null, fallbackChain: [] }),
    });
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: [expect.stringContaining('no provider is configured')],
      routing: { default_provider: null },
    });
  });

  test('is degraded while the ledger refuses rows, and says why and how many wait', async () => {
    const store = createFakeStore();
    store.refuse = () => true;
    lab.deps.ledger = createLedger(store, { ...lab.timers, maxQueued: 2 });
    for (const row of variedRows(3)) lab.deps.ledger.record(row);
    await lab.timers.advance(300);
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: [
        'the ledger cannot be written (the store is out of order); requests are served, and 2 rows wait',
      ],
      ledger: { ok: false, queued: 2, dropped: 1, last_error: 'the store is out of order' },
    });
    store.refuse = () => false;
    await lab.timers.advance(1000);
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'healthy',
      ledger: { ok: true, queued: 0, dropped: 1 },
    });
  });

  test('is degraded while the log cannot be written, and says why and how many lines are lost', async () => {
    const log = { ok: false, dropped: 3, lastError: 'standard error is full' };
    lab.deps.log = () => log;
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: ['lines of the log are lost: standard error is full'],
      log: { ok: false, dropped: 3, last_error: 'standard error is full' },
    });
    Object.assign(log, { ok: true, lastError: null });
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'healthy',
      log: { ok: true, dropped: 3, last_error: null },
    });
  });

  test('is degraded while no file or connection can be opened, and while Redis does not answer', async () => {
    const descriptors = { ok: false, open: 1_000, limit: 1_024, lastError: 'no more files' };
    const remote = { ok: true, lastError: null as string | null };
    lab.deps.descriptors = () => descriptors;
    lab.deps.remoteCount = () => remote;
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: ['no more files'],
      descriptors: { ok: false, last_error: 'no more files' },
      redis: { ok: true, last_error: null },
    });
    Object.assign(descriptors, { ok: true, lastError: null });
    expect(await lab.read('/gateway/health')).toMatchObject({ status: 'healthy' });
    Object.assign(remote, { ok: false, lastError: 'it does not answer' });
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: ['this gateway counts rate limits for itself alone: it does not answer'],
      redis: { ok: false, last_error: 'it does not answer' },
    });
    const metrics = (await (await lab.ask('/metrics')).text()).split('\n');
    for (const line of ['descriptors_ok 1', 'descriptors_open 1000', 'descriptors_max 1024', 'redis_ok 0'])
      expect(metrics).toContain(`sluice_${line}`);
  });

  test('is degraded while a serving process is missing or silent, which it counts', async () => {
    const workers = { wanted: 3, running: 1, starting: 2, silent: 0, replaced: 1 };
    lab.deps.workers = () => workers;
    // As scripts read it that wait for the first answer of a gateway.
    expect(await lab.read('/gateway/health')).toMatchObject({ status: 'healthy', reasons: [], workers });
    Object.assign(workers, { running: 3, starting: 0 });
    expect(await lab.read('/gateway/health')).toMatchObject({ status: 'healthy', workers });
    workers.silent = 1;
    const silent = expect.stringContaining('1 worker process answers nothing at the moment');
    expect(await lab.read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: [silent],
      workers,
    });
    workers.running = 2;
    const fewer = '2 of 3 worker processes run; others are being started';
    expect(await lab.read('/gateway/health')).toMatchObject({ status: 'degraded', reasons: [fewer, silent] });
    const metrics = await (await lab.ask('/metrics')).text();
    expect(
      [...metrics.matchAll(/^sluice_workers\{state="(\w+)"\} (\d+)$/gm)].map((line) => line.slice(1)),
    ).toEqual([
      ['answering', '1'],
      ['silent', '1'],
      ['missing', '1'],
    ]);
  });

  test('is degraded once the certificate has expired, which it and the metrics announce', async () => {
    const { server } = sampleConfig();
    const certified = (validUntil: number) =>
      sampleConfig({
        server: {
          ...server,
          tls: {
            cert: '',
            key: '',
            files: { cert: 'fullchain.pem', key: 'privkey.pem' },
            names: [],
            isPrivate: false,
            validUntil,
            stamp: '',
          },
        },
      });
    const { now } = lab.deps;
    const soon = Math.floor(now() / 1_000) * 1_000 + 5_000;
    lab.config = certified(soon);
    const valid_until = new Date(soon).toISOString();
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'healthy',
      tls: { ok: true, valid_until, last_error: null },
    });
    const response = await lab.ask('/metrics');
    expect(await response.text()).toContain(
      `sluice_tls_certificate_expiry_timestamp_seconds ${soon / 1_000}\n`,
    );
    lab.deps.now = () => soon;
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: [expect.stringContaining('fullchain.pem expired on')],
      tls: { ok: false, valid_until, last_error: expect.stringContaining('fullchain.pem expired on') },
    });
  });

  test('is degraded while budgets cannot be read, and says why', async () => {
    const daily = {
      limitUsd: 1,
      per: 'day',
      each: null,
      agent: null,
      project: null,
      provider: null,
      model: null,
    } as const;
    lab.config = sampleConfig({ costs: { pricingOverrides: [], budgets: [daily] } });
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'healthy',
      budgets: { ok: true, last_error: null },
    });
    lab.deps.budgetsUnread = () => 'the store is out of order';
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: ['the budgets cannot be read: the store is out of order'],
      budgets: { ok: false, last_error: 'the store is out of order' },
    });
  });

  test('says that nothing is recorded', async () => {
    lab.deps.ledger = null;
    expect<unknown>(await lab.read('/gateway/health')).toMatchObject({
      status: 'healthy',
      audit: { enabled: false },
      ledger: null,
    });
  });
});
