// Requests as servers get them, byte by byte, and those that are not sent at all.
import { describe, expect, test } from 'bun:test';
import type { UpstreamRequest } from '../../../src/upstream/transport.ts';
import { createLab, plain } from './lab.ts';
import { question, readWhole, rejection } from './reading.ts';

const { ask, serve, send } = createLab();

async function sent(rest: Partial<UpstreamRequest> = {}, path = '/v1/x?y=1') {
  const server = serve();
  const asked = ask(server.url + path, rest);
  const connection = await server.accept();
  const request = await connection.request();
  await connection.write(plain(''));
  await asked;
  const fields = new Map(
    request.fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field]),
  );
  return { ...request, byName: fields, port: server.port, received: connection.received() };
}

describe('what is sent', () => {
  test('the line, the host with its port, the length; each field once', async () => {
    const request = await sent({
      headers: new Headers({ 'content-type': 'application/json', authorization: 'Bearer key-of-lab' }),
      body: '{"a":"b"}',
    });
    expect(request.line).toBe('POST /v1/x?y=1 HTTP/1.1');
    expect(request.byName.get('host')?.toLowerCase()).toBe(`host: 127.0.0.1:${request.port}`);
    expect(request.byName.get('content-length')?.toLowerCase()).toBe('content-length: 9');
    expect(request.byName.get('authorization')).toEndWith(': Bearer key-of-lab');
    expect(request.body).toBe('{"a":"b"}');
    expect(request.byName.size).toBe(request.fields.length);
  });

  test('lengths count bytes', async () => {
    const body = JSON.stringify({ text: 'é€😀' });
    const request = await sent({ body });
    expect(Buffer.from(request.body, 'latin1').toString('utf8')).toBe(body);
  });

  test.each([
    ['POST', 'content-length: 0'],
    ['PUT', 'content-length: 0'],
    ['PATCH', 'content-length: 0'],
    ['GET', undefined],
    ['DELETE', undefined],
  ])('an empty body has a length, and no body has none, unless %s means one', async (method, length) => {
    expect((await sent({ body: '' })).byName.get('content-length')).toEndWith(': 0');
    const { body: _, ...bare } = question('');
    const server = serve();
    const asked = send({ ...bare, method, url: `${server.url}/models` });
    const connection = await server.accept();
    const request = await connection.request();
    await connection.write(plain('ok'));
    expect((await readWhole(await asked)).body.toString()).toBe('ok');
    expect(request.line).toBe(`${method} /models HTTP/1.1`);
    expect(request.fields.find((field) => /^(content-length|transfer-encoding)/i.test(field))).toBe(length);
  });

  test('fields that frame the message are not taken from who asks', async () => {
    const request = await sent({
      headers: new Headers({
        host: 'other.example',
        'content-length': '99',
        'transfer-encoding': 'chunked',
        connection: 'close',
      }),
      body: 'abc',
    });
    expect(request.byName.get('host')).toEndWith(`127.0.0.1:${request.port}`);
    expect(request.byName.get('content-length')).toEndWith(': 3');
    expect(request.byName.has('transfer-encoding')).toBe(false);
    expect(request.received).not.toContain('close');
  });

  test('values in latin1 arrive as they are, beside a body in UTF-8', async () => {
    const request = await sent({ headers: new Headers({ 'x-name': 'caf\xe9' }), body: 'é' });
    expect(request.byName.get('x-name')).toEndWith(': caf\xe9');
    expect(request.body).toBe('\xc3\xa9');
  });

  test('an address without a path, with a fragment, with escapes', async () => {
    expect((await sent({}, '')).line).toBe('POST / HTTP/1.1');
    expect((await sent({}, '/a#b')).line).toBe('POST /a HTTP/1.1');
    expect((await sent({}, '/a%20b%0D%0A?c=%C3%A9')).line).toBe('POST /a%20b%0D%0A?c=%C3%A9 HTTP/1.1');
  });

  test('an address with only a query', async () => {
    expect((await sent({}, '?q=1')).line).toBe('POST /?q=1 HTTP/1.1');
  });

  test('10 MB, while the server reads slowly', async () => {
    const body = 'é'.repeat(5_000_000);
    const server = serve();
    const asked = ask(server.url, { body });
    const connection = await server.accept();
    connection.pause();
    await Bun.sleep(0);
    connection.resume();
    const request = await connection.request();
    await connection.write(plain('got it'));
    expect((await asked).body.toString()).toBe('got it');
    expect(Buffer.from(request.body, 'latin1').equals(Buffer.from(body))).toBe(true);
    // The connection serves the next as well.
    const next = ask(server.url, { body: 'next' });
    expect((await connection.request()).body).toBe('next');
    await connection.write(plain('too'));
    expect((await next).body.toString()).toBe('too');
  });
});

describe('what is not sent', () => {
  const hostile = (pairs: [string, string][]) => {
    // A Headers object refuses most of these by itself; nobody says that it always stands before us.
    const headers = {
      get: (name: string) => pairs.find(([known]) => known === name)?.[1] ?? null,
      has: (name: string) => pairs.some(([known]) => known === name),
      forEach(visit: (value: string, name: string) => void) {
        for (const [name, value] of pairs) visit(value, name);
      },
    };
    return headers as UpstreamRequest['headers'];
  };
  const refused: [string, Partial<UpstreamRequest>, string?][] = [
    ['CR LF in a value', { headers: hostile([['x-a', 'b\r\nx-evil: 1']]) }],
    ['LF in a value', { headers: hostile([['x-a', 'b\nx-evil: 1']]) }],
    ['CR in a value', { headers: hostile([['x-a', 'b\rx-evil: 1']]) }],
    ['NUL in a value', { headers: hostile([['x-a', 'b\0']]) }],
    ['a value beyond latin1, whose low byte is LF', { headers: hostile([['x-a', 'b\u010ax-evil: 1']]) }],
    ['a colon in a name', { headers: hostile([['x-a: b', 'c']]) }],
    ['CR LF in a name', { headers: hostile([['x-a\r\nx-evil', 'c']]) }],
    ['a name of nothing', { headers: hostile([['', 'c']]) }],
    ['CR LF in a path', {}, '/a HTTP/1.1\r\nx-evil: 1\r\n\r\n'],
    ['a space in a path', {}, '/a b'],
    ['a path beyond ASCII', {}, '/\u010d\u010a'],
    ['CR LF in a method', { method: 'GET / HTTP/1.1\r\nx-evil: 1\r\n\r\nPOST' }],
    ['a space in a method', { method: 'GET /other HTTP/1.1' }],
  ];
  for (const [name, rest, path = '/'] of refused)
    test(name, async () => {
      const server = serve();
      expect(await rejection(ask(server.url + path, rest))).toBeInstanceOf(Error);
      // Whatever had gone out before would have come by the time that another request has its answer.
      const asked = ask(`${server.url}/good`);
      const connection = await server.accept();
      const request = await connection.request();
      await connection.write(plain(''));
      await asked;
      expect(request.line).toBe('POST /good HTTP/1.1');
      expect(server.connections).toHaveLength(1);
      expect(connection.received()).not.toContain('evil');
    });

  test('addresses that are none', async () => {
    for (const url of ['', 'nonsense', 'ftp://127.0.0.1/x', 'http://', 'http://127.0.0.1:99999/'])
      expect(await rejection(ask(url))).toBeInstanceOf(Error);
  });

  test('no error message contains a secret', async () => {
    const headers = hostile([['authorization', 'Bearer key-of-lab\n']]);
    const thrown = await rejection(ask(serve().url, { headers }));
    expect(String(thrown)).not.toContain('key-of-lab');
  });
});
