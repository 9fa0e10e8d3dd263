// Credentials that do not come: what the vendors' own libraries make of a network that fails, and how long they are waited for.
import { afterAll, expect, test } from 'bun:test';
import { createAuthorizer } from '../../src/server/authorize.ts';
import { createGoogleUserSource } from '../../src/server/google-source.ts';
import { credentialsFailure } from '../../src/upstream/network-failure.ts';
import { selfSigned } from '../support/certificates.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { createRawServer } from '../support/raw-server.ts';
import { UNKNOWN_HOST } from '../support/unknown-host.ts';

const OAUTH = { clientId: 'lab', clientSecret: 'lab', refreshToken: 'lab' };
const REQUEST = { method: 'POST', url: 'https://lab.test/v1', body: '{}', options: {}, oauth: OAUTH };

/** How often a token was asked for. */
let fetched = 0;
const server = createRawServer({
  async serve(connection) {
    for (;;) {
      const { line } = await connection.request();
      const [, path = ''] = /POST \/(\w+)/.exec(line) ?? [];
      if (path === 'token') fetched++;
      await connection.write(ANSWERS[path] ?? '');
    }
  },
});
afterAll(() => server.close());

const answer = (status: string, type: string, body: string) =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const ANSWERS: Record<string, string> = {
  token: answer('200 OK', 'application/json', '{"access_token":"t","token_type":"Bearer","expires_in":3600}'),
  down: answer('503 Service Unavailable', 'text/plain', 'later'),
  revoked: answer('400 Bad Request', 'application/json', '{"error":"invalid_grant"}'),
  portal: answer('200 OK', 'text/html', '<html>Welcome to the hotel</html>'),
};
const GONE = createRawServer();
GONE.close();
/** As where a network's own proxy looks into TLS. */
const STRANGER = createRawServer({ certificate: selfSigned(['localhost']) });
afterAll(() => STRANGER.close());

test.each([
  [
    'nobody is there',
    `${GONE.url}/token`,
    'upstream_unreachable',
    /no connection could be made \(ECONNREFUSED\)/,
  ],
  [
    'the name is unknown',
    `http://${UNKNOWN_HOST}/token`,
    'upstream_unreachable',
    /\(ENOTFOUND\); check the network/,
  ],
  [
    'its certificate is a stranger’s',
    `https://localhost:${STRANGER.port}/token`,
    'upstream_untrusted',
    /is not trusted: .+ \(DEPTH_ZERO_SELF_SIGNED_CERT\); .+ NODE_EXTRA_CA_CERTS$/,
  ],
  ['the server fails', `${server.url}/down`, 'upstream_failed', /credentials answered 503/],
  ['a page comes instead', `${server.url}/portal`, 'upstream_malformed', /any proxy in between/],
  ['they are refused', `${server.url}/revoked`, undefined, undefined],
])('Google: %s', async (_, url, code, words) => {
  const source = await createGoogleUserSource(url);
  const thrown = await source(REQUEST).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(Error);
  const failure = credentialsFailure('lab', thrown);
  expect(String(failure?.code)).toBe(String(code));
  if (words !== undefined) expect(failure?.message).toMatch(words);
});

test('Google: a token is kept for the requests of the same user, and of no other', async () => {
  const source = await createGoogleUserSource(`${server.url}/token`);
  for (const [clientId, times] of [
    ['lab', 1],
    ['lab', 1],
    ['other', 2],
    ['lab', 2],
  ] as const) {
    const headers = await source({ ...REQUEST, oauth: { ...OAUTH, clientId } });
    expect([headers.authorization, fetched]).toEqual(['Bearer t', times]);
  }
});

test('what does not come within a minute is given up, and fetched anew by the next request', async () => {
  const timers = createManualTimers();
  let made = 0;
  const silent = async () => {
    made++;
    return () => new Promise<never>(() => {});
  };
  const authorize = createAuthorizer(timers, {
    'google-default-credentials': silent,
    'google-user': silent,
    'aws-signature': silent,
  });
  for (let request = 1; request <= 2; request++) {
    const outcome = authorize('google-user', REQUEST).catch((error: unknown) => error);
    await timers.advance(60_000);
    expect(credentialsFailure('lab', await outcome)).toMatchObject({ code: 'upstream_timeout' });
    expect(made).toBe(request);
    expect(timers.pending()).toBe(0);
  }
});

test('a source is made once, and keeps what it has for the next request', async () => {
  const made: string[] = [];
  const source = (scheme: string) => async () => {
    made.push(scheme);
    return async () => ({ 'x-from': scheme });
  };
  const authorize = createAuthorizer(createManualTimers(), {
    'google-default-credentials': source('default'),
    'google-user': source('user'),
    'aws-signature': source('aws'),
  });
  for (const scheme of ['google-user', 'aws-signature', 'google-user'] as const)
    await authorize(scheme, REQUEST);
  expect(made).toEqual(['user', 'aws']);
});
