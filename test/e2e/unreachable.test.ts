// Providers that cannot be asked: a real gateway says what happened, where, and what to do, and sends them nothing that
// a stranger could read.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigInput } from '../../src/index.ts';
import { type Certificate, createAuthority, selfSigned } from '../support/certificates.ts';
import { runCommand } from '../support/cli-run.ts';
import { createDeafListener, type DeafListener } from '../support/deaf-listener.ts';
import { wholeMessage } from '../support/message-stream.ts';
import { createRawServer, type RawConnection, type RawServer } from '../support/raw-server.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { UNKNOWN_HOST } from '../support/unknown-host.ts';

const KEY = 'key-of-the-lab-that-nobody-may-see';
const BODY = JSON.stringify(wholeMessage('trusted'));
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;

const authority = createAuthority('Lab');
const stranger = createAuthority('Nobody');
const directory = temporaryFolder('tls');
const authorityFile = join(directory, 'authority.pem');
writeFileSync(authorityFile, authority.certificate);

const servers: RawServer[] = [];
function serve(serve: (connection: RawConnection) => Promise<void> | void, certificate?: Certificate) {
  const server = createRawServer({ serve, ...(certificate && { certificate }) });
  servers.push(server);
  return server;
}
const sends = (text: string | Uint8Array) => async (connection: RawConnection) => {
  await connection.until((received) => received !== '');
  await connection.write(text);
  connection.end();
};
const answers = async (connection: RawConnection) => {
  for (;;) {
    await connection.request();
    if (!(await connection.write(ANSWER))) return;
  }
};

interface Case {
  name: string;
  server?: RawServer;
  /** Default: the server's own. */
  url?: string;
  code: string;
  /** Behind the provider's name, `@` for its address. */
  says: string;
}

const tls = (certificate: Certificate) => serve(answers, certificate);
const GONE = serve(answers);
GONE.close();
const PLAIN = serve(sends('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'));
/** An alert of TLS: fatal, handshake_failure. */
const REFUSING = serve(sends(Uint8Array.of(21, 3, 3, 0, 2, 2, 40)));
const CLOSING = serve((connection) => connection.end());
const RESETTING = serve((connection) => connection.reset());
const NO_HTTP = serve(sends('SSH-2.0-OpenSSH_9.6\r\n\r\n'));
/** The first frame of a server in HTTP/2: settings, of which there are none. */
const ONLY_HTTP2 = serve(sends(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0)));
const packs = (status: string) =>
  serve(sends(`HTTP/1.1 ${status}\r\ncontent-encoding: compress\r\ncontent-length: 1\r\n\r\n?`));
const unreachable = (reason: string) => `cannot be reached at @: ${reason}`;

const CASES: Case[] = [
  {
    name: 'nobody-listens',
    server: GONE,
    code: 'upstream_unreachable',
    says: unreachable(
      'no connection could be made (ECONNREFUSED); check that it runs, and that base_url is right',
    ),
  },
  {
    name: 'no-such-name',
    url: `http://${UNKNOWN_HOST}`,
    code: 'upstream_unreachable',
    says: unreachable('its host name cannot be resolved (ENOTFOUND); check base_url and the name server'),
  },
  ...[CLOSING, RESETTING].map((server, index) => ({
    name: index === 0 ? 'closes-at-once' : 'resets-at-once',
    server,
    code: 'upstream_unreachable',
    says: unreachable(
      'it closed the connection without an answer (ECONNRESET); check its log, and that base_url is right',
    ),
  })),
  {
    name: 'closes-instead-of-tls',
    url: CLOSING.url.replace('http:', 'https:'),
    code: 'upstream_unreachable',
    says: unreachable(
      'it closed the connection without an answer (ECONNRESET); check its log, and that base_url is right',
    ),
  },
  {
    name: 'speaks-no-tls',
    url: PLAIN.url.replace('http:', 'https:'),
    code: 'upstream_unreachable',
    says: unreachable('it does not speak TLS (EPROTO); base_url may have to begin with http://'),
  },
  {
    name: 'refuses-the-handshake',
    url: REFUSING.url.replace('http:', 'https:'),
    code: 'upstream_unreachable',
    says: unreachable(
      'it refused the TLS handshake: handshake failure (EPROTO); check base_url; it may not serve that host name, or require another version of TLS, or a client certificate (tls of the provider)',
    ),
  },
  {
    name: 'speaks-no-http',
    server: NO_HTTP,
    code: 'upstream_malformed',
    says: 'at @: its answer is not HTTP/1.1: the answer begins with "SSH-2.0-OpenSSH_9.6", which is not HTTP/1.1; check base_url and any proxy in between',
  },
  {
    name: 'speaks-only-http2',
    server: ONLY_HTTP2,
    code: 'upstream_malformed',
    says: 'at @: its answer is not HTTP/1.1: the server speaks HTTP/2 only; check base_url and any proxy in between',
  },
  {
    name: 'packs-as-nobody-does',
    server: packs('200 OK'),
    code: 'upstream_malformed',
    says: "sent an answer that cannot be unpacked: the answer's content-encoding compress is not supported; check any proxy in between",
  },
];

const untrusted = (reason: string) => `is not trusted at @: ${reason}`;
const NAMED = tls(authority.issue({ names: ['localhost'] }));
const STRANGERS: Case[] = [
  {
    name: 'certificate-expired',
    server: tls(authority.issue({ names: ['localhost'], valid: 'past' })),
    code: 'upstream_untrusted',
    says: untrusted(
      'its certificate has expired (CERT_HAS_EXPIRED); have it renewed, or correct the clock of this machine',
    ),
  },
  {
    name: 'certificate-of-the-future',
    server: tls(authority.issue({ names: ['localhost'], valid: 'future' })),
    code: 'upstream_untrusted',
    says: untrusted(
      'its certificate is not valid yet (CERT_NOT_YET_VALID); correct the clock of this machine',
    ),
  },
  {
    name: 'certificate-of-another',
    server: tls(authority.issue({ names: ['other.example'] })),
    code: 'upstream_untrusted',
    says: untrusted(
      'its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID); set base_url to a name that the certificate covers, or, in a network with a login page, log in',
    ),
  },
  {
    name: 'certificate-of-its-address-alone',
    server: tls(authority.issue({ names: ['127.0.0.1'] })),
    code: 'upstream_untrusted',
    says: untrusted(
      'its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID); set base_url to a name that the certificate covers, or, in a network with a login page, log in',
    ),
  },
  {
    name: 'certificate-without-the-address',
    server: NAMED,
    url: NAMED.url.replace('localhost', '127.0.0.1'),
    code: 'upstream_untrusted',
    says: untrusted(
      'its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID); set base_url to a name that the certificate covers, or, in a network with a login page, log in',
    ),
  },
  ...[selfSigned(['localhost']), stranger.issue({ names: ['localhost'] })].map((certificate, index) => ({
    name: index === 0 ? 'certificate-of-its-own' : 'certificate-by-nobody-known',
    server: tls(certificate),
    code: 'upstream_untrusted',
    says: untrusted(
      `its certificate is signed by an authority that is not trusted here (${index === 0 ? 'DEPTH_ZERO_SELF_SIGNED_CERT' : 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'}); name the file with the certificate of that authority as tls.ca of the provider, or in NODE_EXTRA_CA_CERTS; in a network with a login page, log in instead`,
    ),
  })),
];
const TRUSTED = tls(authority.issue({ names: ['localhost', '127.0.0.1'] }));

const urlOf = ({ server, url = server?.url ?? '' }: Case) => url;
const provider = (base_url: string) => ({
  dialect: 'anthropic-messages' as const,
  base_url,
  api_key: KEY,
  max_retries: 0,
  breaker: { enabled: false },
});
const config: ConfigInput = {
  providers: Object.fromEntries([
    ['trusted', provider(TRUSTED.url)],
    ['trusted-by-address', provider(TRUSTED.url.replace('localhost', '127.0.0.1'))],
    ['refuses-unreadably', provider(packs('404 Not Found').url)],
    ...CASES.map((each) => [each.name, provider(urlOf(each))] as const),
    ...STRANGERS.map((each) => [each.name, { ...provider(urlOf(each)), max_retries: 2 }] as const),
  ]),
  routing: {
    model_mappings: [{ from: 'or-another', to: ['certificate-expired', 'trusted'] }],
  },
};

async function ask({ url }: SluiceProcess, model: string, stream = false) {
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }),
  });
  return { status: response.status, text: await response.text() };
}

async function expectRefusal(sluice: SluiceProcess, each: Case, stream: boolean) {
  const { status, text } = await ask(sluice, `${each.name}/m`, stream);
  const { error } = JSON.parse(text) as { error: { message: string } };
  expect(error.message).toBe(`${each.name} ${each.says.replace('@', urlOf(each))}`);
  expect(status).toBe(502);
  const { entries } = await sluice.get<{ entries: object[] }>('/gateway/audit?limit=1');
  expect(entries[0]).toMatchObject({ status: 'error', error_code: each.code, http_status: 502 });
}

afterAll(() => {
  for (const server of servers) server.close();
  rmSync(directory, { recursive: true });
});

describe('a provider that', () => {
  let sluice: SluiceProcess;
  beforeAll(async () => {
    sluice = await startSluice({ config, environment: { NODE_EXTRA_CA_CERTS: authorityFile } });
  });
  afterAll(() => sluice[Symbol.asyncDispose]());

  for (const each of CASES)
    for (const stream of [false, true])
      test(`${each.name}, ${stream ? 'streamed' : 'whole'}`, () => expectRefusal(sluice, each, stream));

  for (const each of STRANGERS)
    test(`${each.name}: no byte of the request leaves, and it is not asked again`, async () => {
      await expectRefusal(sluice, each, false);
      const { entries } = await sluice.get<{ entries: object[] }>('/gateway/audit?limit=1');
      expect(entries[0]).toMatchObject({ attempts: [{ provider: each.name, error: 'upstream_untrusted' }] });
      expect(each.server?.connections.length).toBeGreaterThan(0);
      for (const { closed } of each.server?.connections ?? []) await closed;
      expect(each.server?.connections.map((connection) => connection.received()).join('')).toBe('');
    });

  test('refuses in words that cannot be unpacked has refused: its status stands', async () => {
    const { status, text } = await ask(sluice, 'refuses-unreadably/m');
    expect([status, text]).toEqual([404, expect.stringContaining('answered HTTP 404')]);
  });

  test('has a certificate by an authority of NODE_EXTRA_CA_CERTS, for its name or its address, is trusted', async () => {
    for (const name of ['trusted', 'trusted-by-address']) {
      const { status, text } = await ask(sluice, `${name}/m`);
      expect([status, text]).toEqual([200, expect.stringContaining('trusted')]);
    }
    expect(TRUSTED.connections.at(-1)?.received()).toContain(KEY);
  });

  test('is not trusted has the next target asked', async () => {
    expect(await ask(sluice, 'or-another')).toMatchObject({
      status: 200,
      text: expect.stringContaining('trusted'),
    });
    const { entries } = await sluice.get<{ entries: object[] }>('/gateway/audit?limit=1');
    expect(entries[0]).toMatchObject({
      attempts: [
        { provider: 'certificate-expired', error: 'upstream_untrusted' },
        { provider: 'trusted', error: null },
      ],
    });
  });

  test('is named in what the doctor says', async () => {
    const run = await runCommand(['doctor', '--url', sluice.url, '--model', 'nobody-listens/m'], {
      environment: { SLUICE_HOME: sluice.home },
    });
    expect(run.code).toBe(1);
    expect(run.out).toMatch(/✘ plain request +HTTP 502 .*no connection could be made \(ECONNREFUSED\)/);
    expect(run.out).toMatch(/✘ stream headers +HTTP 502 .*no connection could be made \(ECONNREFUSED\)/);
    const { providers } = await sluice.get<{ providers: { name: string; last_error?: string }[] }>(
      '/gateway/providers',
    );
    const { last_error } = providers.find(({ name }) => name === 'nobody-listens') ?? {};
    expect(last_error).toContain('no connection could be made (ECONNREFUSED)');
  });
});

test('without NODE_EXTRA_CA_CERTS the same authority is unknown', async () => {
  await using sluice = await startSluice({ config });
  const { status, text } = await ask(sluice, 'trusted/m');
  expect(status).toBe(502);
  expect(text).toContain('signed by an authority that is not trusted here (UNABLE_TO_VERIFY_LEAF_SIGNATURE)');
});

test('NODE_TLS_REJECT_UNAUTHORIZED=0 trusts all of them, as it says', async () => {
  await using sluice = await startSluice({ config, environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  for (const { name } of STRANGERS) expect(await ask(sluice, `${name}/m`)).toMatchObject({ status: 200 });
});

describe.skipIf(process.platform !== 'linux')('a connection that does not come to stand', () => {
  let deaf: DeafListener;
  beforeAll(async () => {
    deaf = await createDeafListener();
  });
  afterAll(() => deaf.close());

  for (const scheme of ['http', 'https'])
    for (const stream of [false, true])
      test(`ends at timeouts.connect: 504, and the next target is asked (${scheme}, ${stream ? 'streamed' : 'whole'})`, async () => {
        const url = `${scheme}://${deaf.host}`;
        const far = { ...provider(url), max_retries: 2, timeouts: { connect: '200ms' } };
        await using sluice = await startSluice({
          config: {
            providers: { far, trusted: provider(TRUSTED.url) },
            routing: { default_provider: 'far' },
          },
          environment: { NODE_EXTRA_CA_CERTS: authorityFile },
        });
        const { status, text } = await ask(sluice, 'm', stream);
        expect(status).toBe(504);
        expect(text).toContain(`no connection to ${url} within 200 ms (timeouts.connect)`);
        const { entries } = await sluice.get<{ entries: object[] }>('/gateway/audit?limit=1');
        // Whoever stays silent is not asked again.
        expect(entries[0]).toMatchObject({
          error_code: 'upstream_timeout',
          attempts: [{ provider: 'far', error: 'upstream_timeout' }],
        });
        sluice.writeConfig({
          providers: { far, trusted: provider(TRUSTED.url) },
          routing: { default_provider: 'far', fallback_chain: ['trusted'] },
        });
        await sluice.wrote(/the changed configuration is in use/);
        expect(await ask(sluice, 'm', stream)).toMatchObject({
          status: 200,
          text: expect.stringContaining('trusted'),
        });
      });
});
