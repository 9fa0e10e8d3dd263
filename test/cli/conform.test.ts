// `sluice conform` over real sockets: a gateway that keeps to its dialects, and servers that do not.
import { describe, expect, test } from 'bun:test';
import { DIALECT_IDS } from '../../src/model/dialect-id.ts';
import { createHttpHost } from '../../src/server/host.ts';
import { runCommand } from '../support/cli-run.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const conform = (args: string[]) => runCommand(['conform', ...args]);

async function against(
  answer: (request: Request) => Response | Promise<Response>,
  args: string[],
  path = '',
) {
  const fetch = async (request: Request) => answer(request);
  const http = createHttpHost({ hostname: '127.0.0.1', port: 0, fetch, onError: () => {} });
  try {
    return await conform([`${http.url}${path}`, ...args]);
  } finally {
    await http.drain(0);
  }
}

const MODEL = ['--model', 'simulator/fast'];
const CHAT = ['--dialect', 'openai-chat'];
const events = (...data: string[]) =>
  new Response(data.map((line) => `data: ${line}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  });
const chunk = (delta: object, finish: string | null = null) =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });

/** A stream that begins, and goes on as told. */
const streamOf = (start: (controller: ReadableStreamDefaultController<Uint8Array>) => void) =>
  new Response(new ReadableStream<Uint8Array>({ start }), {
    headers: { 'content-type': 'text/event-stream' },
  });
const begin = () => new TextEncoder().encode(`data: ${chunk({ role: 'assistant' })}\n\n`);
const silent = () => streamOf((controller) => controller.enqueue(begin()));
const endingWith = (error: Error) =>
  streamOf((controller) => {
    controller.enqueue(begin());
    setTimeout(() => controller.error(error), 10);
  });

describe('sluice conform', () => {
  test('the gateway keeps to all dialects', async () => {
    const { gateway } = createTestGateway({ fetch: () => Promise.reject(new Error('no network')) });
    const { code, out } = await against((request) => gateway.fetch(request), [...MODEL, '--json']);
    const results: { dialect: string; outcome: string; violations: string[] }[] = JSON.parse(out);
    expect(results.flatMap(({ violations }) => violations)).toEqual([]);
    expect(results.map(({ outcome }) => outcome)).toEqual(Array(5 * DIALECT_IDS.length).fill('ok'));
    expect(new Set(results.map(({ dialect }) => dialect))).toEqual(new Set(DIALECT_IDS));
    expect(code).toBe(0);
  });

  test('of a server that says nothing each dialect is asked once', async () => {
    let asked = 0;
    const answer = () => {
      asked += 1;
      return new Promise<Response>(() => {});
    };
    const { code, out } = await against(answer, ['--timeout', '0.05', '--json']);
    const results: { case: string; outcome: string; violations: string[] }[] = JSON.parse(out);
    expect(code).toBe(1);
    expect(asked).toBe(DIALECT_IDS.length);
    expect(results.filter(({ outcome }) => outcome === 'not asked')).toHaveLength(4 * DIALECT_IDS.length);
    const [first] = results;
    expect(first?.violations).toEqual(['no answer within 0.05 s (--timeout)']);
  });

  test('a stream without its terminal is a violation', async () => {
    const answer = () => events(chunk({ role: 'assistant', content: 'Hello' }));
    const { code, out } = await against(answer, CHAT);
    expect(code).toBe(1);
    expect(out).toMatch(/openai-chat +text +violations/);
    expect(out).toContain('[DONE]');
  });

  test('tool arguments that are not JSON are a violation', async () => {
    const call = {
      index: 0,
      id: 'x',
      type: 'function',
      function: { name: 'get_weather', arguments: '{"city' },
    };
    const answer = () =>
      events(chunk({ role: 'assistant', tool_calls: [call] }), chunk({}, 'tool_calls'), '[DONE]');
    const { code, out } = await against(answer, CHAT);
    expect(code).toBe(1);
    expect(out).toContain('are not JSON');
  });

  test('a bad request that is answered well, and errors of another shape, are violations', async () => {
    const { out } = await against(() => Response.json({ oops: true }), CHAT);
    expect(out).toContain('HTTP 200 for a bad request');
    expect(out).toContain('no object `error`');
  });

  test('a dialect that is not served fails only where it was asked for', async () => {
    const { gateway } = createTestGateway({ fetch: () => Promise.reject(new Error('no network')) });
    const answer = (request: Request) =>
      request.url.includes('/v1/messages')
        ? gateway.fetch(request)
        : Response.json({ error: {} }, { status: 404 });
    const open = await against(answer, MODEL);
    expect(open.code).toBe(0);
    expect(open.out).toMatch(/gemini +text +not served/);
    expect((await against(answer, [...MODEL, ...CHAT])).code).toBe(1);
  });

  const LIMIT = '4194304 bytes';
  const BRIEFLY = [...CHAT, '--timeout', '0.3'];
  /** For what comes without end, which a busy machine takes its time to send. */
  const PATIENTLY = [...CHAT, '--timeout', '20'];
  const endless = (frame: string) =>
    new Response(
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new TextEncoder().encode(frame)),
      }),
      { headers: { 'content-type': 'text/event-stream' } },
    );

  describe('is bounded, whatever the server does', () => {
    const cases: [string, () => Response | Promise<Response>, string][] = [
      ['never answers', () => new Promise<Response>(() => {}), 'no answer within'],
      ['answers and then says nothing', () => silent(), 'timed out'],
      ['streams without end', () => endless(`data: ${chunk({ content: 'x'.repeat(1_000) })}\n\n`), LIMIT],
      ['sends one event without end', () => endless('data: xxxxxxxxxxxxxxxx'.repeat(100)), LIMIT],
      ['sends a whole answer without end', () => Response.json({ id: 'x'.repeat(5_000_000) }), LIMIT],
      ['sends elsewhere', () => Response.redirect('http://127.0.0.1:9/', 307), 'HTTP 307'],
      [
        'answers with a page',
        () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
        'text/html',
      ],
      ['breaks off', () => endingWith(new Error('gone')), 'the stream broke'],
    ];
    test.each(cases)('a server that %s', async (_, answer, violation) => {
      const { code, out } = await against(answer, violation === LIMIT ? PATIENTLY : BRIEFLY);
      expect(code).toBe(1);
      expect(out).toContain(violation);
      // No page of a server's own words.
      for (const line of out.split('\n')) expect(line.length).toBeLessThan(400);
    });

    test('a server that speaks no HTTP', async () => {
      const server = Bun.listen({
        hostname: '127.0.0.1',
        port: 0,
        socket: { data: (socket) => void socket.end('220 mail.example ESMTP\r\n') },
      });
      try {
        const { code, out } = await conform([`http://127.0.0.1:${server.port}`, ...BRIEFLY]);
        expect(code).toBe(1);
        expect(out.match(/ violations/g)).toHaveLength(5);
      } finally {
        server.stop(true);
      }
    });
  });

  test('a port where nobody listens: it is reported once, and nothing more is sent', async () => {
    const { code, out, err } = await conform(['http://127.0.0.1:9']);
    expect({ code, out, err }).toEqual({
      code: 1,
      out: '',
      err:
        'error: the server cannot be reached at http://127.0.0.1:9: no connection could be made (ECONNREFUSED); ' +
        'check that it runs, and that the URL is right',
    });
    expect((await conform(['http://127.0.0.1:9', '--json'])).out).toBe('[]');
  });

  test('a server that goes away in the middle: what it answered is reported', async () => {
    const { gateway } = createTestGateway({ fetch: () => Promise.reject(new Error('no network')) });
    let asked = 0;
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      async fetch(request) {
        asked += 1;
        const answer = await gateway.fetch(request);
        if (asked === 3) server.stop();
        // Else the open connection would go on serving.
        answer.headers.set('connection', 'close');
        return answer;
      },
    });
    const { code, out, err } = await conform([server.url.href, ...MODEL]);
    expect(code).toBe(1);
    expect(out.match(/ ok$/gm)).toHaveLength(3);
    expect(err).toContain('cannot be reached');
  });

  describe('detects a stream that breaks each dialect’s order', () => {
    const head = { type: 'message_start', message: { id: 'm', type: 'message', role: 'assistant' } };
    const created = {
      type: 'response.created',
      sequence_number: 0,
      response: { id: 'r', object: 'response' },
    };
    const broken: [string, string[], string][] = [
      ['anthropic-messages', [JSON.stringify(head), JSON.stringify(head)], 'message_start'],
      ['openai-chat', [chunk({ content: 'a' }, 'stop'), chunk({ content: 'b' }), '[DONE]'], 'after'],
      ['openai-responses', [JSON.stringify(created)], 'no terminal event'],
      ['gemini', [JSON.stringify({ candidates: [{ index: 0, content: { parts: [] } }] })], 'finishReason'],
    ];
    test.each(broken)('%s', async (dialect, data, violation) => {
      const { code, out } = await against(() => events(...data), ['--dialect', dialect]);
      expect(code).toBe(1);
      expect(out).toContain(violation);
    });
  });

  test('a server that serves no dialect is exit code 1', async () => {
    const { code, err } = await against(() => new Response(null, { status: 404 }), []);
    expect(code).toBe(1);
    expect(err).toContain('none of the dialects');
    expect(err).not.toContain('version');
  });

  test('a URL that holds the version of the paths is reported without it', async () => {
    const { code, err } = await against(() => new Response(null, { status: 404 }), [], '/proxy/v1/');
    expect(code).toBe(1);
    expect(err).toMatch(/include the version: give http:\/\/127\.0\.0\.1:\d+\/proxy$/);
  });

  test.each([[[]], [['nowhere']], [['ftp://localhost']], [['http://localhost', '--dialect', 'klingon']]])(
    '%j is a wrong command line',
    async (args: string[]) => {
      const { code, err } = await conform(args);
      expect(code).toBe(2);
      expect(err).not.toBe('');
    },
  );
});
