// The HTTP host: limits, an orderly end, and clear words where it cannot listen.
import { describe, expect, spyOn, test } from 'bun:test';
import type { ByteSink, MakeBody } from '../../src/gateway/response/byte-source.ts';
import { connectRaw } from '../support/raw-client.ts';
import { ClientConnection } from '../../src/server/client-connection.ts';
import { createHttpHost, type HostOptions, type HttpHost } from '../../src/server/host.ts';
import { ListenError } from '../../src/server/listen.ts';
import { eventually } from '../support/time-limit.ts';

function createHost(options: Partial<HostOptions> = {}): HttpHost {
  return createHttpHost({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async () => new Response('here'),
    onError: () => {},
    ...options,
  });
}

/** A response whose body goes on until `finish` is called. */
function createOpenStream() {
  let finish = () => {};
  let cancelled = false;
  const fetch = async () =>
    new Response(
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('begun '));
          finish = () => {
            controller.enqueue(new TextEncoder().encode('finished'));
            controller.close();
          };
        },
        cancel() {
          cancelled = true;
        },
      }),
    );
  return { fetch, finish: () => finish(), wasCancelled: () => cancelled };
}

test('answers at the address it reports', async () => {
  const host = createHost();
  expect(host.url).toBe(`http://127.0.0.1:${host.port}`);
  expect(await (await fetch(host.url)).text()).toBe('here');
  expect(await host.drain(0)).toBe(0);
});

test('where no further connection can be accepted, each answer ends its own', async () => {
  let isFull = false;
  const host = createHost({ isFull: () => isFull });
  const says = async () => (await fetch(host.url)).headers.get('connection');
  expect(await says()).not.toBe('close');
  isFull = true;
  expect(await says()).toBe('close');
  isFull = false;
  expect(await says()).not.toBe('close');
  await host.drain(0);
});

test('a time for leaving that ends sooner leaves no timer behind', async () => {
  const host = createHost();
  const started = spyOn(globalThis, 'setTimeout');
  const stopped = spyOn(globalThis, 'clearTimeout');
  try {
    await host.leave(3_600_000, Promise.resolve());
    const at = started.mock.calls.findIndex(([, ms]) => ms === 3_600_000);
    const timer = started.mock.results[at]?.value;
    expect(timer).toBeDefined();
    expect(stopped.mock.calls.some(([given]) => given === timer)).toBe(true);
  } finally {
    started.mockRestore();
    stopped.mockRestore();
  }
  await host.drain(0);
});

test('a server that has ended looks after nothing any more', async () => {
  const started = spyOn(globalThis, 'setInterval');
  const stopped = spyOn(globalThis, 'clearInterval');
  try {
    await createHost().drain(0);
    const timers = started.mock.results.map(({ value }) => value);
    expect(timers.length).toBeGreaterThan(0);
    const isStopped = (timer: unknown) => stopped.mock.calls.some(([given]) => given === timer);
    expect(timers.every(isStopped)).toBe(true);
  } finally {
    started.mockRestore();
    stopped.mockRestore();
  }
});

describe('a connection that the client will close', () => {
  const stream = { headers: { connection: 'keep-alive', 'content-type': 'text/event-stream' } };
  const answers: [name: string, fetch: HostOptions['fetch']][] = [
    ['whole', async () => new Response('here')],
    ['streamed', async () => new Response(new Blob(['here']).stream(), stream)],
    [
      'written straight to the connection',
      async (_, makeBody) =>
        new Response(
          makeBody?.({
            start(sink) {
              sink.write(new TextEncoder().encode('here'));
              sink.end();
            },
            resume() {},
            cancel() {},
          }),
          stream,
        ),
    ],
  ];
  for (const [name, fetch] of answers)
    for (const [version, asks, says] of [
      ['1.1', 'close', 'close'],
      ['1.1', 'Close, TE', 'close'],
      ['1.0', 'close', 'close'],
      ['1.1', 'keep-alive', name === 'whole' ? null : 'keep-alive'],
    ] as const)
      test(`${name}, HTTP/${version}, connection: ${asks}`, async () => {
        const host = createHost({ fetch });
        const client = await connectRaw(host.port);
        client.write(`GET / HTTP/${version}\r\nhost: 127.0.0.1\r\nconnection: ${asks}\r\n\r\n`);
        await client.until((text) => text.includes('here'));
        expect(/^connection: (.*)$/im.exec(client.text())?.[1] ?? null).toBe(says);
        if (says === 'close') await client.closed;
        else client.leave();
        await host.drain(0);
      });
});

test('leaves it to the gateway to refuse a body that is too long', async () => {
  const host = createHost({
    fetch: async (request) => new Response(`${(await request.text()).length}`),
  });
  const response = await fetch(host.url, { method: 'POST', body: 'x'.repeat(100_000) });
  expect(await response.text()).toBe('100000');
  await host.drain(0);
});

test('refuses it itself where configured to', async () => {
  const host = createHost({ maxBody: 10 });
  expect((await fetch(host.url, { method: 'POST', body: 'x'.repeat(11) })).status).toBe(413);
  await host.drain(0);
});

test('a rejection is logged and is a plain 500', async () => {
  const errors: unknown[] = [];
  const host = createHost({
    fetch: () => Promise.reject(new Error('sk-secret broke')),
    onError: (error) => errors.push(error),
  });
  const response = await fetch(host.url);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('sk-secret');
  expect(errors).toHaveLength(1);
  await host.drain(0);
});

/** A host whose server is none: what it is made with, and what it is told of a connection. */
function createUnheardHost(options: Partial<HostOptions>, address = '192.0.2.7') {
  const limits: number[] = [];
  const serve = spyOn(Bun, 'serve');
  serve.mockImplementation((() => ({ port: 1 })) as never);
  try {
    const { url } = createHost(options);
    const [made] = serve.mock.calls[0] ?? [];
    const { fetch, hostname } = made as {
      fetch(request: Request, server: object): Promise<Response>;
      hostname: string;
    };
    const server = {
      requestIP: () => ({ address }),
      timeout: (_: Request, seconds: number) => limits.push(seconds),
    };
    const ask = (headers = {}): Promise<Response> =>
      fetch(new Request('http://127.0.0.1/', { method: 'POST', body: '{}', headers }), server);
    return { ask, limits, url, hostname };
  } finally {
    serve.mockRestore();
  }
}

describe('how long a connection may be silent', () => {
  test('as long as it likes until its answer is given, then 255 seconds', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const { ask, limits } = createUnheardHost({ fetch: () => promise });
    const asked = ask();
    await Bun.sleep(1);
    expect(limits).toEqual([0]);
    resolve(new Response('here'));
    await asked;
    expect(limits).toEqual([0, 255]);
  });

  test.each([
    ['as it is', {}],
    ['in fewer bytes', { 'accept-encoding': 'gzip' }],
  ])('until the end of a streamed one is given, %s', async (_, headers) => {
    let sink: ByteSink | undefined;
    const source = {
      start(given: ByteSink) {
        sink = given;
        given.write(new TextEncoder().encode('begun '));
      },
      resume() {},
      cancel() {},
    };
    const { ask, limits } = createUnheardHost({
      compression: () => 'always',
      fetch: async (_, makeBody) =>
        new Response((makeBody as MakeBody)(source), { headers: { 'content-type': 'text/event-stream' } }),
    });
    const response = await ask(headers);
    const reading = response.bytes();
    await Bun.sleep(1);
    expect([response.headers.get('content-encoding') ?? 'none', limits]).toEqual([
      'accept-encoding' in headers ? 'gzip' : 'none',
      [0],
    ]);
    sink?.end();
    await reading;
    expect(limits).toEqual([0, 255]);
  });
});

test.each([
  ['127.0.0.1', '192.0.2.7', null],
  ['localhost', '192.0.2.7', null],
  ['[::1]', '192.0.2.7', null],
  ['0.0.0.0', '127.8.8.8', null],
  ['::', '::ffff:127.0.0.1', null],
  ['::', '::1', null],
  ['0.0.0.0', '192.0.2.7', 'gzip'],
  ['gateway.test', '::ffff:192.0.2.7', 'gzip'],
])('at %s, a client of %s gets its answer in %p', async (hostname, address, encoding) => {
  const long = () => Response.json('long '.repeat(1_000));
  const { ask } = createUnheardHost(
    { hostname, compression: () => 'auto', fetch: async () => long() },
    address,
  );
  expect((await ask({ 'accept-encoding': 'gzip' })).headers.get('content-encoding')).toBe(encoding);
});

test.each([
  ['::1', '::1', 'http://[::1]:1'],
  ['[::1]', '::1', 'http://[::1]:1'],
  ['127.0.0.1', '127.0.0.1', 'http://127.0.0.1:1'],
])('%s is listened on as %s and told as %s', (hostname, expected, url) => {
  expect(createUnheardHost({ hostname })).toMatchObject({ hostname: expected, url });
});

describe('draining', () => {
  test('waits for a running stream and takes no new connection', async () => {
    const stream = createOpenStream();
    const host = createHost({ fetch: stream.fetch });
    const response = await fetch(host.url);
    const drained = host.drain(60_000);
    await expect(fetch(host.url, { keepalive: false })).rejects.toThrow();
    stream.finish();
    expect(await response.text()).toBe('begun finished');
    expect(await drained).toBe(0);
  });

  test('says of an answer that began before that it is the last on its connection', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const begun = Promise.withResolvers<void>();
    const host = createHost({
      fetch() {
        begun.resolve();
        return promise;
      },
    });
    const client = await connectRaw(host.port);
    client.write('GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await begun.promise;
    const drained = host.drain(60_000);
    resolve(new Response('here'));
    await client.closed;
    expect(client.text()).toMatch(/^connection: close\r$/im);
    expect(await drained).toBe(0);
  });

  test('turns away what comes on a connection that was open, and closes that', async () => {
    const said = { status: 503, headers: { connection: 'keep-alive' } };
    const turnAway = async ({ url }: Request) => new Response(`not ${new URL(url).pathname}`, said);
    for (const options of [{ turnAway }, {}]) {
      const stream = createOpenStream();
      const answer = ({ url }: Request) =>
        url.endsWith('/open') ? stream.fetch() : Promise.resolve(new Response('here'));
      const host = createHost({ ...options, fetch: answer });
      const response = await fetch(`${host.url}/open`);
      const half = await connectRaw(host.port);
      half.write('GET /here HTTP/1.1\r\n');
      // A connection that has said nothing is closed at once; this answer shows that the other's beginning was read.
      await (await fetch(host.url)).text();
      const drained = host.drain(60_000);
      half.write('host: 127.0.0.1\r\n\r\n');
      await half.closed;
      expect(half.text()).toStartWith('HTTP/1.1 503 ');
      expect(half.text()).toMatch(/^connection: close\r$/im);
      expect(half.text().includes('not /here')).toBe('turnAway' in options);
      stream.finish();
      await response.text();
      expect(await drained).toBe(0);
    }
  });

  test('before that, load balancers are sent elsewhere, and whatever still comes is served and is the last on its connection', async () => {
    const host = createHost();
    const idle = await connectRaw(host.port);
    idle.write('GET /v1 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await idle.until((text) => text.endsWith('here'));
    const sooner = Promise.withResolvers<void>();
    const left = host.leave(60_000, sooner.promise);
    expect((await fetch(host.url)).status).toBe(503);
    expect(await (await fetch(`${host.url}/v1`, { keepalive: false })).text()).toBe('here');
    for (const [target, status] of [
      ['OPTIONS /', 503],
      ['GET /v1', 200],
    ] as const) {
      const withoutHost = await connectRaw(host.port);
      withoutHost.write(`${target} HTTP/1.0\r\n\r\n`);
      await withoutHost.closed;
      expect(withoutHost.text()).toStartWith(`HTTP/1.1 ${status} `);
    }
    idle.write('GET /v1 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await idle.closed;
    expect(idle.text().match(/HTTP\/1\.1 200 /g)).toHaveLength(2);
    expect(idle.text().match(/^connection: close\r$/gim)).toHaveLength(1);
    sooner.resolve();
    await left;
    expect(await host.drain(0)).toBe(0);
  });

  test('cuts what runs beyond the limit, and says how much that was', async () => {
    const stream = createOpenStream();
    const host = createHost({ fetch: stream.fetch });
    const response = await fetch(host.url);
    const text = response.text().catch(() => 'cut');
    expect(await host.drain(1)).toBe(1);
    expect(await text).toBe('cut');
    expect(stream.wasCancelled()).toBe(true);
  });

  test('lets what it cuts say a last word', async () => {
    const stream = createOpenStream();
    const host = createHost({ fetch: stream.fetch, onLate: stream.finish });
    const response = await fetch(host.url);
    expect(await host.drain(1)).toBe(1);
    expect(await response.text()).toBe('begun finished');
  });

  test('does not wait for the watcher of a live view that reads nothing, but for an answer', async () => {
    let sent = 0;
    const endless = () =>
      new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            sent += 1;
            controller.enqueue(new Uint8Array(65_536));
          },
        },
        { highWaterMark: 0 },
      );
    const stalled = async (headers: Record<string, string>) => {
      const host = createHost({ fetch: async () => new Response(endless(), { headers }) });
      const client = await connectRaw(host.port);
      client.pause();
      client.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      const before = sent;
      await eventually(() => sent > before);
      return host;
    };
    const view = await stalled({ 'content-type': 'text/event-stream' });
    expect(await view.drain(60_000)).toBe(0);
    const answer = await stalled({});
    expect(await answer.drain(1)).toBe(1);
  });

  test('keeps nothing of a HEAD of the live view', async () => {
    const headers = { 'content-type': 'text/event-stream' };
    const host = createHost({ fetch: async () => new Response(null, { headers }) });
    await fetch(host.url, { method: 'HEAD' });
    const closeAfter = spyOn(ClientConnection.prototype, 'closeAfter');
    await host.drain(0);
    expect(closeAfter).not.toHaveBeenCalled();
    closeAfter.mockRestore();
  });

  test('waits no longer than it is asked to', async () => {
    const host = createHost({ fetch: createOpenStream().fetch });
    const response = await fetch(host.url);
    expect(await host.drain(60_000, Promise.resolve())).toBe(1);
    await response.text().catch(() => {});
  });
});

describe('where it cannot listen', () => {
  function messageOf(options: Partial<HostOptions>): string {
    try {
      createHost(options);
    } catch (error) {
      if (error instanceof ListenError) return error.message;
    }
    return 'no ListenError';
  }

  test('a port in use', async () => {
    const { port, drain } = createHost();
    expect(messageOf({ port })).toStartWith(`cannot listen on 127.0.0.1:${port}: the port is in use; stop`);
    expect(messageOf({ port })).toEndWith('another with --port or server.port');
    expect(messageOf({ port, portSetting: '--port' })).toEndWith('another with --port');
    await drain(0);
  });

  test.each([
    ['a port that is for the system', '127.0.0.1', 'EACCES', 'not permitted; ports below'],
    ['too many open files', 'localhost', 'EMFILE', 'this process has reached its limit of open files'],
    ['too many on this machine', 'localhost', 'ENFILE', 'this machine has reached its limit of open files'],
    // What the resolver leaves depends on the modules that nsswitch.conf names.
    ['a name that is not known', 'nosuch.invalid', 'EAGAIN', 'this machine has no such address; check'],
  ])('%s', (_, hostname, code, said) => {
    const serve = spyOn(Bun, 'serve').mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
    try {
      expect(messageOf({ hostname, port: 80 })).toStartWith(`cannot listen on ${hostname}:80: ${said}`);
    } finally {
      serve.mockRestore();
    }
  });

  test('a name that is not known, after a port was in use', async () => {
    const { port, drain } = createHost();
    for (const asked of [0, port]) {
      expect(messageOf({ port })).toContain('the port is in use');
      expect(messageOf({ hostname: 'nosuch.invalid', port: asked })).toBe(
        `cannot listen on nosuch.invalid:${asked}: this machine has no such address; check server.host`,
      );
    }
    expect(messageOf({ hostname: 'localhost', port })).toContain('the port is in use');
    await drain(0);
  });

  // TEST-NET-1 (RFC 5737) is nobody's.
  test.each(['192.0.2.1', '999.1.1.1', 'nosuch.invalid'])('%s, which is not of this machine', (hostname) => {
    expect(messageOf({ hostname })).toBe(
      `cannot listen on ${hostname}:0: this machine has no such address; check server.host`,
    );
  });
});
