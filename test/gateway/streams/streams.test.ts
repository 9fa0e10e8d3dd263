// /gateway/streams: running requests are listed, can be cancelled and watched, and are gone when they end.
import { describe, expect, test } from 'bun:test';
import type { LiveEvent } from '../../../src/management/shapes.ts';
import type { ConfigInput } from '../../../src/index.ts';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import { createFrameSplitter } from '../../../src/sse/frame-splitter.ts';
import { parseFrame } from '../../../src/sse/parse-frame.ts';
import { MESSAGE, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const KEY = 'sk-ant-api03-a-key-that-somebody-pasted';
const encode = (text: string) => new TextEncoder().encode(text);
const ASK = { model: 'claude/m', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const PATHS = { same: '/v1/messages', translated: '/v1/chat/completions' } as const;

/** An answer of which the rest comes when `go` is called. */
function held(first: string, rest: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const reply: Reply = {
    ...replyWith([encode(first), encode(rest)]),
    before: (index) => (index === 1 ? promise : undefined),
  };
  return { reply, go: resolve };
}

const FIRST = MESSAGE.start + MESSAGE.block + MESSAGE.delta('one ');

function setup(reply: Reply, routing: ConfigInput['routing'] = {}) {
  const upstream = createReplayFetch(() => reply);
  const lab = createTestGateway({ config: { providers: LAB_PROVIDERS, routing }, fetch: upstream.fetch });
  const manage = (path: string, method = 'GET') =>
    lab.gateway.fetch(new Request(`http://127.0.0.1:8088${path}`, { method }));
  const list = async () => {
    const body = (await (await manage('/gateway/streams')).json()) as { streams: Record<string, unknown>[] };
    return body.streams;
  };
  return { ...lab, upstream, manage, list };
}

async function readStart(response: Response): Promise<{ rest(): Promise<string> }> {
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  const decoder = new TextDecoder();
  let text = decoder.decode((await reader.read()).value, { stream: true });
  return {
    async rest() {
      for (let read = await reader.read(); !read.done; read = await reader.read())
        text += decoder.decode(read.value, { stream: true });
      return text;
    },
  };
}

test('a key where a name belongs is not listed', async () => {
  const { reply, go } = held(FIRST, MESSAGE.delta('two') + MESSAGE.end);
  const lab = setup(reply);
  const names = { model: `claude/${KEY}`, agent_type: KEY, project_id: KEY };
  const { rest } = await readStart(await lab.post(PATHS.same, { ...ASK, ...names, stream: true }));
  const list = JSON.stringify(await lab.list());
  expect(list).toContain('[redacted]');
  expect(list).not.toContain(KEY);
  go();
  await rest();
});

describe.each(Object.entries(PATHS))('%s dialect', (_, path) => {
  test('a running stream is listed, and gone when it is over', async () => {
    const { reply, go } = held(FIRST, MESSAGE.delta('two') + MESSAGE.end);
    const lab = setup(reply);
    const response = await lab.post(path, { ...ASK, stream: true, agent_type: 'reviewer', project_id: 'p1' });
    const { rest } = await readStart(response);
    expect(await lab.list()).toEqual([
      expect.objectContaining({
        request_id: response.headers.get('x-sluice-request-id'),
        state: 'answering',
        streamed: true,
        provider: 'claude',
        // As the provider calls what serves.
        model: 'served',
        agent_type: 'reviewer',
        project_id: 'p1',
        attempts: 1,
      }),
    ]);
    go();
    await rest();
    await lab.row(0);
    expect(await lab.list()).toEqual([]);
  });

  test('cancelled: the upstream is cancelled, the client gets an error, the row says aborted', async () => {
    const { reply } = held(FIRST, MESSAGE.delta('never') + MESSAGE.end);
    const lab = setup(reply);
    const response = await lab.post(path, { ...ASK, stream: true });
    const { rest } = await readStart(response);
    const id = response.headers.get('x-sluice-request-id') ?? '';
    const answer = await lab.manage(`/gateway/streams/${id}`, 'DELETE');
    expect(await answer.json()).toEqual({ request_id: id, cancelled: true });
    const text = await rest();
    expect(text).toContain('cancelled by the operator of this gateway');
    expect(text).not.toContain('[DONE]');
    expect(text).not.toContain('message_stop');
    const checker =
      DIALECTS[path === '/v1/messages' ? 'anthropic-messages' : 'openai-chat'].createGrammarChecker();
    for (const frame of createFrameSplitter(1_000_000).push(encode(text)).frames) {
      const event = parseFrame(frame);
      if (event !== undefined) checker.check(event);
    }
    // The upstream of this test says little of its usage; the ending is what counts.
    expect(checker.end().filter((violation) => !violation.includes('lacks usage'))).toEqual([]);
    expect(await lab.row(0)).toMatchObject({ status: 'aborted', errorCode: 'cancelled' });
    expect(await lab.upstream.requests[0]?.ended).toBe('left');
    expect(await lab.list()).toEqual([]);
    expect((await lab.manage(`/gateway/streams/${id}`, 'DELETE')).status).toBe(404);
  });

  test.each([true, false])('cancelled before any answer (streamed: %p)', async (stream) => {
    const lab = setup({ ...replyWith(''), fault: { kind: 'hang-before-headers' } });
    const response = lab.post(path, { ...ASK, stream });
    let running = await lab.list();
    while (running[0]?.attempts !== 1) {
      await new Promise((resolve) => setImmediate(resolve));
      running = await lab.list();
    }
    expect(running[0]).toMatchObject({ state: 'waiting', ttft_ms: null, streamed: stream });
    await lab.manage(`/gateway/streams/${running[0]?.request_id}`, 'DELETE');
    expect((await response).status).toBe(499);
    expect(await (await response).text()).toContain('cancelled by the operator of this gateway');
    expect(await lab.row(0)).toMatchObject({ status: 'aborted', errorCode: 'cancelled' });
  });

  test.each([
    [true, []],
    [false, []],
    [true, ['reasoning' as const]],
    [false, ['reasoning' as const]],
  ])('watched: started, text, completed (streamed: %p, behind %j)', async (stream, transformers) => {
    const body = FIRST + MESSAGE.delta('two ') + MESSAGE.delta('three') + MESSAGE.end;
    const reply = stream ? replyWith(body) : jsonReply(wholeMessage('one two three'));
    const lab = setup(reply, { transformers });
    const live = await lab.manage('/gateway/streams/live');
    expect(live.headers.get('content-type')).toBe('text/event-stream');
    await (await lab.post(path, { ...ASK, stream })).text();
    const row = await lab.row(0);
    expect(row.finishReason).toBe('end_turn');
    const events: LiveEvent[] = [];
    const splitter = createFrameSplitter(1_000_000);
    for await (const chunk of live.body ?? []) {
      for (const frame of splitter.push(chunk).frames) {
        // The view begins with a comment.
        const data = parseFrame(frame)?.data;
        if (data) events.push(JSON.parse(data) as LiveEvent);
      }
      if (events.at(-1)?.type === 'completed') break;
    }
    expect(events[0]).toEqual({ type: 'started', request_id: row.requestId, model: 'm', provider: 'claude' });
    expect(events.map((event) => (event.type === 'text_delta' ? event.text : '')).join('')).toBe(
      'one two three',
    );
    expect(events.at(-1)).toMatchObject({
      type: 'completed',
      request_id: row.requestId,
      output_tokens: row.usage.outputTokens,
    });
  });
});

test('the wrong method, and an unknown request, are reported', async () => {
  const lab = setup(replyWith(''));
  expect((await lab.manage('/gateway/streams', 'DELETE')).status).toBe(405);
  expect((await lab.manage('/gateway/streams/x')).status).toBe(405);
  expect((await lab.manage('/gateway/streams/x', 'DELETE')).status).toBe(404);
  expect((await lab.manage('/gateway/streams/%zz', 'DELETE')).status).toBe(404);
});

test('a HEAD for the live view leaves no watcher behind', async () => {
  const lab = setup(jsonReply(wholeMessage('hi')));
  expect((await lab.manage('/gateway/streams/live', 'HEAD')).status).toBe(200);
});
