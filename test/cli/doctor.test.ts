// `sluice doctor`: a sound gateway passes, and each thing that can be wrong in use is found.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { judgeDelivery } from '../../src/cli/doctor-checks.ts';
import { runCommand } from '../support/cli-run.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

let sluice: SluiceProcess;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice[Symbol.asyncDispose]());

interface Finding {
  check: string;
  ok: boolean;
  detail: string;
}

const MODEL = 'simulator/tokens=10,rate=100,ttft=0';

async function examine(url: string, args: string[] = []) {
  const run = await runCommand(['doctor', '--url', url, '--model', MODEL, '--json', ...args], {
    environment: { SLUICE_HOME: sluice.home },
  });
  const { findings } = JSON.parse(run.out) as { findings: Finding[] };
  return { code: run.code, findings, wrong: findings.filter(({ ok }) => !ok).map(({ check }) => check) };
}

/** Something between the person and the gateway, which changes answers. */
function proxy(change: (response: Response, path: string) => Response | Promise<Response>) {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const headers = new Headers(request.headers);
      headers.delete('host');
      const init: RequestInit = { method: request.method, headers, signal: request.signal };
      if (request.body !== null) init.body = await request.text();
      return change(await fetch(sluice.url + pathname + search, init), pathname);
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(true) };
}

const isStream = (response: Response) =>
  response.headers.get('content-type')?.startsWith('text/event-stream');

test('a provider that is down is named, with what happened', async () => {
  const gone = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const base_url = `http://127.0.0.1:${gone.port}`;
  gone.stop(true);
  await using lame = await startSluice({
    config: {
      providers: {
        lame: { dialect: 'openai-chat', base_url, max_retries: 0, breaker: { failures: 1 } },
      },
      routing: { default_provider: 'lame' },
    },
  });
  await fetch(`${lame.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'lame/m', messages: [{ role: 'user', content: 'hi' }] }),
  });
  await lame.wrote(
    /WARN {2}a provider fails, and is not asked for a while provider=lame error="?upstream_unreachable: .*ECONNREFUSED/,
  );
  const { findings, wrong } = await examine(lame.url);
  // The other checks ask the simulator.
  expect(wrong).toEqual(['health', 'providers']);
  expect(findings.length).toBeGreaterThan(5);
  const [health] = findings;
  expect(health?.ok).toBe(false);
  expect(health?.detail).toContain('degraded: the default provider lame fails (');
  expect(health?.detail).toContain('no connection could be made (ECONNREFUSED); check that it runs');
});

test('a provider that fails is found beside a default that works, as is the one that has no key', async () => {
  const refusing = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => Response.json({ error: { message: 'no such key' } }, { status: 401 }),
  });
  const lab = {
    dialect: 'openai-chat' as const,
    base_url: `http://127.0.0.1:${refusing.port}`,
    api_key: 'qzWrongKey',
  };
  const providers = { simulator: {}, lab, openai: { api_key: 'env:NOT_SET_ANYWHERE' } };
  try {
    await using mixed = await startSluice({ config: { providers } });
    const before = await examine(mixed.url);
    expect(before.wrong).toEqual([]);
    expect(before.findings[1]).toEqual({
      check: 'providers',
      ok: true,
      detail:
        'simulator, lab: none of them fails; not in use: openai (environment variable NOT_SET_ANYWHERE is not set)',
    });
    await fetch(`${mixed.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'lab/m', messages: [{ role: 'user', content: 'hi' }] }),
    });
    const { code, wrong, findings } = await examine(mixed.url);
    expect({ code, wrong }).toEqual({ code: 1, wrong: ['providers'] });
    expect(findings[1]?.detail).toBe(
      'lab fails (upstream_unauthorized: lab: the provider answered 401: no such key (the key of providers.lab was refused))',
    );
  } finally {
    await refusing.stop(true);
  }
});

test('a sound gateway passes every check', async () => {
  const { code, findings } = await examine(sluice.url);
  expect(findings.filter(({ ok }) => !ok)).toEqual([]);
  expect(findings.map(({ check }) => check)).toEqual([
    'health',
    'providers',
    'plain request',
    'stream headers',
    'incremental delivery',
    'event order',
    'error shapes',
    'keys',
    'audit rows',
    'a client that leaves',
    'metrics',
  ]);
  expect(code).toBe(0);
  // Those that are meant to fail, too: whoever looks for failures sees whose they are.
  const { entries } = await sluice.get<{ entries: { agent_type: string | null }[] }>(
    '/gateway/audit?limit=1000',
  );
  expect([...new Set(entries.map(({ agent_type }) => agent_type))]).toEqual(['sluice-doctor']);
});

test('a key of another gateway’s configuration is no failure of one that requires none', async () => {
  const { wrong, findings } = await examine(sluice.url, ['--key', 'qzKeyOfAnother']);
  expect(wrong).toEqual([]);
  expect(findings.find(({ check }) => check === 'keys')?.detail).toStartWith('none is required');
});

test('for people it is a line a check', async () => {
  const { out, code } = await runCommand(['doctor', '--url', sluice.url, '--model', MODEL], {
    environment: { SLUICE_HOME: sluice.home },
  });
  expect(code).toBe(0);
  expect(out).toMatch(/✔ health +healthy/);
  expect(out).toContain('all checks passed');
});

test('a proxy that buffers streams is found', async () => {
  await using between = proxy(async (response) => {
    if (!isStream(response)) return response;
    return new Response(await response.bytes(), { headers: response.headers });
  });
  const { code, wrong } = await examine(between.url);
  expect(wrong).toContain('incremental delivery');
  expect(code).toBe(1);
});

test('a stream of which several pieces lie there at once, as on a busy machine, is none that is buffered', async () => {
  let streams = 0;
  await using between = proxy(async (response, path) => {
    // The first is that of “stream headers”.
    if (!isStream(response) || path !== '/v1/messages' || ++streams !== 2) return response;
    return new Response(await response.bytes(), { headers: response.headers });
  });
  const { code, wrong } = await examine(between.url);
  expect(streams).toBeGreaterThan(2);
  expect(wrong).toEqual([]);
  expect(code).toBe(0);
});

test('an answer that is whole at once says nothing of what is in between', () => {
  expect(
    judgeDelivery([
      [40, 49],
      [2, 3],
      [70, 80],
    ]),
  ).toContain('not seen: the whole answer came within 3 ms');
  expect(judgeDelivery([[90], [1, 2, 3]])).toBe('3 pieces, the first after 1 ms, the last after 3 ms');
  expect(() => judgeDelivery([[90], [80, 85], [70]])).toThrow(
    'the answer came in 1 piece after 70 ms, in each of 3 tries',
  );
});

describe('of several processes', () => {
  async function examineWith(workers: () => object) {
    await using between = proxy(async (response, path) => {
      if (path !== '/gateway/health') return response;
      const health = Object(await response.json());
      const { wanted, running, silent } = { wanted: 2, running: 2, silent: 0, ...workers() };
      const isShort = running - silent < wanted;
      const told = isShort ? { status: 'degraded', reasons: ['one is silent'] } : { status: 'healthy' };
      return Response.json({ ...health, ...told, workers: { wanted, running, silent } });
    });
    return await examine(between.url);
  }

  test.each([{ silent: 1 }, { running: 1 }])(
    '%j for a moment, as on a busy machine, is sound',
    async (busy) => {
      let looks = 0;
      const { wrong } = await examineWith(() => (++looks < 3 ? busy : {}));
      expect(wrong).toEqual([]);
      expect(looks).toBeGreaterThan(2);
    },
  );

  test('one that goes on answering nothing is reported', async () => {
    const { findings, wrong } = await examineWith(() => ({ silent: 1 }));
    expect(wrong).toEqual(['health']);
    expect(findings[0]?.detail).toStartWith('degraded: one is silent; see');
  });
});

test('nginx keeps a header to itself that is meant for it', async () => {
  await using between = proxy((response) => {
    const headers = new Headers(response.headers);
    headers.delete('x-accel-buffering');
    return new Response(response.body, { status: response.status, headers });
  });
  const { wrong, findings } = await examine(between.url);
  expect(wrong).toEqual([]);
  expect(findings.find(({ check }) => check === 'stream headers')?.detail).toBe(
    'content-type, cache-control as expected',
  );
});

test('changed headers and lost events are found', async () => {
  await using between = proxy(async (response) => {
    if (!isStream(response)) return response;
    const headers = new Headers(response.headers);
    headers.set('cache-control', 'max-age=60');
    const text = (await response.text()).replace(/event: message_stop\n.*\n\n/, '');
    return new Response(text, { headers });
  });
  const { wrong } = await examine(between.url);
  expect(wrong).toContain('stream headers');
  expect(wrong).toContain('event order');
});

test('rows that are not there are found', async () => {
  await using between = proxy((response, path) =>
    path === '/gateway/audit'
      ? Response.json({ entries: [{ request_id: 'another', status: 'success' }], total: 1 })
      : response,
  );
  const { wrong } = await examine(between.url);
  expect(wrong).toContain('audit rows');
});

test('a ledger that is away is reported with its reason, and the rest is examined', async () => {
  await using away = await startSluice({
    config: { audit: { store: 'postgres://sluice:qzPassword@127.0.0.1:1/ledger' } },
  });
  const health = async () => (await away.get<{ ledger: { ok: boolean } }>('/gateway/health')).ledger.ok;
  const ask = () =>
    fetch(`${away.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'simulator/fast', messages: [{ role: 'user', content: 'hi' }] }),
    }).then((response) => response.text());
  while (await health()) await ask();
  const { findings, wrong } = await examine(away.url);
  expect(findings[0]?.detail).toMatch(
    /^degraded: the ledger cannot be written \(PostgreSQL at 127\.0\.0\.1:1\/ledger: /,
  );
  expect(JSON.stringify(findings)).not.toContain('qzPassword');
  expect(wrong).toEqual(['health', 'audit rows', 'a client that leaves', 'metrics']);
});

test('an audit that is off, and a server that is no gateway, are reported', async () => {
  await using silent = await startSluice({ config: { audit: { enabled: false } } });
  const { wrong, findings } = await examine(silent.url);
  expect(wrong).toEqual(['audit rows', 'a client that leaves', 'metrics']);
  expect(findings.find(({ check }) => check === 'audit rows')?.detail).toContain('audit.enabled is off');
  await using other = proxy(() => Response.json({ hello: 'world' }));
  const stranger = await examine(other.url);
  expect(stranger.wrong).toEqual(['health']);
});

test('a gateway with keys: the configuration’s key opens it, a wrong one is refused', async () => {
  await using locked = await startSluice({ config: { server: { keys: ['key-of-the-house'] } } });
  const sound = await examine(locked.url, ['--key', 'key-of-the-house']);
  expect(sound.wrong).toEqual([]);
  expect((await examine(locked.url, ['--key', 'wrong'])).wrong).toEqual(['health']);
});

test('a command that it advises can be typed where it was started', async () => {
  const { out } = await runCommand(['doctor', '--url', 'http://127.0.0.1:1'], {
    environment: { SLUICE_HOME: sluice.home, npm_package_name: 'sluice', npm_lifecycle_event: 'sluice' },
  });
  expect(out).toContain('start one with "npm run -s sluice -- daemon start"');
});

test('a limit that is too small for its requests is named, and no other model advised', async () => {
  await using small = await startSluice({ config: { rate_limits: [{ requests: 1, per: 'day' }] } });
  const { wrong, findings } = await examine(small.url);
  expect(wrong).toEqual(['stream headers', 'incremental delivery', 'event order', 'a client that leaves']);
  const details = findings.filter(({ ok }) => !ok).map(({ detail }) => detail);
  for (const detail of details) expect(detail).toContain('(rate_limits)');
  expect(details.filter((detail) => detail.includes('rate_limits is too small'))).toHaveLength(3);
  expect(details.join()).not.toContain('another --model');
});
