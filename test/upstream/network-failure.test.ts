// A request that got no answer, in words: what happened, where, and what to do; nothing of the address that may be secret.
import { expect, test } from 'bun:test';
import { isUnreachable, networkFailure } from '../../src/upstream/network-failure.ts';
import { ProxyFailure } from '../../src/upstream/proxy-failure.ts';

const URL_WITH_SECRETS = 'https://user:pass@lab.test:8443/v1/chat?key=secret';

const coded = (code: string, message = 'as the system says it') =>
  Object.assign(new Error(message), { code });

test.each([
  [
    'ECONNREFUSED',
    'no connection could be made (ECONNREFUSED); check that it runs, and that base_url is right',
    true,
  ],
  [
    'ECONNRESET',
    'it closed the connection without an answer (ECONNRESET); check its log, and that base_url is right',
    false,
  ],
  [
    'UNDELIVERED',
    'the network does not carry to it what is sent (UNDELIVERED); check the network (behind a VPN also its MTU, if only long requests fail)',
    false,
  ],
  ['ENOTFOUND', 'its host name cannot be resolved (ENOTFOUND); check base_url and the name server', true],
  ['EAI_AGAIN', 'the name server did not answer (EAI_AGAIN); check the network, and base_url', true],
  ['EPROTO', 'it does not speak TLS (EPROTO); base_url may have to begin with http://', true],
  ['EWHATEVER', 'the network failed (EWHATEVER); check base_url and the network', false],
])('%s', (code, words, unreachable) => {
  const cause = coded(code);
  const error = networkFailure('lab', URL_WITH_SECRETS, cause);
  expect(error).toMatchObject({
    code: 'upstream_unreachable',
    message: `lab cannot be reached at https://lab.test:8443: ${words}`,
    cause,
  });
  expect(isUnreachable(cause)).toBe(unreachable);
});

test('Node’s fetch, which wraps the network’s error, is told in the same words', () => {
  const cause = new TypeError('fetch failed', { cause: coded('ECONNREFUSED') });
  expect(networkFailure('lab', URL_WITH_SECRETS, cause).message).toContain(
    'no connection could be made (ECONNREFUSED)',
  );
  expect(isUnreachable(cause)).toBe(true);
});

test('a machine without a network is told apart, also in other words of the same failure', () => {
  const cause = Object.assign(coded('EAI_AGAIN'), { offline: true });
  const failure = networkFailure('lab', URL_WITH_SECRETS, cause);
  expect(failure.with('in other words').offline).toBe(true);
  expect(networkFailure('lab', URL_WITH_SECRETS, coded('EAI_AGAIN')).offline).toBe(false);
});

test('… and so is one that has none to its proxy', () => {
  const proxy = { name: 'http://proxy.internal:3128', variable: 'HTTPS_PROXY', hasCredentials: false };
  const offline = (problem: Error) =>
    networkFailure('lab', URL_WITH_SECRETS, new ProxyFailure(proxy, problem)).offline;
  expect(offline(Object.assign(coded('ENETUNREACH'), { offline: true }))).toBe(true);
  expect(offline(coded('ECONNREFUSED'))).toBe(false);
});

test('a handshake that the server refuses is a TLS failure: no message suggests plain HTTP', () => {
  const cause = coded('EPROTO', 'error:1000042e:SSL routines:OPENSSL_internal:TLSV1_ALERT_PROTOCOL_VERSION');
  const { message } = networkFailure('lab', URL_WITH_SECRETS, cause);
  expect(message).toContain('it refused the TLS handshake: protocol version (EPROTO); check base_url');
  expect(message).not.toContain('http://');
});

test('a certificate that is refused is no matter of the network, and the same for the next request', () => {
  const cause = coded('CERT_HAS_EXPIRED');
  expect(networkFailure('lab', URL_WITH_SECRETS, cause)).toMatchObject({
    code: 'upstream_untrusted',
    message:
      'lab is not trusted at https://lab.test:8443: its certificate has expired (CERT_HAS_EXPIRED); have it renewed, or correct the clock of this machine',
  });
  expect(isUnreachable(cause)).toBe(true);
});

test('what is no HTTP says what came', () => {
  const cause = coded('MALFORMED_HTTP', 'the status line is "220 mail"');
  expect(networkFailure('lab', URL_WITH_SECRETS, cause)).toMatchObject({
    code: 'upstream_malformed',
    message:
      'lab at https://lab.test:8443: its answer is not HTTP/1.1: the status line is "220 mail"; check base_url and any proxy in between',
  });
  expect(isUnreachable(cause)).toBe(false);
});

test('an error without a code is reported by its name, what is no error as unknown', () => {
  expect(networkFailure('lab', URL_WITH_SECRETS, new TypeError('x')).message).toContain('failed (TypeError)');
  expect(networkFailure('lab', URL_WITH_SECRETS, 'x').message).toContain('failed (unknown reason)');
});

test.each([
  ['process', 'EMFILE'],
  ['machine', 'ENFILE'],
])(
  'no descriptor is the lack of this %s: also before a proxy, it is not the provider’s failure',
  (whose, code) => {
    const proxy = { name: 'http://proxy.test', variable: 'HTTPS_PROXY', hasCredentials: false };
    for (const cause of [coded(code), new ProxyFailure(proxy, coded(code))]) {
      const error = networkFailure('lab', URL_WITH_SECRETS, cause);
      expect([error.code, error.rule.blame]).toEqual(['overloaded', 'gateway']);
      expect(error.message).toStartWith(
        `lab was not asked at https://lab.test:8443: this ${whose} has reached its limit`,
      );
    }
  },
);

test('a proxy that refuses whoever asks so does it again, one that is busy or failing may not', () => {
  const proxy = { name: 'http://proxy.test', variable: 'HTTPS_PROXY', hasCredentials: false };
  const lasting = (problem: number | Error) =>
    networkFailure('lab', URL_WITH_SECRETS, new ProxyFailure(proxy, problem)).lasting;
  expect([400, 403, 407, 499].map(lasting)).toEqual([true, true, true, true]);
  expect([399, 408, 425, 429, 500, coded('ECONNREFUSED')].map(lasting)).toEqual(Array(6).fill(false));
});
