// A transformer's module on its thread: what happens to its calls when the thread fails, hangs or is no longer needed.
import { afterEach, expect, setDefaultTimeout, spyOn, test } from 'bun:test';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NeutralRequest } from '../../src/model/request.ts';
import { loadModule } from '../../src/server/module-host.ts';
import type { ModuleCode } from '../../src/transformers/user-module.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const TIME_LIMIT_MS = 1_000;
/** For a thread to show that it is not busy. */
const PING_MS = 100;
const CONTEXT = { provider: 'lab', model: 'm' };
const FOLDER = temporaryFolder('module-host');
const loaded: ModuleCode[] = [];
let files = 0;

afterEach(() => {
  for (const code of loaded.splice(0)) code.retire();
});

/** The module of this text, on a clock turned by hand. */
async function load(text: string) {
  files += 1;
  const file = join(FOLDER, `module-${files}.ts`);
  writeFileSync(file, text);
  const timers = createManualTimers();
  const code = await loadModule({
    url: pathToFileURL(file).href,
    options: {},
    timeLimitMs: TIME_LIMIT_MS,
    clock: timers,
  });
  loaded.push(code);
  return {
    code,
    timers,
    ask: (model: string) => code.request(requestOf(model), CONTEXT),
    /** How many of the calls that never end have begun so far. */
    begun: () => statSync(`${file}.begun`, { throwIfNoEntry: false })?.size ?? 0,
  };
}

type Loaded = Awaited<ReturnType<typeof load>>;

function requestOf(model: string): NeutralRequest {
  return { model, messages: [], system: [], tools: [], stream: false };
}

/** Why it was rejected; the runtime's `rejects` would wait for it without taking messages of threads. */
async function reasonOf(asked: Promise<unknown>): Promise<string> {
  const [outcome] = await Promise.allSettled([asked]);
  return outcome?.status === 'rejected' ? outcome.reason.message : 'it was not rejected';
}

/**
 * The outcomes of all, where the time of each that never ends is over as soon as it has begun: sooner, a thread that is slow to begin
 * would be the one that hangs.
 */
async function outcomes(calls: Promise<unknown>[], { timers, begun }: Loaded): Promise<string[]> {
  let isOver = false;
  let seen = 0;
  const reasons = Promise.all(calls.map(reasonOf)).finally(() => {
    isOver = true;
  });
  await eventually(async () => {
    if (begun() > seen) {
      seen++;
      await timers.advance(TIME_LIMIT_MS + PING_MS);
    }
    return isOver;
  });
  return reasons;
}

/** Does what the request's model says. */
const OBEDIENT = `import { appendFileSync } from 'node:fs';
export default {
  request({ model }) {
    if (model === 'loop' || model === 'wait') appendFileSync(import.meta.path + '.begun', '.');
    if (model === 'loop') for (;;) {}
    if (model === 'wait') return new Promise(() => {});
    const fail = () => { throw new Error('too late'); };
    if (model === 'fail later') return new Promise(() => setTimeout(fail));
    if (model === 'fail unawaited') return new Promise(() => void Promise.resolve().then(fail));
  },
  answer: () => ({ event: (event, emit) => emit(event) }),
};`;

test('a call has its time once more where the process stood still meanwhile, as with a laptop that sleeps', async () => {
  const host = await load(OBEDIENT);
  const { timers, ask } = host;
  let isOver = false;
  const waiting = ask('wait').finally(() => {
    isOver = true;
  });
  // The first has begun before the next is answered.
  await ask('quick');
  timers.standStill(3_600_000);
  await timers.advance(TIME_LIMIT_MS - 1);
  expect(isOver).toBe(false);
  expect(await outcomes([waiting], host)).toEqual([`it did not end within ${TIME_LIMIT_MS} ms (time_limit)`]);
});

test.each(['fail later', 'fail unawaited'])(
  'what a module throws when nobody waits for it ends its thread: calls that run fail at once, and the next has another (%s)',
  async (how) => {
    const { timers, ask } = await load(OBEDIENT);
    expect(await Promise.allSettled([ask('wait'), ask(how)])).toMatchObject(
      Array(2).fill({ status: 'rejected', reason: { message: 'too late' } }),
    );
    expect(timers.pending()).toBe(0);
    expect((await ask('fine')).value.model).toBe('fine');
  },
);

test('a call behind three that never end is not sent to a fourth thread', async () => {
  const host = await load(OBEDIENT);
  const reasons = await outcomes(['loop', 'loop', 'loop', 'fine'].map(host.ask), host);
  const late = 'it did not end within 1000 ms (time_limit)';
  expect(reasons.slice(0, 2)).toEqual([late, late]);
  expect(reasons[3]).toBe('its thread was stopped repeatedly, since its calls never ended');
});

test('a thread that only waits goes on when the time of a call is over: it shows that it is not busy', async () => {
  const { timers, ask, begun } = await load(`import { appendFileSync } from 'node:fs';
    let calls = 0;
    export default {
      request(request) {
        calls += 1;
        if (request.model !== 'wait') return { ...request, model: 'call ' + calls };
        appendFileSync(import.meta.path + '.begun', '.');
        return new Promise(() => {});
      },
    };`);
  const late = reasonOf(ask('wait'));
  await eventually(() => begun() === 1);
  // What it says of having begun has come before its answer to the next.
  expect((await ask('quick')).value.model).toBe('call 2');
  await timers.advance(TIME_LIMIT_MS);
  expect(await late).toContain('(time_limit)');
  expect((await ask('quick')).value.model).toBe('call 3');
  expect(timers.pending()).toBe(0);
});

test('where it cannot be loaded anew, the calls behind one that never ends say why', async () => {
  const host = await load(`
    import { existsSync, writeFileSync } from 'node:fs';
    const mark = new URL('loaded', import.meta.url);
    if (existsSync(mark)) throw new Error('once is enough');
    writeFileSync(mark, '');
    ${OBEDIENT}`);
  expect(await outcomes(['loop', 'fine'].map(host.ask), host)).toEqual([
    'it did not end within 1000 ms (time_limit)',
    'once is enough',
  ]);
});

test('what cannot be sent to a thread fails its call alone, and nothing of it waits', async () => {
  const { code, timers, ask } = await load(OBEDIENT);
  const unsendable = { ...requestOf('fine'), tools: [() => {}] as unknown as NeutralRequest['tools'] };
  expect(await reasonOf(code.request(unsendable, CONTEXT))).toMatch(/clone/);
  expect(timers.pending()).toBe(0);
  expect((await ask('fine')).value.model).toBe('fine');
});

test('an answer that is over has left nothing behind', async () => {
  const { code } = await load(OBEDIENT);
  const answer = code.answer(CONTEXT);
  const event = { type: 'text-start', block: 0 } as const;
  expect((await answer.push([event])).value).toEqual([event]);
  answer.close();
  expect(await reasonOf(answer.push([event]))).toMatch(/restarted/);
});

test('a thread that is no longer needed ends with the last of its answers and calls', async () => {
  const ends = spyOn(Worker.prototype, 'terminate');
  try {
    const { code, ask } = await load(OBEDIENT);
    const [first, last] = [code.answer(CONTEXT), code.answer(CONTEXT)];
    await first.push([]);
    code.retire();
    const called = ask('fine');
    first.close();
    first.close();
    await called;
    expect(ends).not.toHaveBeenCalled();
    last.close();
    expect(ends).toHaveBeenCalledTimes(1);
  } finally {
    ends.mockRestore();
  }
});

test('of several errors in a file the first is told, and where it is', async () => {
  await expect(load('export default {};\nlet one = ;\nlet two = ;')).rejects.toThrow(
    /module-\d+\.ts:2:\d+\)$/,
  );
});
