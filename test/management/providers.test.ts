// /gateway/providers: what it says about each provider, and that it contains no secret.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { sampleRow } from '../support/ledger-rows.ts';
import { sampleProvider } from '../support/provider-config.ts';
import { createManagementLab, type ManagementLab, sampleConfig } from './lab.ts';

let lab: ManagementLab;
beforeEach(() => {
  lab = createManagementLab();
});
afterEach(() => lab.ledger.close());

describe('/gateway/providers', () => {
  test('has everything the contract names', async () => {
    lab.states = {
      lab: {
        healthy: false,
        breaker: 'half-open',
        retryInMs: 999.5,
        inFlight: 3,
        queued: 2,
        limit: 3,
        keys: [
          { name: '#1', state: 'ready' },
          { name: '#2', state: 'rate_limited', retryInMs: 1_500.2, models: ['qwen3-8b'] },
        ],
        lastError: 'upstream_timeout: too slow',
      },
    };
    expect<unknown>(await lab.read('/gateway/providers')).toEqual({
      providers: [
        {
          name: 'lab',
          kind: 'custom',
          dialect: 'openai-chat',
          also_speaks: ['openai-responses'],
          healthy: false,
          breaker: 'half-open',
          retry_in_ms: 1_000,
          in_flight: 3,
          queued: 2,
          concurrency_limit: 3,
          keys: [
            { name: '#1', state: 'ready' },
            { name: '#2', state: 'rate_limited', retry_in_ms: 1_501, models: ['qwen3-8b'] },
          ],
          last_error: 'upstream_timeout: too slow',
          models: ['fast', 'big', 'qwen3-8b'],
        },
        {
          name: 'spare',
          kind: 'other',
          dialect: 'any',
          also_speaks: [],
          healthy: true,
          breaker: 'closed',
          in_flight: 0,
          queued: 0,
          concurrency_limit: null,
          keys: [],
          models: [],
        },
      ],
      disabled: [{ name: 'far', reason: 'env:FAR_KEY is not set' }],
    });
  });

  test('shows how many connections stand at its servers, and no address', async () => {
    lab.config = sampleConfig({
      providers: [
        sampleProvider({ name: 'lab', baseUrl: 'http://10.0.0.5/v1' }),
        sampleProvider({ name: 'same', baseUrl: 'http://10.0.0.5:80/other' }),
        sampleProvider({ name: 'two', baseUrl: 'http://a', otherBaseUrls: ['http://b/v1'] }),
        sampleProvider({ name: 'never', baseUrl: 'http://c' }),
      ],
    });
    const pool = (origin: string, active: number, idle: number) => ({
      origin,
      active,
      idle,
      opened: 9,
      reused: 9,
    });
    lab.pools = [pool('http://10.0.0.5', 1, 2), pool('http://a', 3, 0), pool('http://b', 4, 5)];
    const text = await (await lab.ask('/gateway/providers')).text();
    const { providers } = JSON.parse(text) as { providers: { name: string; connections?: object }[] };
    expect(providers.map(({ name, connections }) => [name, connections])).toEqual([
      ['lab', { active: 1, idle: 2 }],
      ['same', { active: 1, idle: 2 }],
      ['two', { active: 7, idle: 5 }],
      ['never', undefined],
    ]);
    expect(text).not.toContain('http:');
  });

  test('no page shows a secret of the configuration', async () => {
    lab.record(sampleRow());
    for (const path of ['health', 'providers', 'metrics', 'audit?include_bodies=true', 'nothing']) {
      expect(await (await lab.ask(`/gateway/${path}`)).text()).not.toContain('secret');
    }
  });
});
