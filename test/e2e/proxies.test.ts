// A real gateway that reaches its providers by way of a proxy: whose certificate it believes behind a tunnel, and that
// nothing it shows tells who may use the proxy.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigInput } from '../../src/index.ts';
import { type Certificate, createAuthority, selfSigned } from '../support/certificates.ts';
import { runCommand } from '../support/cli-run.ts';
import { wholeMessage } from '../support/message-stream.ts';
import { leaksOf } from '../support/planted.ts';
import { createRawServer, type RawConnection, type RawServer } from '../support/raw-server.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { turns } from '../server/http1/lab.ts';
import { startTunnelProxy, type TunnelProxy } from '../support/tunnel-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const BODY = JSON.stringify(wholeMessage('by way of the proxy'));
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;
const PASSWORD = 'qzProxy-Rr4Tt6Yy8Uu1';

const authority = createAuthority('Lab');
const stranger = createAuthority('Nobody');
const directory = temporaryFolder('proxies');
const authorityFile = join(directory, 'authority.pem');
writeFileSync(authorityFile, authority.certificate);

interface Case {
  name: string;
  host: string;
  certificate: Certificate;
  /** Null: it is believed. */
  refused: string | null;
}

const WRONG = 'its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID)';
const UNKNOWN = 'its certificate is signed by an authority that is not trusted here';
/** The proxy's own names: a certificate for them says nothing of a server behind it. */
const OF_PROXY = ['127.0.0.1', 'localhost', '0:0:0:0:0:0:0:1'];

/** Each by what it shows of itself, given the name that it is asked by. */
const CERTIFICATES: [what: string, certificate: (own: string) => Certificate, refused: string | null][] = [
  ['its own', (own) => authority.issue({ names: [own] }), null],
  ['its own among others', (own) => authority.issue({ names: ['other.example', ...OF_PROXY, own] }), null],
  ['another name', () => authority.issue({ names: ['other.example'] }), WRONG],
  ['another address', () => authority.issue({ names: ['203.0.113.200'] }), WRONG],
  ['the proxy', () => authority.issue({ names: OF_PROXY }), WRONG],
  [
    'expired',
    (own) => authority.issue({ names: [own], valid: 'past' }),
    'its certificate has expired (CERT_HAS_EXPIRED)',
  ],
  [
    'of the future',
    (own) => authority.issue({ names: [own], valid: 'future' }),
    'its certificate is not valid yet (CERT_NOT_YET_VALID)',
  ],
  ['signed by itself', (own) => selfSigned([own]), `${UNKNOWN} (DEPTH_ZERO_SELF_SIGNED_CERT)`],
  [
    'signed by nobody known',
    (own) => stranger.issue({ names: [own] }),
    `${UNKNOWN} (UNABLE_TO_VERIFY_LEAF_SIGNATURE)`,
  ],
];

/** Of each kind of host one for each certificate. */
const HOSTS: [kind: string, host: (n: number) => string, own: (host: string) => string][] = [
  ['name', (n) => `api-${n}.example`, (host) => host],
  ['name-by-wildcard', (n) => `a.lab-${n}.example`, (host) => host.replace('a.', '*.')],
  ['address', (n) => `203.0.113.${n}`, (host) => host],
  ['address-of-ipv6', (n) => `[2001:db8::${n}]`, (host) => host.slice(1, -1).replace('::', ':0:0:0:0:0:')],
];

const CASES: Case[] = HOSTS.flatMap(([kind, hostOf, own]) =>
  CERTIFICATES.map(([what, certificate, refused], index) => {
    const host = hostOf(index + 1);
    return {
      name: `${kind}-${what.replaceAll(' ', '-')}`,
      host,
      certificate: certificate(own(host)),
      refused,
    };
  }),
);

const servers = new Map<string, RawServer>(
  CASES.map(({ host, certificate }) => [host, createRawServer({ serve: answers, certificate })]),
);
const portOf = (authority: string) => servers.get(authority.replace(/:443$/, ''))?.port ?? NOBODY;
const NOBODY = 'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n';

async function answers(connection: RawConnection) {
  for (;;) {
    await connection.request();
    if (!(await connection.write(ANSWER))) return;
  }
}

const received = (host: string) =>
  servers
    .get(host)
    ?.connections.map((connection) => connection.received())
    .join('');

const provider = (base_url: string) => ({
  dialect: 'anthropic-messages' as const,
  base_url,
  api_key: 'key-of-the-lab',
  max_retries: 0,
  breaker: { enabled: false },
});
const config: ConfigInput = {
  providers: Object.fromEntries([
    ...CASES.map(({ name, host }) => [name, provider(`https://${host}`)] as const),
    ['nobody', provider('https://nobody.example')],
  ]),
};

async function ask({ url }: SluiceProcess, model: string) {
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }),
  });
  return { status: response.status, text: await response.text() };
}

afterAll(() => {
  for (const server of servers.values()) server.close();
  rmSync(directory, { recursive: true });
});

describe('behind a tunnel', () => {
  let proxy: TunnelProxy;
  let sluice: SluiceProcess;
  beforeAll(async () => {
    proxy = await startTunnelProxy(portOf);
    sluice = await startSluice({
      config,
      environment: {
        HTTPS_PROXY: `http://sluice:${PASSWORD}@${proxy.host}`,
        NODE_EXTRA_CA_CERTS: authorityFile,
        SLUICE_LOG: 'debug',
      },
    });
  });
  afterAll(async () => {
    await sluice[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  for (const { name, host, refused } of CASES)
    test(`${name}: ${refused === null ? 'believed' : 'refused, and no byte of the request leaves'}`, async () => {
      const { status, text } = await ask(sluice, `${name}/m`);
      expect(proxy.heads.at(-1)).toStartWith(`CONNECT ${host}:443 HTTP/1.1`);
      if (refused === null) {
        expect([status, text]).toEqual([200, expect.stringContaining('by way of the proxy')]);
        expect(received(host)).toStartWith('POST /v1/messages HTTP/1.1');
        return;
      }
      expect(status).toBe(502);
      expect(text).toContain(`${name} is not trusted at https://${host}: ${refused}; `);
      await proxy.lastClosed();
      await turns();
      expect(received(host)).toBe('');
    });

  test('what the proxy refuses is reported, and nowhere who may use it', async () => {
    const { status, text } = await ask(sluice, 'nobody/m');
    expect(status).toBe(502);
    expect(text).toContain(
      `the proxy http://${proxy.host} in front of nobody at https://nobody.example refused the connection (502)`,
    );
    expect(proxy.heads.at(-1)).toContain(
      `proxy-authorization: Basic ${Buffer.from(`sluice:${PASSWORD}`).toString('base64')}`,
    );
    const shown = [
      text,
      sluice.output(),
      JSON.stringify(await sluice.get('/gateway/audit?include_bodies=true&limit=100')),
      JSON.stringify(await sluice.get('/gateway/providers')),
      await (await fetch(`${sluice.url}/metrics`)).text(),
    ].join('\n');
    expect(leaksOf({ password: PASSWORD }, shown)).toEqual([]);
  });

  test('connections are shown by the server that they lead to', async () => {
    const metrics = await (await fetch(`${sluice.url}/metrics`)).text();
    expect(metrics).toContain('sluice_upstream_connections{origin="https://api-1.example",state="idle"} 1');
  });
});

test('NODE_TLS_REJECT_UNAUTHORIZED=0 believes all of them, as it says', async () => {
  await using proxy = await startTunnelProxy(portOf);
  await using sluice = await startSluice({
    config,
    environment: { HTTPS_PROXY: `http://${proxy.host}`, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  });
  for (const { name } of CASES) expect([name, (await ask(sluice, `${name}/m`)).status]).toEqual([name, 200]);
});

test('a proxy that is itself asked over TLS leads to the same servers, and no others', async () => {
  await using proxy = await startTunnelProxy(portOf, authority.issue({ names: ['localhost'] }));
  await using sluice = await startSluice({
    config,
    environment: {
      HTTPS_PROXY: `https://sluice:${PASSWORD}@localhost:${proxy.port}`,
      NODE_EXTRA_CA_CERTS: authorityFile,
    },
  });
  for (const { name, refused } of CASES) {
    const { status } = await ask(sluice, `${name}/m`);
    expect([name, status]).toEqual([name, refused === null ? 200 : 502]);
  }
});

test('a proxy that cannot be asked is reported before anything is served', async () => {
  const environment = { SLUICE_HOME: directory, HTTPS_PROXY: `socks5://sluice:${PASSWORD}@localhost:1080` };
  const { code, err } = await runCommand(['serve'], { environment, directory });
  expect(code).toBe(1);
  expect(err).toContain('error: HTTPS_PROXY has the scheme socks5://, which is not supported; write it as');
  expect(err).not.toContain(PASSWORD);
});
