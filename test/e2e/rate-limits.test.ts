// Rate limits in the real thing: several processes count as one, in shared memory and on a Redis server, to the official SDKs
// and over many broken connections.
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import OpenAI from 'openai';
import type { ConfigInput } from '../../src/index.ts';
import { post, STAYS_OPEN, status, used } from '../support/counted-requests.ts';
import { hasRedis, type RedisServer, startRedis } from '../support/redis.ts';
import { childrenOf, startSluice } from '../support/sluice-process.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

type Limits = NonNullable<ConfigInput['rate_limits']>;

const DAY: Limits = [{ requests: 20, per: 'day', each: 'agent' }];

let server: RedisServer | undefined;
let prefixes = 0;

beforeAll(async () => {
  if (hasRedis) server = await startRedis();
});
afterAll(() => server?.[Symbol.asyncDispose]());

/** Counts of its own for each gateway. */
function onRedis(): Pick<ConfigInput, 'redis'> {
  return { redis: { url: server?.url ?? '', prefix: `e2e-${prefixes}:`, timeout: '20s' } };
}

const WHERE = [
  { where: 'shared memory', runs: true, counted: () => ({}) },
  { where: 'Redis', runs: hasRedis, counted: onRedis },
];

for (const { where, runs, counted } of WHERE)
  describe.skipIf(!runs)(`counted in ${where}`, () => {
    beforeEach(() => {
      prefixes += 1;
    });

    test('of requests that come to all workers at once, exactly as many pass as are allowed', async () => {
      await using sluice = await startSluice({ config: { rate_limits: DAY, ...counted() }, workers: 3 });
      const answers = await Promise.all(Array.from({ length: 100 }, () => status(sluice)));
      expect(answers.filter((one) => one === 200)).toHaveLength(20);
      expect(answers.filter((one) => one === 429)).toHaveLength(80);
      expect(await used(sluice)).toEqual([20]);
      const { summary } = await sluice.get<{ summary: { total_requests: number } }>('/gateway/metrics');
      expect(summary.total_requests).toBe(100);

      // Another limit beside it, and then the same again: what was counted stays.
      sluice.writeConfig({ rate_limits: [{ requests: 1_000, per: 'minute' }, ...DAY], ...counted() });
      await eventually(async () => (await used(sluice)).length === 2);
      expect(await status(sluice)).toBe(429);
      sluice.writeConfig({ rate_limits: [{ requests: 1_000, per: 'minute' }], ...counted() });
      await eventually(async () => (await status(sluice)) === 200);
    });

    test('tokens that one worker has counted are counted by all', async () => {
      await using sluice = await startSluice({
        config: { rate_limits: [{ tokens: 1, per: 'day', agent: 'coder' }], ...counted() },
        workers: 3,
      });
      expect(await status(sluice)).toBe(200);
      const [tokens] = await used(sluice);
      const { summary } = await sluice.get<{
        summary: { total_input_tokens: number; total_output_tokens: number };
      }>('/gateway/metrics');
      expect(tokens).toBe(summary.total_input_tokens + summary.total_output_tokens);
      const answers = await Promise.all(Array.from({ length: 30 }, () => status(sluice)));
      expect(new Set(answers)).toEqual(new Set([429]));
    });

    test('streams: never more at once than allowed, and each that ends or is broken off gives its place back', async () => {
      await using sluice = await startSluice({
        config: { rate_limits: [{ concurrent: 8, each: 'agent' }], ...counted() },
        workers: 2,
      });
      const counts = { passed: 0, refused: 0, broken: 0 };
      let running = 0;
      let most = 0;
      async function client(index: number): Promise<void> {
        for (let turn = 0; turn < 10; turn++) {
          const leaving = new AbortController();
          try {
            const response = await post(sluice, 'tokens=40,rate=2000', leaving.signal);
            if (response.status === 429) {
              counts.refused += 1;
              await response.arrayBuffer();
              continue;
            }
            expect(response.status).toBe(200);
            counts.passed += 1;
            running += 1;
            most = Math.max(most, running);
            const reader = response.body?.getReader();
            if ((index + turn) % 3 === 0) {
              await reader?.read();
              running -= 1;
              counts.broken += 1;
              leaving.abort();
            } else {
              for (let read = await reader?.read(); read?.done === false; read = await reader?.read());
              running -= 1;
            }
          } catch (thrown) {
            if (!leaving.signal.aborted) throw thrown;
          }
        }
      }
      await Promise.all(Array.from({ length: 40 }, (_, index) => client(index)));
      expect(counts.passed + counts.refused).toBe(400);
      expect(counts.refused).toBeGreaterThan(0);
      expect(counts.broken).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(8);
      await eventually(async () => (await used(sluice)).length === 0);
      const held = await Promise.all(Array.from({ length: 8 }, () => post(sluice, STAYS_OPEN)));
      expect(held.map((response) => response.status)).toEqual(Array.from({ length: 8 }, () => 200));
      expect(await status(sluice)).toBe(429);
      for (const response of held) await response.body?.cancel();
    });

    test.skipIf(process.platform !== 'linux')(
      'a worker that dies gives back the places of its streams',
      async () => {
        await using sluice = await startSluice({
          config: { rate_limits: [{ concurrent: 6 }], ...counted() },
          workers: 2,
        });
        const held = await Promise.all(Array.from({ length: 6 }, () => post(sluice, STAYS_OPEN)));
        expect(await status(sluice)).toBe(429);
        for (const pid of childrenOf(sluice.pid)) process.kill(pid, 'SIGKILL');
        await sluice.wrote(/(a worker was replaced[\s\S]*){2}/);
        await eventually(async () => (await status(sluice)) === 200);
        await Promise.allSettled(held.map((response) => response.arrayBuffer()));
      },
    );

    test('the official SDKs wait as long as they are told, and no longer', async () => {
      await using sluice = await startSluice({
        config: { rate_limits: [{ requests: 1, per: 'second' }], ...counted() },
      });
      const openai = new OpenAI({ baseURL: `${sluice.url}/v1`, apiKey: 'none', maxRetries: 5 });
      const anthropic = new Anthropic({ baseURL: sluice.url, apiKey: 'none', maxRetries: 5 });
      const messages = [{ role: 'user' as const, content: 'hi' }];
      for (let n = 0; n < 2; n++) {
        const chat = await openai.chat.completions.create({ model: 'simulator/fast', messages });
        expect(chat.choices[0]?.message.content).toBeTruthy();
        const message = await anthropic.messages.create({
          model: 'simulator/fast',
          max_tokens: 99,
          messages,
        });
        expect(message.content).not.toHaveLength(0);
      }
      // One is refused before each of the later ones (none where this machine is slow): had they come back sooner than they were
      // told, it would be more.
      const { entries } = await sluice.get<{ entries: { http_status: number }[] }>('/gateway/audit');
      expect(entries.filter((entry) => entry.http_status === 200)).toHaveLength(4);
      expect(entries.filter((entry) => entry.http_status === 429).length).toBeLessThanOrEqual(3);
    });

    test('they do not retry where it would be in vain', async () => {
      await using sluice = await startSluice({
        config: { rate_limits: [{ requests: 1, per: 'day' }], ...counted() },
      });
      expect(await status(sluice)).toBe(200);
      const openai = new OpenAI({ baseURL: `${sluice.url}/v1`, apiKey: 'none' });
      const anthropic = new Anthropic({ baseURL: sluice.url, apiKey: 'none' });
      const messages = [{ role: 'user' as const, content: 'hi' }];
      const failed = await openai.chat.completions
        .create({ model: 'simulator/fast', messages })
        .catch((thrown: unknown) => thrown);
      expect(failed).toBeInstanceOf(OpenAI.RateLimitError);
      expect(failed).toMatchObject({ status: 429, code: 'rate_limited', type: 'rate_limit_error' });
      const refused = await anthropic.messages
        .create({ model: 'simulator/fast', max_tokens: 99, messages })
        .catch((thrown: unknown) => thrown);
      expect(refused).toBeInstanceOf(Anthropic.RateLimitError);
      const { entries } = await sluice.get<{ entries: { http_status: number }[] }>('/gateway/audit');
      expect(entries.filter((entry) => entry.http_status === 429)).toHaveLength(2);
    });
  });
