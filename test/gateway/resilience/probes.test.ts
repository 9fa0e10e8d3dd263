// Free requests for the list of models: an outage is known before a client's request meets it.
import { afterEach, expect, test } from 'bun:test';
import { ASK, createFallbackLab, expectSettled, failure } from '../../support/fallback-lab.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

afterEach(expectSettled);

const LIST = jsonReply({ data: [], has_more: false });
const EVERY = 10_000;
const guarded = (more: object = {}) => ({
  one: { probe_every: '10s', breaker: { failures: 3, open_for: '30s' }, ...more },
});

type Step = Reply | 'works' | 'refused';
const setup = (steps: Step[], more: object = {}) =>
  createFallbackLab({ script: { one: steps }, providers: guarded(more) });
type Lab = ReturnType<typeof setup>;

/** Lets the looks of so many intervals happen. */
async function look(lab: Lab, times = 1): Promise<void> {
  for (let count = 0; count < times; count++) await lab.timers.advance(EVERY);
}
const state = async (lab: Lab) => (await lab.health()).providers[0];
/** What is asked of it, and nothing that is paid for. */
const asked = (lab: Lab) => lab.upstream.requests.map(({ path }) => path);

/** Looks go on until then; the lab's own check would take their timer for one that was forgotten. */
const closing = (lab: Lab) => lab.gateway.close();

test('the list of models is asked for, again and again, and nothing that costs', async () => {
  const lab = setup([LIST]);
  await look(lab, 3);
  expect(asked(lab).map((path) => path.split('?')[0])).toEqual(Array(3).fill('/one/v1/models'));
  expect(await state(lab)).toMatchObject({ healthy: true, breaker: 'closed', in_flight: 0 });
  await closing(lab);
});

test.each<[string, Step]>([
  ['refuses connections', 'refused'],
  ['answers 503', failure(503)],
  ['answers with a page', replyWith('<html>', { headers: { 'content-type': 'text/html' } })],
])('one that %s opens its breaker before any request', async (_, step) => {
  const lab = setup([step]);
  await look(lab, 3);
  const line = await state(lab);
  expect(line).toMatchObject({ healthy: false, breaker: 'open' });
  expect(line?.last_error).toContain('its list of models is not available');
  const before = lab.asked.length;
  const { response } = await lab.answered(lab.post('/v1/messages', ASK));
  expect([response.status, lab.asked.length]).toEqual([503, before]);
  await closing(lab);
});

test('while it is open nothing probes; then one probe decides: down again, later up again', async () => {
  const lab = setup(['refused', 'refused', 'refused', 'refused', LIST]);
  await look(lab, 3);
  expect(lab.asked).toHaveLength(3);
  await look(lab, 2);
  expect([(await state(lab))?.breaker, lab.asked.length]).toEqual(['open', 3]);
  await look(lab);
  expect([(await state(lab))?.breaker, lab.asked.length]).toEqual(['open', 4]);
  await look(lab, 3);
  expect(await state(lab)).toMatchObject({ healthy: true, breaker: 'closed' });
  expect((await state(lab))?.last_error).toBeUndefined();
  await closing(lab);
});

test('closed on trial: one request that fails opens it again', async () => {
  const lab = setup(['refused', 'refused', 'refused', LIST, failure(500)]);
  await look(lab, 6);
  expect((await state(lab))?.breaker).toBe('closed');
  await lab.answered(lab.post('/v1/messages', ASK));
  expect((await state(lab))?.breaker).toBe('open');
  await closing(lab);
});

test.each([401, 403, 404, 429])('one that answers %d is there', async (status) => {
  const lab = setup([failure(status)]);
  await look(lab, 5);
  expect(await state(lab)).toMatchObject({ healthy: true, breaker: 'closed' });
  expect((await state(lab))?.keys).toMatchObject([{ state: 'ready' }]);
  await closing(lab);
});

test('without probe_every nothing probes', async () => {
  const lab = setup([LIST], { probe_every: null });
  await look(lab, 10);
  expect(lab.asked).toEqual([]);
});

test('a provider without a list of models is not probed, and the log says so', async () => {
  const logged: unknown[] = [];
  const { gateway } = createTestGateway({
    config: {
      providers: {
        azure: {
          options: { resource: 'lab', api_version: '2025-04-01' },
          api_key: 'k',
          probe_every: '10s',
        },
      },
    },
    fetch: () => Promise.reject(new Error('nothing is asked')),
    host: { log: (level, message, fields) => logged.push([level, message, fields]) },
  });
  expect(logged).toEqual([
    ['warn', 'a provider without a list of models is not probed', { provider: 'azure' }],
  ]);
  await gateway.close();
});

test('a reload begins and ends them', async () => {
  const lab = setup([LIST], { probe_every: null });
  const provider = {
    dialect: 'anthropic-messages',
    base_url: 'http://upstream.test/one',
    api_key: 'k',
  } as const;
  lab.reload({ providers: { one: { ...provider, probe_every: '10s' } } });
  await look(lab, 2);
  expect(lab.asked).toHaveLength(2);
  lab.reload({ providers: { one: provider } });
  await look(lab, 2);
  expect(lab.asked).toHaveLength(2);
});

test('a closed gateway looks no more', async () => {
  const lab = setup([LIST]);
  await look(lab);
  await closing(lab);
  await look(lab, 5);
  expect(lab.asked).toHaveLength(1);
});
