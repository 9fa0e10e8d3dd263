// The row of a request whose worker died says of no attempt that it served, unless it did.
import { expect, test } from 'bun:test';
import type { Attempt } from '../../src/ledger/rows/row.ts';
import { createJournal, JOURNAL_BYTES, readJournal } from '../../src/workers/journal.ts';
import { lostRow } from '../../src/workers/lost-row.ts';
import { sampleRow } from '../support/ledger-rows.ts';

const OPEN: Attempt = { provider: 'one', model: 'm', status: null, error: null, durationMs: 0, startedMs: 1 };
const FAILED: Attempt = { ...OPEN, provider: 'three', error: 'upstream_failed', message: 'no' };

const attemptsAfter = (...ended: Parameters<typeof rowAfter>) => rowAfter(...ended).attempts;

/** `two` is asked beside `one`, and the worker dies. @param provider that of the row, where the request had ended. */
function rowAfter(provider?: string, errorCode: 'upstream_failed' | null = null) {
  const memory = new Uint8Array(JOURNAL_BYTES);
  const journal = createJournal(memory, {
    reserve() {},
    onFull(error) {
      throw error;
    },
  });
  journal.note({
    requestId: 'a',
    timestamp: 1,
    clientDialect: 'openai-chat',
    operation: 'generate',
    streamed: false,
    requestedModel: 'm',
    agentType: null,
    projectId: null,
    provider: 'two',
    model: 'm',
    route: null,
    trace: null,
    attempts: [FAILED, OPEN],
  });
  if (provider !== undefined) journal.ended(sampleRow({ requestId: 'a', provider, errorCode }));
  const [left] = readJournal(memory, 0);
  if (left === undefined) throw new Error('nothing is left');
  return lostRow(left, 'was ended by SIGKILL', 9);
}

test('of an attempt that was open, nothing is known', () => {
  expect(attemptsAfter()).toEqual([
    FAILED,
    {
      ...OPEN,
      error: 'internal',
      message: expect.stringContaining('was ended by SIGKILL; what the provider'),
    },
  ]);
});

test('where the request had ended, it served, or failed as the request did, or was not needed', () => {
  expect(attemptsAfter('one')).toEqual([FAILED, OPEN]);
  expect(attemptsAfter('one', 'upstream_failed')).toEqual([FAILED, { ...OPEN, error: 'upstream_failed' }]);
  expect(attemptsAfter('two')).toEqual([
    FAILED,
    { ...OPEN, error: 'cancelled', message: expect.any(String) },
  ]);
});

test('a request that had ended well has no error; of one that had failed, it says that the outcome alone is known', () => {
  expect(rowAfter('one')).toMatchObject({ errorCode: null, errorMessage: null });
  expect(rowAfter('one', 'upstream_failed')).toMatchObject({
    errorCode: 'upstream_failed',
    errorMessage:
      'the process that served this request was ended by SIGKILL after its end; only its outcome is known',
  });
});
