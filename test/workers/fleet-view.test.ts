// What the gateway's pages show for all workers together, one of which may be busy.
import { expect, test } from 'bun:test';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { LedgerStore } from '../../src/ledger/store.ts';
import { createQuestions } from '../../src/workers/ask-all.ts';
import { createChannel } from '../../src/workers/channel.ts';
import { createFleetView, type FleetViewOptions } from '../../src/workers/fleet-view.ts';
import type { WorkerMethods } from '../../src/workers/protocol.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { resolveInput } from '../support/resolve-input.ts';

/**
 * Of two workers the second answers only when it is told to. `found`: whether each has the stream; `answers`: what both say to
 * other questions.
 */
function startLab(
  found: [quick: boolean, busy: boolean],
  ledger: Pick<Ledger, 'flush' | 'store'> | null = null,
  { answers = {}, ...more }: Partial<FleetViewOptions> & { answers?: Record<string, unknown> } = {},
) {
  const timers = createManualTimers();
  const questions = createQuestions(timers.setTimer);
  const kept: (() => void)[] = [];
  const workers = found.map((result, at) => {
    const channel = createChannel<WorkerMethods>({
      send(message) {
        const asked = message as { name: string };
        const answer = () =>
          channel.take({ ...asked, kind: 'answer', result: answers[asked.name] ?? result });
        if (at === 0) answer();
        else kept.push(answer);
      },
      methods: {},
      onError() {},
    });
    return { channel };
  });
  const options = { processes: () => workers, questions, setTimer: timers.setTimer, ledger, ...more };
  const view = createFleetView(options as unknown as FleetViewOptions);
  return {
    timers,
    view,
    cancel: async () =>
      (await view({ method: 'DELETE', path: '/gateway/streams/r1', project: null }))?.status,
    /** Nobody answered a question in time. */
    async passOver() {
      const asked = questions.all(workers, 'cancel', 'r0');
      await timers.advance(10_000);
      await asked;
    },
    wake() {
      for (const answer of kept.splice(0)) answer();
    },
  };
}

test('a stream of a worker that has been busy for long is reported as cancelled', async () => {
  const { cancel, timers, passOver, wake } = startLab([false, true]);
  await passOver();
  const asked = cancel();
  await timers.advance(4_000);
  wake();
  expect(await asked).toBe(200);
});

test('one of another worker is so at once', async () => {
  const { cancel, passOver } = startLab([true, false]);
  await passOver();
  expect(await cancel()).toBe(200);
});

test('nobody has it: who is busy is waited for, and no longer', async () => {
  const { cancel, timers, passOver } = startLab([false, true]);
  await passOver();
  const asked = cancel();
  await timers.advance(5_000);
  expect(await asked).toBe(404);
});

test('how many are silent stands in the head of the page', async () => {
  const { view, timers, passOver } = startLab([false, false]);
  await passOver();
  const asked = view({ method: 'DELETE', path: '/gateway/streams/r1', project: null });
  await timers.advance(5_000);
  expect((await asked)?.headers.get('x-sluice-silent-workers')).toBe('1');
});

test('rows are read once every worker has handed over its own, and the ledger has stored them', async () => {
  const done: string[] = [];
  const ledger = {
    async flush() {
      done.push('stored');
    },
    store: {
      async audit() {
        done.push('read');
        return { rows: [], total: 0 };
      },
    } as unknown as LedgerStore,
  };
  const { view, timers, wake } = startLab([true, true], ledger);
  const asked = view({ method: 'GET', path: '/gateway/audit', project: null });
  await timers.advance(0);
  expect(done).toEqual([]);
  wake();
  expect((await asked)?.status).toBe(200);
  expect(done).toEqual(['stored', 'read']);
});

test('lines of the log that this process could not write are told with those of its workers', async () => {
  const { config } = resolveInput({
    providers: { p: { dialect: 'openai-chat', base_url: 'http://p.test', api_key: 'k' } },
  });
  const { view, timers, wake } = startLab([true, true], null, {
    config: () => config,
    budgetsUnread: () => null,
    remoteCount: () => null,
    uptimeMs: () => 0,
    logState: () => ({ ok: false, dropped: 2, lastError: 'the disk is full' }),
    answers: {
      running: [],
      providerStates: [],
      logState: { ok: true, dropped: 1, lastError: null },
      descriptorState: { ok: true, lastError: null },
    },
  });
  const asked = view({ method: 'GET', path: '/gateway/health', project: null });
  await timers.advance(0);
  wake();
  expect(await (await asked)?.json()).toMatchObject({
    log: { ok: false, dropped: 4, last_error: 'the disk is full' },
  });
});
