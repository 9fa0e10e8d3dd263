// Which headers travel to a provider and back, name by name, and what of them is a secret.
import { describe, expect, test } from 'bun:test';
import { HeaderList } from '../../src/model/header-list.ts';
import {
  buildRequestHeaders,
  pickAnswerHeaders,
  presentedProviderKeys,
  presentedSecrets,
} from '../../src/upstream/headers.ts';

function listOf(fields: Readonly<Record<string, string>>): HeaderList {
  const list = new HeaderList();
  for (const [name, value] of Object.entries(fields)) list.set(name, value);
  return list;
}

const each = (names: readonly string[], value = 'x') =>
  Object.fromEntries(names.map((name) => [name, value]));

function sent(
  client: Readonly<Record<string, string>>,
  more: Partial<Parameters<typeof buildRequestHeaders>[0]> = {},
) {
  const built = buildRequestHeaders({
    client: listOf(client),
    dialect: {},
    listHeaders: [],
    configured: {},
    stream: false,
    userAgent: 'sluice/1',
    ...more,
  });
  const fields: Record<string, string> = {};
  built.forEach((value, name) => {
    fields[name] = value;
  });
  return fields;
}

const OWN = { 'user-agent': 'sluice/1', accept: 'application/json', 'content-type': 'application/json' };
const OF_THE_CONNECTION = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'content-encoding',
  'accept-encoding',
];

describe('to a provider of the same dialect', () => {
  test('goes nothing of the connection, of the client’s keys, of its browser and of proxies', () => {
    const names = [
      ...OF_THE_CONNECTION,
      'host',
      'expect',
      'authorization',
      'x-api-key',
      'x-goog-api-key',
      'api-key',
      'x-sluice-agent',
      'x-forwarded-for',
      'sec-fetch-site',
      'cf-ray',
      'cookie',
      'origin',
      'referer',
      'forwarded',
      'x-real-ip',
      'via',
    ];
    expect(sent(each(names))).toEqual(OWN);
  });

  test('goes nothing that some servers take for method and path', () => {
    const names = [
      'x-http-method',
      'x-http-method-override',
      'x-method-override',
      'x-original-url',
      'x-rewrite-url',
    ];
    expect(sent(each(names))).toEqual(OWN);
    // Some servers read one for the other.
    const alike = [...names, 'content-length', 'transfer-encoding', 'x-forwarded-for', 'x-sluice-agent'];
    expect(sent(each(alike.map((name) => name.replaceAll('-', '_'))))).toEqual(OWN);
  });

  test('goes all else, whatever it sounds like', () => {
    const names = [
      'x-team',
      'anthropic-beta',
      'originator',
      'x-te',
      'tea',
      'cookies',
      'x-via',
      'hosted',
      'x_team_id',
    ];
    expect(sent(each(names))).toEqual({ ...OWN, ...each(names) });
  });

  test.each([
    ['keep-alive', true],
    ['Close', true],
    ['X-Hop', false],
    ['close, X-Hop', false],
  ])('connection: %s leaves what it does not name', (connection, travels) => {
    expect('x-hop' in sent({ connection, 'x-hop': 'x' })).toBe(travels);
  });

  test('what it says itself stands, but for a list, which is joined', () => {
    const client = { version: '1', beta: 'one, two', accept: 'text/plain', 'user-agent': 'mine' };
    const dialect = { Version: '2', Beta: 'two,three', Other: 'x' };
    expect(sent(client, { dialect, listHeaders: ['beta'] })).toEqual({
      ...OWN,
      ...client,
      beta: 'one,two,three',
      other: 'x',
    });
  });

  test('the key of the dialect’s side takes the place of the client’s', () => {
    expect(sent({ 'x-api-key': 'theirs' }, { dialect: { 'x-api-key': 'ours' } })['x-api-key']).toBe('ours');
  });

  test('what the configuration says of a provider takes the place of all', () => {
    const configured = { 'user-agent': 'lab', 'x-api-key': 'another', 'x-team': 'web' };
    const client = { 'user-agent': 'client/1', 'x-team': 'none' };
    expect(sent(client, { dialect: { 'x-api-key': 'own' }, configured })).toMatchObject(configured);
  });

  test('a stream is asked for unpacked: a packed one may wait until a block of it is full', () => {
    expect(sent({}, { stream: true })).toMatchObject({
      accept: 'text/event-stream',
      'accept-encoding': 'identity',
    });
  });
});

describe('back to the client', () => {
  const SITE = [
    'set-cookie',
    'set-cookie2',
    'alt-svc',
    'strict-transport-security',
    'x-sluice-model',
    'access-control-allow-origin',
    'clear-site-data',
    'report-to',
    'nel',
    'date',
    'server',
  ];
  const ORDERS = [
    'x-accel-redirect',
    'x-accel-limit-rate',
    'x-sendfile',
    'x-sendfile-type',
    'x-lighttpd-send-file',
    'x-litespeed-location',
    'x-reproxy-url',
  ];
  const SHARED = [
    'request-id',
    'x-request-id',
    'retry-after',
    'retry-after-ms',
    'x-should-retry',
    'x-ratelimit-limit-requests',
    'anthropic-ratelimit-tokens-limit',
  ];
  const OTHERS = ['content-type', 'openai-processing-ms', 'x-request-id-of', 'server-timing', 'dated'];
  const answer = listOf(each([...OF_THE_CONNECTION, ...SITE, ...ORDERS, ...SHARED, ...OTHERS]));

  test('of the same dialect comes all but what is the connection’s and the site’s, and what orders a web server about', () => {
    expect(pickAnswerHeaders(answer, true)).toEqual(each([...SHARED, ...OTHERS]));
  });

  test('of another, what any client reads', () => {
    expect(pickAnswerHeaders(answer, false)).toEqual(each(SHARED));
  });
});

describe('a secret', () => {
  const secrets = (fields: Readonly<Record<string, string>>, query = '') =>
    presentedSecrets(listOf(fields), new URLSearchParams(query));

  test.each([
    'api-key',
    'x-apikey',
    'auth',
    'x-auth',
    'authorization',
    'x-access-token',
    'x-auth-token',
    'x-security-token',
    'x-session-token',
    'client-secret',
    'password',
    'x-sluice-key',
    'x-goog-api-key',
    'x-key',
    'ocp-apim-subscription-key',
    'private-token',
  ])('is what stands in %s', (name) => {
    expect(secrets({ [name]: 'hidden' })).toEqual(['hidden']);
  });

  test('is not what only sounds like it', () => {
    const others = [
      'x-token-count',
      'author',
      'passwords',
      'accept',
      'x-monkey',
      'idempotency-key',
      'x-cache-key',
    ];
    expect(secrets(each(others))).toEqual([]);
  });

  test.each([
    'key',
    'api_key',
    'apikey',
    'X-Api-Key',
    'auth',
    'authorization',
    'access_token',
    'client_secret',
    'password',
  ])('is what stands in the query as %s', (name) => {
    expect(secrets({}, `${name}=hidden&alt=sse&monkey=no`)).toEqual(['hidden']);
  });

  test('in Basic is what is packed, the pair, and the password alone', () => {
    const packed = btoa('me:hidden');
    expect(secrets({ 'x-auth': `Basic ${packed}` })).toEqual([packed, 'me:hidden', 'hidden']);
    expect(secrets({ 'x-auth': 'Basic hidden' })).toEqual(['hidden']);
  });

  test('in a scheme with fields is what they name so', () => {
    const value = 'Token token="hidden", user=somebody, realm="all"';
    expect(secrets({ authorization: value })).toEqual([value, 'hidden']);
  });

  test('that is long takes no time out of proportion', () => {
    // Minutes, where the name of a field is looked for from each of its letters.
    const value = 'a'.repeat(400_000);
    expect(secrets({ authorization: `Bearer ${value}` })).toEqual([value]);
  });

  test('is not the word of clients that have none, which is no provider’s key either', () => {
    const none = { authorization: 'Bearer sluice', 'x-api-key': 'sluice' };
    expect(secrets(none)).toEqual([]);
    expect(presentedProviderKeys(listOf(none))).toEqual([]);
  });
});
