// A request gets room at a provider in the very turn in which nobody waits for it any more: its client left, or another target
// answered.
import { expect, test } from 'bun:test';
import { type TryContext, firstAnswer } from '../../../src/gateway/attempts/fallback.ts';
import { type HedgeOptions, hedgedAnswer } from '../../../src/gateway/attempts/hedge.ts';
import { createWebHost } from '../../../src/gateway/host.ts';
import { createObserver, UNWATCHED } from '../../../src/gateway/record/observer.ts';
import type { Target } from '../../../src/routing/targets.ts';
import { Cancellation } from '../../../src/upstream/cancellation.ts';
import { createProviderStates } from '../../../src/upstream/provider-state.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { sampleProvider } from '../../support/provider-config.ts';

const concurrency = { max: 1, min: 1, queue: 1, queueTimeoutMs: 10_000 };
const BUSY: Target = { provider: sampleProvider({ name: 'busy', concurrency }), model: 'm' };
const FREE: Target = { provider: sampleProvider({ name: 'free' }), model: 'm' };
const HEDGE_AFTER_MS = 100;

/** The one place of `busy` is taken, until it is let go. */
async function setup(targets: Target[]) {
  const { now, monotonic, setTimer, advance } = createManualTimers();
  const states = createProviderStates({ monotonic, setTimer });
  const question = {
    ...BUSY,
    key: 'own' as const,
    conversation: () => null,
    lastResort: true,
    isRetry: false,
  };
  const held = await states.enter({ ...question, signal: new Cancellation() });
  if ('refused' in held) throw held.error;
  const record: HedgeOptions<string>['record'] = {
    attempts: [],
    lease: null,
    meant: null,
    queuedMs: null,
    backOffMs: 0,
    besideMs: 0,
    cost: () => null,
    startedAt: 0,
    trySpanId: null,
    target: null,
    seen: null,
    losses: [],
    transformers: [],
  };
  const client = new Cancellation();
  const context: TryContext = {
    targets,
    contextFallback: [],
    keyFor: () => 'own',
    deadlineMs: Number.POSITIVE_INFINITY,
    spentBudget: () => null,
    limits: null,
    conversation: () => null,
    host: createWebHost({ now, monotonic, setTimer }),
    signal: client,
    record,
    states,
    redact: (text) => text,
  };
  const answer = Promise.withResolvers<string>();
  const asked: string[] = [];
  const plan = (target: Target) => {
    const { seen } = createObserver(monotonic, UNWATCHED);
    record.target = target;
    record.seen = seen;
    const run = () => {
      asked.push(target.provider.name);
      return answer.promise;
    };
    return { target, key: 'own' as const, seen, run };
  };
  const inFlight = () => states.snapshot([BUSY.provider])[0]?.inFlight;
  return { context, plan, record, client, held, answer, asked, advance, inFlight };
}

test('the other target has answered: that one serves, and the row is of that one alone', async () => {
  const { context, plan, record, held, answer, asked, advance, inFlight } = await setup([BUSY, FREE]);
  const served = hedgedAnswer({ context, plan, record, hedgeAfterMs: HEDGE_AFTER_MS });
  await advance(HEDGE_AFTER_MS);
  answer.resolve('from the free one');
  held.end('completed');
  expect(await served).toBe('from the free one');
  await advance(0);
  expect(asked).toEqual(['free']);
  expect(record.attempts.map(({ provider }) => provider)).toEqual(['free']);
  expect(record.target).toBe(FREE);
  expect(inFlight()).toBe(0);
});

test('the client has left: nobody is asked, and the place is free', async () => {
  const { context, plan, record, client, held, asked, advance, inFlight } = await setup([BUSY]);
  const served = firstAnswer({ context, plan });
  await advance(0);
  held.end('completed');
  client.abort(new Error('left'));
  await expect(served).rejects.toThrow('left');
  await advance(0);
  expect(asked).toEqual([]);
  expect(record.attempts).toEqual([]);
  expect(inFlight()).toBe(0);
});
