// The record of a request that ends when something fails that nobody's answer depends on.
import { expect, test } from 'bun:test';
import { createLiveView } from '../../src/gateway/live/view.ts';
import { createBodyCapture } from '../../src/gateway/record/body-capture.ts';
import { createRecord, type RecordContext } from '../../src/gateway/record/record.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { createRedactor, type Redactor } from '../../src/model/redact/redact.ts';
import { createManualTimers } from '../support/manual-timers.ts';

/** One for which long texts take more memory than there is. */
function redactorWithoutMemory(): Redactor {
  const redactor = createRedactor([]);
  const redact = (text: string): string => {
    if (text.length > 1_000) throw new RangeError('Out of memory');
    return redactor(text);
  };
  return Object.assign(redact, { ...redactor, suspects: () => true });
}

function open(redact: Redactor, context: Partial<RecordContext> = {}) {
  const timers = createManualTimers(1_000);
  const rows: LedgerRow[] = [];
  const done: string[] = [];
  const record = createRecord(
    'req_1',
    'openai-chat',
    { redact, live: createLiveView(timers.setTimer).open('req_1', redact) },
    {
      ...timers,
      ledger: { record: (row) => void rows.push(row), flush: async () => {}, close: async () => {} },
      price: () => null,
      noted() {},
      onEnd: () => void done.push('off the list'),
      ...context,
    },
  );
  record.lease = { end: (how) => void done.push(String(how)) } as typeof record.lease;
  return { record, rows, done };
}

const NOT_CLEANED = '[left out: its secrets could not be taken out, there was no memory for it]';

test('a long body that cannot be cleaned is left out, and told so; the row is there, and the place is free', () => {
  const { record, rows, done } = open(redactorWithoutMemory());
  record.keepRequest('a secret '.repeat(1_000), null);
  record.responseBody = 'short';
  record.end({ status: 'success' });
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ status: 'success', requestBody: NOT_CLEANED, responseBody: NOT_CLEANED });
  expect(done).toEqual(['completed', 'off the list']);
});

test('so is an answer alone, where no request is kept', () => {
  const { record, rows } = open(redactorWithoutMemory());
  record.capture = createBodyCapture(10_000);
  record.capture.take(new TextEncoder().encode('data: words\n\n'.repeat(100)));
  record.end({ status: 'success' });
  expect(rows[0]).toMatchObject({ requestBody: null, responseBody: NOT_CLEANED });
});

test('whatever fails beyond it, the place is free and the request over', () => {
  const failure = new Error('the log is full');
  const { record, done } = open(createRedactor([]), {
    noted() {
      throw failure;
    },
  });
  expect(() => record.end({ status: 'success' })).toThrow(failure);
  expect(done).toEqual(['completed', 'off the list']);
});
