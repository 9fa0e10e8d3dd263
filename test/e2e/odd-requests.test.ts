// HTTP as odd programs write it, byte for byte on the socket: an answer for each, and none is an internal error.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { connectRaw, postText } from '../support/raw-client.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { eventually } from '../support/time-limit.ts';

let sluice: SluiceProcess;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice[Symbol.asyncDispose]());

const ASK = { model: 'simulator/fast', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const get = (host: string, path = '/gateway/health', version = '1.1') =>
  `GET ${path} HTTP/${version}\r\n${host === '' ? '' : `host: ${host}\r\n`}\r\n`;

/** A body in one chunk, with what may follow its size and its last chunk. */
const chunked = (extension: string, trailer: string, coding = 'chunked') => {
  const body = JSON.stringify(ASK);
  return `POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ntransfer-encoding: ${coding}\r\n\r\n${body.length.toString(16)}${extension}\r\n${body}\r\n0\r\n${trailer}\r\n`;
};

/** A Host, and so many others. */
const withHeaders = (others: number) =>
  ['127.0.0.1', ...Array.from({ length: others }, (_, at) => `x-${at}: 1`)].join('\r\n');

const UPGRADE = '127.0.0.1\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13';

const CASES: [string, string, number][] = [
  ['HTTP/1.0 without a Host', get('', '/gateway/health', '1.0'), 200],
  ['HTTP/1.1 without a Host', get(''), 400],
  ['an empty Host', get(' '), 403],
  ['a Host that is no name', get('^^ ><'), 403],
  ['a Host with a user', get('a@127.0.0.1'), 403],
  ['a Host with a fragment', get('127.0.0.1#.evil.test'), 403],
  ['two Hosts', get('127.0.0.1\r\nhost: evil.test'), 403],
  ['a Host of another', get('evil.test'), 403],
  ['a path with dots', get('127.0.0.1', '/gateway/x/../health'), 200],
  ['a path with a broken escape', get('127.0.0.1', '/%zz'), 404],
  ['a long path', get('127.0.0.1', `/${'x'.repeat(10_000)}`), 404],
  ['198 headers', get(withHeaders(197)), 200],
  ['199 headers', get(withHeaders(198)), 431],
  ['headers of 15 KB', get(`127.0.0.1\r\nx-big: ${'x'.repeat(15 * 1024)}`), 200],
  ['headers of 17 KB', get(`127.0.0.1\r\nx-big: ${'x'.repeat(17 * 1024)}`), 431],
  ['headers of 200 KB', get(`127.0.0.1\r\nx-big: ${'x'.repeat(200_000)}`), 431],
  ['OPTIONS', postText('/v1/messages', ASK).replace('POST', 'OPTIONS'), 405],
  ['HEAD on an API path', 'HEAD /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n', 405],
  ['a WebSocket for a path that is posted to', get(UPGRADE, '/v1/messages'), 426],
  ['a WebSocket without a key', get(UPGRADE, '/v1/responses'), 400],
  ['Expect: 100-continue', postText('/v1/messages', ASK, { expect: '100-continue' }), 100],
  [
    'a body that is not compressed as it says',
    postText('/v1/messages', ASK, { 'content-encoding': 'gzip' }),
    400,
  ],
  ['a length and chunks at once', postText('/v1/messages', ASK, { 'transfer-encoding': 'chunked' }), 400],
  ['two lengths', postText('/v1/messages', ASK, { 'Content-Length': '3' }), 400],
  ['a chunk with an extension', chunked(';name=value', ''), 200],
  ['a trailer', chunked('', 'x-checksum: 1\r\n'), 400],
  ['another coding that is no chunks', chunked('', '', 'xchunked'), 400],
  ['two codings', chunked('', '', 'gzip, chunked'), 400],
  ['a blank before the colon of a header', get('127.0.0.1\r\nx-a : b'), 400],
  [
    'names of headers in odd case',
    postText('/v1/messages', ASK).replace('content-length', 'CoNtEnT-lEnGtH'),
    200,
  ],
  ['a target with scheme and host', postText('http://127.0.0.1/v1/messages', ASK), 200],
  ['TRACE', get('127.0.0.1', '/').replace('GET', 'TRACE'), 405],
  ['a negative length', postText('/v1/messages', '', { 'content-length': '-5' }), 400],
  ['a length beyond belief', postText('/v1/messages', '', { 'content-length': '9'.repeat(15) }), 413],
  ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', 400],
];

test.each(CASES)('%s', async (_, text, status) => {
  const client = await connectRaw(sluice.port);
  client.write(text);
  await client.until((seen) => seen.includes('\r\n\r\n'));
  expect(client.text()).toStartWith(`HTTP/1.1 ${status} `);
  if (status === 100) await client.until((seen) => seen.includes('HTTP/1.1 200 '));
  client.leave();
});

test('two requests in one write: two answers, in order', async () => {
  const client = await connectRaw(sluice.port);
  client.write(get('127.0.0.1') + get('127.0.0.1', '/nothing'));
  await client.until((seen) => seen.includes('no such path'));
  expect(client.text()).toMatch(/HTTP\/1\.1 200 [\s\S]*"healthy"[\s\S]*HTTP\/1\.1 404 /);
  client.leave();
});

// Bun's server tells no difference between a client that has nothing more to say and one that is gone.
test('a client that closes its side after asking is taken for one that left', async () => {
  const socket = connect({ port: sluice.port, host: '127.0.0.1', allowHalfOpen: true });
  const closed = Promise.withResolvers<void>();
  socket.on('close', () => closed.resolve());
  socket.resume();
  const project_id = 'half closed';
  socket.end(postText('/v1/messages', { ...ASK, model: 'simulator/demo', stream: true, project_id }));
  await closed.promise;
  let statuses: string[] = [];
  await eventually(async () => {
    const page = await fetch(`${sluice.url}/gateway/audit?project_id=${encodeURIComponent(project_id)}`);
    const { entries } = (await page.json()) as { entries: { status: string }[] };
    statuses = entries.map(({ status }) => status);
    return statuses.length > 0;
  });
  expect(statuses).toEqual(['aborted']);
});

test('none of this was an error of the gateway', () => {
  expect(sluice.output()).not.toMatch(/ERROR|internal/);
});
