// Credentials that do not come or are refused: how the vendors' libraries report a failing network, how long they are waited
// for, and when they are fetched anew.
import { afterAll, describe, expect, test } from 'bun:test';
import { createAuthorizer } from '../../src/server/authorize.ts';
import { createGoogleUserSource } from '../../src/server/google-source.ts';
import { credentialsFailure } from '../../src/upstream/network-failure.ts';
import { selfSigned } from '../support/certificates.ts';
import { createManualTimers, type ManualTimers } from '../support/manual-timers.ts';
import { createRawServer } from '../support/raw-server.ts';
import { UNKNOWN_HOST } from '../support/unknown-host.ts';

const OAUTH = { clientId: 'lab', clientSecret: 'lab', refreshToken: 'lab' };
const REQUEST = { method: 'POST', url: 'https://lab.test/v1', body: '{}', options: {}, oauth: OAUTH };

const hostWith = (timers: ManualTimers, logged: unknown[] = []) => ({
  ...timers,
  log: (_level: string, _message: string, fields: unknown) => void logged.push(fields),
});

/** Counts the sources that are created; each says which it is. */
function counted() {
  let made = 0;
  const create = async () => {
    const number = ++made;
    return async (_: unknown, now: number) => ({ 'x-source': String(number), 'x-signed-at': String(now) });
  };
  return { 'google-default-credentials': create, 'google-user': create, 'aws-signature': create };
}

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
  const { authorize } = createAuthorizer(hostWith(createManualTimers()), {
    ...counted(),
    'google-user': () => createGoogleUserSource(`${server.url}/token`),
  });
  for (const [clientId, times] of [
    ['lab', 1],
    ['lab', 1],
    ['other', 2],
    ['lab', 2],
  ] as const) {
    const headers = await authorize('google-user', { ...REQUEST, oauth: { ...OAUTH, clientId } });
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
  const { authorize } = createAuthorizer(hostWith(timers), {
    'google-default-credentials': silent,
    'google-user': silent,
    'aws-signature': silent,
  });
  for (let request = 1; request <= 2; request++) {
    const outcome = authorize('google-user', REQUEST).catch((error: unknown) => error);
    await timers.advance(30_000);
    // As a laptop does: what is waited for stood still, too.
    timers.standStill(3_600_000);
    await timers.advance(59_999);
    expect(timers.pending()).toBe(1);
    await timers.advance(1);
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
  const { authorize } = createAuthorizer(hostWith(createManualTimers()), {
    'google-default-credentials': source('default'),
    'google-user': source('user'),
    'aws-signature': source('aws'),
  });
  for (const scheme of ['google-user', 'aws-signature', 'google-user'] as const)
    await authorize(scheme, REQUEST);
  expect(made).toEqual(['user', 'aws']);
});

describe('refused credentials', () => {
  /** Refused without the time of the answer. */
  const NO_DATE = undefined;
  const ask = () => ({ ...REQUEST });

  test('are fetched anew, once for all that were refused with the same', async () => {
    const { authorize, authorizationRefused } = createAuthorizer(hostWith(createManualTimers()), counted());
    const sourceOf = async (request: typeof REQUEST) => (await authorize('google-user', request))['x-source'];
    const [first, one, other] = [ask(), ask(), ask()];
    for (const request of [first, one, other]) expect(await sourceOf(request)).toBe('1');
    expect(authorizationRefused('google-user', one, NO_DATE)).toBe(true);
    const again = ask();
    expect(await sourceOf(again)).toBe('2');
    // Refused with the old ones still: the new ones stay.
    expect(authorizationRefused('google-user', other, NO_DATE)).toBe(true);
    expect(await sourceOf(ask())).toBe('2');
    // They were fetched for this request: others would be refused as well.
    expect(authorizationRefused('google-user', again, NO_DATE)).toBe(false);
    expect(await sourceOf(ask())).toBe('3');
  });

  test.each([
    ['profile', 'aws-signature', (profile: string) => ({ ...REQUEST, options: { profile } })],
    ['user', 'google-user', (refreshToken: string) => ({ ...REQUEST, oauth: { ...OAUTH, refreshToken } })],
  ] as const)('of one %s are fetched anew, those of another stay', async (_, scheme, of) => {
    const { authorize, authorizationRefused } = createAuthorizer(hostWith(createManualTimers()), counted());
    const sourceOf = async (request: typeof REQUEST) => (await authorize(scheme, request))['x-source'];
    const expired = of('expired');
    expect([await sourceOf(expired), await sourceOf(of('good'))]).toEqual(['1', '2']);
    expect(authorizationRefused(scheme, expired, NO_DATE)).toBe(false);
    expect([await sourceOf(of('expired')), await sourceOf(of('good'))]).toEqual(['3', '2']);
  });

  test('that cannot be fetched are so by the next request, as its user may have logged in again', async () => {
    let made = 0;
    const create = async () => {
      const isRevoked = ++made === 1;
      return async () => {
        if (isRevoked) throw new Error('invalid_grant');
        return { authorization: 'Bearer t' };
      };
    };
    const { authorize } = createAuthorizer(hostWith(createManualTimers()), {
      'google-default-credentials': create,
      'google-user': create,
      'aws-signature': create,
    });
    await expect(authorize('google-default-credentials', ask())).rejects.toThrow('invalid_grant');
    expect(await authorize('google-default-credentials', ask())).toEqual({ authorization: 'Bearer t' });
  });

  test('with the time of a clock that is wrong are made with the provider’s, until the clock is right', async () => {
    const timers = createManualTimers(1_000_000_000);
    const logged: unknown[] = [];
    const { authorize, authorizationRefused } = createAuthorizer(hostWith(timers, logged), counted());
    const signedAt = async (request: typeof REQUEST) =>
      Number((await authorize('aws-signature', request))['x-signed-at']);
    const first = ask();
    expect(await signedAt(first)).toBe(timers.now());
    const theirs = timers.now() - 3_600_000;
    expect(authorizationRefused('aws-signature', first, theirs)).toBe(true);
    const second = ask();
    expect(await signedAt(second)).toBe(theirs);
    // So the time was not why.
    expect(authorizationRefused('aws-signature', second, theirs)).toBe(false);
    timers.standStill(3_600_000);
    const third = ask();
    expect(await signedAt(third)).toBe(timers.now() - 3_600_000);
    expect(authorizationRefused('aws-signature', third, timers.now())).toBe(true);
    expect(await signedAt(ask())).toBe(timers.now());
    expect(logged).toEqual([{ seconds_behind: -3_600 }]);
  });
});
