// Providers whose servers ask for a client certificate (`providers.*.tls`): it is shown in every way in which they are reached,
// renewed while the gateway runs, and shown to nobody else.
import { afterAll, afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { createAuthority } from '../support/certificates.ts';
import { wholeMessage } from '../support/message-stream.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { startTunnelProxy, type TunnelProxy } from '../support/tunnel-proxy.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const FOLDER = temporaryFolder('client-certificates');
const [CERT, KEY, CA] = ['client.pem', 'client.key', 'authority.pem'].map((name) => join(FOLDER, name)) as [
  string,
  string,
  string,
];
const SERVERS = createAuthority('Servers');
const CLIENTS = createAuthority('Clients');
writeFileSync(CA, SERVERS.certificate);

function install(name: string): void {
  const { certificate, key } = CLIENTS.issue({ names: [name] });
  writeFileSync(CERT, certificate);
  writeFileSync(KEY, key, { mode: 0o600 });
}

/** Says whom it has seen: the name in the certificate that the client showed. */
const own = SERVERS.issue({ names: ['localhost', 'provider.example'] });
const seen: string[] = [];
const server = createServer(
  {
    cert: own.certificate,
    key: own.key,
    ca: CLIENTS.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  },
  (socket) => {
    const name = String(socket.getPeerCertificate().subject?.CN);
    let received = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      const [head = '', body] = received.split('\r\n\r\n', 2);
      const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      received = '';
      const [method = ''] = head.split(' ', 1);
      seen.push(`${method} ${name}`);
      const answer = JSON.stringify(method === 'GET' ? { data: [] } : wholeMessage(`for ${name}`));
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`,
      );
    });
  },
);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
afterAll(() => {
  server.close();
  rmSync(FOLDER, { recursive: true });
});

const proxied = SERVERS.issue({ names: ['localhost', '127.0.0.1'] });
const WAYS: [way: string, proxy: 'none' | 'http' | 'https', workers: number][] = [
  ['directly', 'none', 1],
  ['by several processes', 'none', 2],
  ['through a tunnel', 'http', 1],
  ['through a proxy that itself is reached over TLS', 'https', 1],
];

describe.each(WAYS)('reached %s', (_, kind, workers) => {
  let proxy: TunnelProxy;
  let sluice: SluiceProcess;
  beforeEach(async () => {
    install('first');
    seen.length = 0;
    proxy = await startTunnelProxy(() => port, kind === 'https' ? proxied : undefined);
    const base_url = kind === 'none' ? `https://localhost:${port}` : `https://provider.example:${port}`;
    const common = {
      dialect: 'anthropic-messages',
      base_url,
      api_key: 'k',
      max_retries: 0,
      breaker: { enabled: false },
    } as const;
    sluice = await startSluice({
      workers,
      config: {
        providers: {
          lab: { ...common, tls: { cert: CERT, key: KEY, ca: CA } },
          anonymous: { ...common, tls: { ca: CA } },
          stranger: { ...common, tls: { cert: CERT, key: KEY } },
        },
        routing: { default_provider: 'lab' },
      },
      environment:
        kind === 'none'
          ? {}
          : {
              HTTPS_PROXY: `${kind}://localhost:${proxy.port}`,
              NODE_EXTRA_CA_CERTS: kind === 'https' ? CA : '',
            },
    });
  });
  afterEach(async () => {
    await sluice[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  async function ask(provider: string) {
    const response = await fetch(`${sluice.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: `${provider}/m`,
        max_tokens: 9,
        messages: [{ role: 'user', content: 'hi' }],
      }),
    });
    return `${response.status} ${await response.text()}`;
  }

  test('it sees who asks, also after a renewal, and nobody where none is configured', async () => {
    expect(await ask('lab')).toContain('for first');
    // By an address of its own, though it leads to the same server.
    expect(await ask('anonymous')).toMatch(/^502 .*(certificate required|TLS)/);
    if (kind !== 'https')
      expect(await ask('stranger')).toContain('signed by an authority that is not trusted here');
    await (await fetch(`${sluice.url}/v1/models`)).text();
    expect(new Set(seen)).toEqual(new Set(['POST first', 'GET first']));

    install('second');
    await sluice.wrote(/the changed certificate is in use/);
    expect(await ask('lab')).toContain('for second');

    writeFileSync(KEY, 'half a key');
    await sluice.wrote(/the changed certificate is refused; the previous one stays in use/);
    expect(await ask('lab')).toContain('for second');
  });
});
