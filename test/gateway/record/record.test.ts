// The record of a request that ends when something fails that nobody's answer depends on.
import { describe, expect, test } from 'bun:test';
import { createLiveView } from '../../../src/gateway/live/view.ts';
import { BodyCapture } from '../../../src/gateway/record/body-capture.ts';
import { createObserver, noteAnswerLoss, UNWATCHED } from '../../../src/gateway/record/observer.ts';
import type { BegunRequest } from '../../../src/gateway/fleet.ts';
import { ExchangeRecord, failedWith, type RecordContext } from '../../../src/gateway/record/record.ts';
import { reportBegun } from '../../../src/gateway/record/report-begun.ts';
import type { Attempt, LedgerRow } from '../../../src/ledger/rows/row.ts';
import { markCut } from '../../../src/ledger/rows/storable-row.ts';
import { type ErrorCode, GatewayError } from '../../../src/model/errors.ts';
import { createRedactor, type Redactor } from '../../../src/model/redact/redact.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { createManualTimers } from '../../support/manual-timers.ts';

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
  const record = new ExchangeRecord(
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

const NOT_CLEANED = '[left out: there was no memory for removing its secrets]';

test('a long body that cannot be cleaned is left out, which the row reports; the row is written, and the slot is free', () => {
  const { record, rows, done } = open(redactorWithoutMemory());
  record.keepRequest('a secret '.repeat(1_000), null);
  record.responseBody = 'short';
  record.end({ status: 'success' });
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ status: 'success', requestBody: NOT_CLEANED, responseBody: 'short' });
  expect(done).toEqual(['completed', 'off the list']);
});

test('a long answer that cannot be cleaned is left out alone: the request beside it stays', () => {
  const { record, rows } = open(redactorWithoutMemory());
  record.keepRequest('short', null);
  record.responseBody = 'a secret '.repeat(1_000);
  record.end({ status: 'success' });
  expect(rows[0]).toMatchObject({ requestBody: 'short', responseBody: NOT_CLEANED });
});

test('a long answer that cannot be cleaned is left out, where no request is kept', () => {
  const { record, rows } = open(redactorWithoutMemory());
  record.capture = new BodyCapture(10_000);
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

describe('no name in its row has a secret, whoever sent it', () => {
  const secret = 'qzSecret-Hx7Lw2mKp9';
  const said = `a ${secret} b`;
  const clean = 'a [redacted] b';
  const { seen: unseen } = createObserver(() => 0, UNWATCHED);
  const attempt = { provider: 'one', status: 400, error: 'upstream_rejected', durationMs: 1 } as const;
  const route = (rule: string, why: string) =>
    ({ decision: { kind: 'pattern', rule, why, order: null }, targets: [] as unknown }) as ReturnType<
      typeof open
    >['record']['route'];

  const cases: Record<string, [Partial<ReturnType<typeof open>['record']>, Partial<LedgerRow>]> = {
    agentType: [{ agentType: said }, { agentType: clean }],
    projectId: [{ projectId: said }, { projectId: clean }],
    requestedModel: [{ requestedModel: said }, { requestedModel: clean, model: clean }],
    'the name of a rule': [
      { route: route(said, 'why') },
      { route: { kind: 'pattern', rule: clean, why: 'why', order: null } },
    ],
    'why a rule applies': [
      { route: route('rule', said) },
      { route: { kind: 'pattern', rule: 'rule', why: clean, order: null } },
    ],
    'the model of a try': [
      { attempts: [{ ...attempt, model: said }] },
      { attempts: [{ ...attempt, model: clean }] },
    ],
    'a feature that is lost': [{ losses: [{ feature: said, outcome: 'lost' }] }, { lost: [clean] }],
    'one that the answer loses': [{ seen: { ...unseen, answerLosses: new Set([said]) } }, { lost: [clean] }],
    'the model that answered': [{ seen: { ...unseen, model: said } }, { model: clean }],
    'how it ended': [
      { seen: { ...unseen, finish: { unified: 'other', raw: said } } },
      { finishReason: clean },
    ],
  };
  for (const [name, [noted, kept]] of Object.entries(cases))
    test(name, () => {
      const { record, rows } = open(createRedactor([secret]));
      Object.assign(record, noted);
      const told: BegunRequest[] = [];
      reportBegun({ begun: (request) => void told.push(request) }, record);
      record.end({ status: 'error', error: new GatewayError('upstream_rejected', said) });
      expect(rows[0]).toMatchObject({ ...kept, errorMessage: clean });
      expect(JSON.stringify(rows)).not.toContain(secret);
      // What the other processes write of it, should this one die.
      expect(told).toHaveLength(1);
      expect(JSON.stringify(told)).not.toContain(secret);
    });
});

test('without its provider’s own word, how it ended is in that of the gateway', () => {
  const { record, rows } = open(createRedactor([]));
  const { seen } = createObserver(() => 0, UNWATCHED);
  seen.finish = { unified: 'end_turn', raw: null };
  record.seen = seen;
  record.end({ status: 'success' });
  expect(rows[0]?.finishReason).toBe('end_turn');
});

test.each([
  ['an answer that ends early', new GatewayError('upstream_truncated', 'x'), 'truncated'],
  ['a client that leaves', new GatewayError('cancelled', 'x'), 'aborted'],
  ['another failure', new GatewayError('upstream_failed', 'x'), 'error'],
] as const)('%s', (_, error, status) => {
  expect(failedWith(error)).toEqual({ status, error });
});

test('a record ends once, and its provider hears how', () => {
  const { record, rows, done } = open(createRedactor([]));
  record.end({ status: 'aborted' });
  record.end({ status: 'success' });
  expect(rows.map(({ status }) => status)).toEqual(['aborted']);
  expect(done).toEqual(['abandoned', 'off the list']);
});

test('the cost is that of all tries, unknown where one is unpriced, none where nothing was billed', () => {
  const costOf = (...costs: (number | null | undefined)[]) => {
    const { record, rows } = open(createRedactor([]));
    record.attempts = costs.map((costUsd) => ({
      ...{ provider: 'one', model: 'm', status: 500, error: 'upstream_failed', durationMs: 1 },
      ...(costUsd !== undefined && { costUsd }),
    }));
    record.end({ status: 'error' });
    return rows[0]?.costUsd;
  };
  expect(costOf(1, 2)).toBe(3);
  expect(costOf(null, 2)).toBeNull();
  expect(costOf(2, null)).toBeNull();
  expect(costOf(undefined, 2)).toBe(2);
});

describe('of a long answer that is cut', () => {
  const secret = 'qzSecret-Hx7Lw2mKp9';
  const event = (text: string, index = 0) => `data: {"index":${index},"delta":{"text":"${text}"}}\n\n`;
  /** What its row has of this stream without its end. */
  const keptOf = (stream: string, length: number) => {
    const { record, rows } = open(createRedactor([secret]));
    record.capture = new BodyCapture(length);
    record.capture.take(new TextEncoder().encode(stream));
    record.end({ status: 'success' });
    return rows[0]?.responseBody ?? '';
  };

  test('the beginning is there, and the end is marked', () => {
    const stream = event('One two three');
    const kept = keptOf(stream, stream.indexOf('ree'));
    expect(kept).toBe(markCut(stream.slice(0, stream.indexOf('three'))));
  });

  test('nothing of a secret in pieces is kept, wherever it is cut', () => {
    const chunks = [
      event('the key is '),
      event(secret.slice(0, 7)),
      event(`${secret.slice(7)} and more\\n of it`),
    ];
    const stream = `${chunks.join('')}data: end\n\n`;
    for (let length = 1; length < stream.length; length++) {
      const kept = keptOf(stream, length);
      for (const part of [secret.slice(0, 3), secret.slice(-5)]) expect(kept).not.toContain(part);
    }
  });

  test('also of one that is reported in turn with others', () => {
    const stream = event(secret.slice(0, 7), 1) + event('another ', 2) + event('choice', 2);
    expect(keptOf(stream, stream.length)).not.toContain(secret.slice(0, 3));
  });

  test('what ended long before stays', () => {
    const first = event('the last word');
    const stream = first + event('a '.repeat(10_000), 1);
    expect(keptOf(stream, stream.length)).toStartWith(first);
  });
});

test('a target that was meant and not asked is its provider', () => {
  const { record, rows } = open(createRedactor([]));
  record.meant = { provider: { name: 'one' }, model: 'm' } as typeof record.meant;
  record.end({ status: 'error' });
  expect(rows[0]).toMatchObject({ provider: 'one', model: 'm' });
});

test('a try that ends after the request changes nothing of its row, and what is lost twice stands there once', () => {
  const { record, rows } = open(createRedactor([]));
  const attempt: Attempt = { provider: 'one', model: 'm', status: null, error: null, durationMs: 5 };
  record.attempts = [attempt];
  record.losses = [{ feature: 'top_k', outcome: 'lost' }];
  const { seen } = createObserver(() => 0, UNWATCHED);
  noteAnswerLoss(seen, 'top_k');
  record.seen = seen;
  record.end({ status: 'error' });
  attempt.error = 'cancelled';
  expect(rows[0]?.attempts).toMatchObject([{ error: null }]);
  expect(rows[0]?.lost).toEqual(['top_k']);
});

describe('the try that served an answer which broke off', () => {
  const ended = (code: ErrorCode) => {
    const redact = createRedactor(['qzSecret-Hx7Lw2mKp9']);
    const { record, rows } = open(redact);
    const tried: Attempt = {
      provider: 'one',
      model: 'm',
      status: 200,
      error: null,
      durationMs: 5,
      startedMs: 0,
    };
    record.attempts = [tried];
    record.serving = true;
    record.end(failedWith(new GatewayError(code, 'qzSecret-Hx7Lw2mKp9 broke')));
    return rows[0]?.attempts;
  };

  test.each(['upstream_truncated', 'upstream_timeout', 'upstream_rejected'] as const)(
    '%s is its error',
    (code) => {
      expect(ended(code)).toMatchObject([{ error: code, message: '[redacted] broke' }]);
    },
  );

  test('its time, its counts and its cost are noted with it', () => {
    let now = 1_000;
    const { record, rows } = open(createRedactor([]), { monotonic: () => now, price: () => 0.5 });
    record.target = { provider: { name: 'one' }, model: 'm' } as typeof record.target;
    const { seen } = createObserver(() => now, UNWATCHED);
    Object.assign(seen, { usage: { ...NO_USAGE, outputTokens: 7 }, usageKnown: true });
    record.seen = seen;
    const tried = { provider: 'one', model: 'm', status: 200, error: null, durationMs: 5, startedMs: 100 };
    record.attempts = [tried];
    record.serving = true;
    now += 900;
    record.end(failedWith(new GatewayError('upstream_truncated', 'broke')));
    expect(rows[0]?.attempts).toMatchObject([
      { error: 'upstream_truncated', durationMs: 800, usage: { outputTokens: 7 }, costUsd: 0.5 },
    ]);
  });

  test.each(['cancelled', 'shutting_down'] as const)('%s is not', (code) => {
    expect(ended(code)).toMatchObject([{ error: null }]);
  });
});
