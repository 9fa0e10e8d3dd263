// What spans tell of a row, and what they leave out where it is not known.
import { expect, test } from 'bun:test';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { requestAttributes, tryAttributes } from '../../src/opentelemetry/attributes.ts';
import { sampleRow } from '../support/ledger-rows.ts';

const systemOf = (provider: string) => `system of ${provider}`;

const attributesOf = (more: Partial<LedgerRow>) => requestAttributes({ ...sampleRow(), ...more }, systemOf);

const USAGE = /^gen_ai\.usage\.(?!cost)/;

test('an answer whose tokens nobody counted has its model, and no counts', () => {
  const attributes = attributesOf({ status: 'success', usageKnown: false, model: 'm', costUsd: null });
  expect(attributes['gen_ai.response.model']).toBe('m');
  expect(Object.keys(attributes).filter((name) => USAGE.test(name))).toEqual([]);
  expect(attributes).not.toHaveProperty('gen_ai.usage.cost');
});

test('a failure has no model that answered, unless it was billed', () => {
  const failed = { status: 'error', model: 'm', errorCode: 'upstream_failed' } as const;
  expect(attributesOf({ ...failed, usageKnown: false })).not.toHaveProperty('gen_ai.response.model');
  expect(attributesOf({ ...failed, usageKnown: true })['gen_ai.response.model']).toBe('m');
});

test('what is not known is left out', () => {
  const { timing } = sampleRow();
  const attributes = attributesOf({
    ...{ provider: null, streamed: false, httpStatus: 0, finishReason: null, ttftMs: 9 },
    timing: { ...timing, gaps: null },
  });
  for (const name of [
    ...['gen_ai.provider.name', 'gen_ai.request.stream', 'gen_ai.response.time_to_first_chunk'],
    ...['gen_ai.response.finish_reasons', 'http.response.status_code', 'sluice.stalls', 'sluice.provider'],
  ])
    expect(attributes).not.toHaveProperty([name]);
});

test('a stream has the seconds to its first piece, and how often it stalled', () => {
  const { timing } = sampleRow();
  const attributes = attributesOf({
    streamed: true,
    ttftMs: 1_500,
    timing: { ...timing, gaps: '3:1', stalls: 0 },
  });
  expect(attributes).toMatchObject({
    'gen_ai.request.stream': true,
    'gen_ai.response.time_to_first_chunk': 1.5,
    'sluice.stalls': 0,
  });
});

test('a try has its own cost and time, and where it was asked', () => {
  const attempt = {
    provider: 'a',
    model: 'm',
    status: 500,
    error: 'upstream_failed',
    durationMs: 9,
    providerMs: 8,
    costUsd: 0.5,
  } as const;
  const options = { systemOf, addressOf: () => 'https://a.test:8443/v1' };
  expect(tryAttributes(sampleRow(), attempt, options)).toMatchObject({
    'gen_ai.provider.name': 'system of a',
    'gen_ai.request.model': 'm',
    'error.type': 'upstream_failed',
    'http.response.status_code': 500,
    'server.address': 'a.test',
    'server.port': 8443,
    'sluice.provider_ms': 8,
    'sluice.cost_usd': 0.5,
  });
});
