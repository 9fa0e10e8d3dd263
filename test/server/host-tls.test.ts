// The HTTP host over TLS: versions, and another certificate while connections are open.
import { describe, expect, test } from 'bun:test';
import { connect as connectTls } from 'node:tls';
import { createHttpHost, type HostOptions } from '../../src/server/host.ts';
import { ListenError } from '../../src/server/listen.ts';
import { createAuthority, selfSigned } from '../support/certificates.ts';
import { connectRaw } from '../support/raw-client.ts';

const AUTHORITY = createAuthority('Lab');
const issue = () => {
  const { certificate: cert, key } = AUTHORITY.issue({ names: ['127.0.0.1'] });
  return { cert, key };
};
const FIRST = issue();
const SECOND = issue();

function createHost(options: Partial<HostOptions> = {}) {
  return createHttpHost({
    hostname: '127.0.0.1',
    port: 0,
    tls: FIRST,
    fetch: async ({ url }) => new Response(url),
    onError: () => {},
    ...options,
  });
}

/** The PEM text of the certificate that a new connection is shown. */
async function shownAt(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connectTls({ host: '127.0.0.1', port, ca: AUTHORITY.certificate }, () => {
    const base64 = socket.getPeerCertificate().raw.toString('base64');
    resolve(`-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`);
    socket.destroy();
  });
  socket.on('error', reject);
  return promise;
}

const GET = 'GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n';

/** Answers with a stream that goes on until `finish` is called. */
function createOpenStream() {
  const started: ReadableStreamDefaultController<Uint8Array>[] = [];
  return {
    fetch: async () =>
      new Response(
        new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('begun '));
            started.push(controller);
          },
        }),
      ),
    finish() {
      for (const controller of started) {
        controller.enqueue(new TextEncoder().encode('finished'));
        controller.close();
      }
    },
  };
}

test('serves its address over TLS', async () => {
  const host = createHost();
  expect(host.url).toBe(`https://127.0.0.1:${host.port}`);
  const response = await fetch(host.url, { tls: { ca: AUTHORITY.certificate } });
  expect(await response.text()).toBe(`${host.url}/`);
  await host.drain(0);
});

test('speaks TLS 1.2 and 1.3, and nothing older', async () => {
  const host = createHost();
  // Node, whose OpenSSL can still be told to offer the old versions.
  const program = `const { connect } = require('node:tls');
    const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
    Promise.all(versions.map((version) => new Promise((resolve) => {
      const options = { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0', rejectUnauthorized: false };
      const socket = connect(${host.port}, '127.0.0.1', options, () => { resolve(socket.getProtocol()); socket.end(); });
      socket.on('error', ({ code }) => resolve(code));
    }))).then((said) => console.log(JSON.stringify(said)));`;
  const node = Bun.spawn([Bun.which('node') ?? 'node', '-e', program], { stdout: 'pipe' });
  const refused = 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION';
  expect(JSON.parse(await new Response(node.stdout).text())).toEqual([
    refused,
    refused,
    'TLSv1.2',
    'TLSv1.3',
  ]);
  await host.drain(0);
});

describe('another certificate', () => {
  test('is shown to new connections at the same port, while running answers go on', async () => {
    const stream = createOpenStream();
    const host = createHost({ fetch: stream.fetch });
    const client = await connectRaw(host.port, AUTHORITY.certificate);
    client.write(GET);
    await client.until((text) => text.includes('begun'));
    expect(await shownAt(host.port)).toBe(FIRST.cert);

    host.certify(SECOND);
    for (let connection = 0; connection < 8; connection++) expect(await shownAt(host.port)).toBe(SECOND.cert);
    stream.finish();
    await client.until((text) => text.includes('finished'));
    await host.drain(0);
  });

  test('changes nothing where it is the same', async () => {
    const host = createHost();
    const client = await connectRaw(host.port, AUTHORITY.certificate);
    client.write(GET);
    await client.until((text) => text.includes('https://'));
    host.certify({ ...FIRST });
    client.write(GET);
    await client.until((text) => text.split('https://').length === 3);
    expect(client.text()).not.toContain('connection: close');
    await host.drain(0);
  });

  test('a connection from before may still ask, and is told that it will be closed', async () => {
    const host = createHost();
    const client = await connectRaw(host.port, AUTHORITY.certificate);
    // Open, but not yet asked anything: Bun closes idle ones at once.
    client.write(GET.slice(0, 20));
    await fetch(host.url, { tls: { ca: AUTHORITY.certificate } });
    host.certify(SECOND);
    client.write(GET.slice(20));
    await client.closed;
    expect(client.text()).toContain('200 OK');
    expect(client.text()).toMatch(/connection: close/i);
    await host.drain(0);
  });

  test('the end waits for answers from before it too, and cuts and counts those that last too long', async () => {
    const stream = createOpenStream();
    const host = createHost({ fetch: stream.fetch });
    const begin = async () => {
      const client = await connectRaw(host.port, AUTHORITY.certificate);
      client.write(GET);
      await client.until((text) => text.includes('begun'));
    };
    await begin();
    host.certify(SECOND);
    await begin();
    host.certify(FIRST);
    await begin();
    expect(await host.drain(20)).toBe(3);
  });

  test('the end comes at once where they end meanwhile, and not before', async () => {
    const stream = createOpenStream();
    const host = createHost({ fetch: stream.fetch });
    const client = await connectRaw(host.port, AUTHORITY.certificate);
    client.write(GET);
    await client.until((text) => text.includes('begun'));
    host.certify(SECOND);
    let isOver = false;
    const drained = host.drain(60_000).finally(() => {
      isOver = true;
    });
    for (let turn = 0; turn < 50; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    stream.finish();
    expect(await drained).toBe(0);
    await client.until((text) => text.includes('finished'));
  });

  test('one that cannot be used is refused, and the previous one stays', async () => {
    const host = createHost();
    const mixed = { cert: SECOND.cert, key: FIRST.key };
    expect(() => host.certify(mixed)).toThrow(ListenError);
    expect(() => host.certify(mixed)).toThrow('check server.tls');
    expect(() => host.certify({ cert: FIRST.cert, key: SECOND.key })).toThrow('check server.tls');
    expect(await shownAt(host.port)).toBe(FIRST.cert);
    await host.drain(0);
  });

  test('is ignored by a server without TLS', async () => {
    const host = createHttpHost({
      hostname: '127.0.0.1',
      port: 0,
      fetch: async () => new Response('plain'),
      onError: () => {},
    });
    host.certify(FIRST);
    expect(await (await fetch(host.url)).text()).toBe('plain');
    await host.drain(0);
  });
});

test('one that signs itself is accepted by clients that are given it', async () => {
  const { certificate: cert, key } = selfSigned(['127.0.0.1']);
  const host = createHost({ tls: { cert, key } });
  expect((await fetch(host.url, { tls: { ca: cert } })).status).toBe(200);
  await host.drain(0);
});
