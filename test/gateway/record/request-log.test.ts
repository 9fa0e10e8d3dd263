// The log's line for each request: which fields it has, and that nothing of what was said is among them.
import { expect, test } from 'bun:test';
import { createRequestLog } from '../../../src/gateway/request-log.ts';
import { sampleRow } from '../../support/ledger-rows.ts';

function logged(changes: Parameters<typeof sampleRow>[0]): unknown[] {
  const lines: unknown[] = [];
  createRequestLog({ log: (...line) => void lines.push(line) })(sampleRow(changes));
  return lines;
}

const ROW = {
  requestId: 'req_1',
  provider: 'lab',
  model: 'm',
  latencyMs: 1_234.5,
  requestBody: '{"said":"a secret"}',
  errorMessage: 'a secret',
};

test('one that succeeded', () => {
  const [line, ...more] = logged({ ...ROW, errorCode: null });
  expect(more).toEqual([]);
  expect(line).toEqual([
    'debug',
    'request',
    {
      request_id: 'req_1',
      status: 'success',
      http_status: 200,
      dialect: 'anthropic-messages',
      provider: 'lab',
      model: 'm',
      attempts: expect.any(Number),
      latency_ms: 1_235,
    },
  ]);
});

test('one that failed has the code', () => {
  const [line] = logged({ ...ROW, status: 'error', errorCode: 'upstream_failed' });
  expect(line).toMatchObject(['debug', 'request', { status: 'error', error: 'upstream_failed' }]);
  expect(JSON.stringify(line)).not.toContain('secret');
});
