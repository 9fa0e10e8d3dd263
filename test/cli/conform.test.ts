// `sluice conform` over real sockets: a gateway that keeps to its dialects, and servers that do not.
import { describe, expect, test } from 'bun:test';
import { DIALECT_IDS } from '../../src/model/dialect-id.ts';
import { createHttpHost } from '../../src/server/host.ts';
import { runCommand } from '../support/cli-run.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const conform = (args: string[]) => runCommand(['conform', ...args]);

async function against(answer: (request: Request) => Response | Promise<Response>, args: string[]) {
  const fetch = async (request: Request) => answer(request);
  const http = createHttpHost({ hostname: '127.0.0.1', port: 0, fetch, onError: () => {} });
  try {
    return await conform([http.url, ...args]);
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

describe('sluice conform', () => {
  test('the gateway keeps to all four dialects', async () => {
    const { gateway } = createTestGateway({ fetch: () => Promise.reject(new Error('no network')) });
    const { code, out } = await against((request) => gateway.fetch(request), [...MODEL, '--json']);
    const results: { dialect: string; outcome: string; violations: string[] }[] = JSON.parse(out);
    expect(results.flatMap(({ violations }) => violations)).toEqual([]);
    expect(results.map(({ outcome }) => outcome)).toEqual(Array(20).fill('ok'));
    expect(new Set(results.map(({ dialect }) => dialect))).toEqual(new Set(DIALECT_IDS));
    expect(code).toBe(0);
  });

  test('a stream without its terminal is a violation', async () => {
    const answer = () => events(chunk({ role: 'assistant', content: 'Hello' }));
    const { code, out } = await against(answer, CHAT);
    expect(code).toBe(1);
    expect(out).toMatch(/openai-chat {2}text +violations/);
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
    expect(open.out).toMatch(/gemini {2}text +not served/);
    expect((await against(answer, [...MODEL, ...CHAT])).code).toBe(1);
  });

  test('a server that serves no dialect is exit code 1', async () => {
    const { code, err } = await against(() => new Response(null, { status: 404 }), []);
    expect(code).toBe(1);
    expect(err).toContain('none of the dialects');
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
