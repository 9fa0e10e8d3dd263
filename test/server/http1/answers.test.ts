// Answers over real connections: what the parser makes of them reaches who asked, and decides what becomes of the connection.
import { describe, expect, test } from 'bun:test';
import { BAD_ANSWERS, GOOD_ANSWERS } from './answers.ts';
import { createLab, plain } from './lab.ts';
import { rejection } from './reading.ts';

const { ask, serve } = createLab();

/** Each request of an answer that is kept gets another; the first has `sent`. */
const answering = (sent: string, closes: boolean | undefined) =>
  serve(async (connection) => {
    await connection.request();
    await connection.write(sent);
    if (closes) return connection.end();
    await connection.request();
    await connection.write(plain('second'));
  });

describe('answers', () => {
  for (const { name, method = 'GET', sent, status, headers = {}, body, closes, reusable } of GOOD_ANSWERS)
    test(name, async () => {
      const server = answering(sent, closes);
      const answer = await ask(server.url, { method });
      expect(answer).toMatchObject({ status, headers, outcome: 'end' });
      expect(answer.body.toString('latin1')).toBe(body);
      const again = ask(server.url);
      if (reusable) expect((await again).body.toString()).toBe('second');
      else expect((await again).status).toBe(status);
      expect(server.connections).toHaveLength(reusable ? 1 : 2);
    });
});

describe('no answers', () => {
  for (const { name, method = 'GET', sent, closes, failsIn } of BAD_ANSWERS)
    test(name, async () => {
      const server = answering(sent, closes);
      const asked = ask(server.url, { method });
      if (failsIn === 'head') expect(await rejection(asked)).toMatchObject({ code: expect.any(String) });
      else expect((await asked).outcome).toMatchObject({ code: expect.any(String) });
      await server.connections[0]?.closed;
      expect(server.connections).toHaveLength(1);
    });
});

describe('the head', () => {
  test('set-cookie comes once for each', async () => {
    const server = serve(async (connection) => {
      await connection.request();
      await connection.write(
        plain('', 'set-cookie: a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT', 'set-cookie: b=2'),
      );
    });
    const { headers } = await ask(server.url);
    expect(headers['set-cookie']).toContain('a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT');
    expect(headers['set-cookie']).toContain('b=2');
  });

  test('comes before the body does', async () => {
    const server = serve();
    const asked = ask(server.url);
    const connection = await server.accept();
    await connection.request();
    await connection.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n');
    await connection.write('body');
    expect((await asked).body.toString()).toBe('body');
  });

  test('redirects are not followed', async () => {
    const server = serve(async (connection) => {
      await connection.request();
      await connection.write('HTTP/1.1 307 Go\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n');
    });
    const answer = await ask(server.url);
    expect([answer.status, answer.headers.location]).toEqual([307, '/elsewhere']);
    expect(server.connections[0]?.received()).not.toContain('elsewhere');
  });
});
