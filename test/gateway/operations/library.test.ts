// The library's way in: neutral events over any provider, cancelled by `break` or a signal, recorded like the rest.
import { getEventListeners } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'bun:test';
import { type Ask, createGateway, GatewayError } from '../../../src/index.ts';
import { labConfig } from '../../support/lab-config.ts';
import { CHAT, MESSAGE, utf8 } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const ask = (model: string): Ask => ({
  model,
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
  maxOutputTokens: 9,
});

const WHOLE = {
  'claude/m': MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hel') + MESSAGE.delta('lo') + MESSAGE.end,
  'gpt/m': CHAT.start + CHAT.delta('Hel') + CHAT.delta('lo') + CHAT.end,
};
const MODELS = ['claude/m', 'gpt/m'] as const;
const begun = {
  'claude/m': MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hel'),
  'gpt/m': CHAT.start + CHAT.delta('Hel'),
};

function setup(reply: Reply | ((path: string) => Reply)) {
  const upstream = createReplayFetch((request) =>
    typeof reply === 'function' ? reply(request.path) : reply,
  );
  const config = labConfig(
    'http://upstream.test',
    {},
    { routing: { default_provider: 'claude', fallback_chain: ['gpt'] } },
  );
  return { upstream, ...createTestGateway({ config, fetch: upstream.fetch }) };
}

/** Says something and then waits for ever. */
const hanging = (model: (typeof MODELS)[number]) =>
  replyWith(utf8(begun[model]), { fault: { kind: 'hang', after: utf8(begun[model]).length } });

async function* chunksOf(reader: ReadableStreamDefaultReader) {
  for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
}

async function caught(events: AsyncIterable<unknown>): Promise<unknown> {
  return Array.fromAsync(events).then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
}

describe.each(MODELS)('.stream() from %s', (model) => {
  test('events in order, one ending, and a row', async () => {
    const lab = setup(replyWith(WHOLE[model]));
    const events = await Array.fromAsync(lab.gateway.stream(ask(model)));
    const types = events.map(({ type }) => type).filter((type) => type !== 'usage');
    expect(types).toEqual(['start', 'text-start', 'text-delta', 'text-delta', 'text-end', 'finish']);
    const text = events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
    expect(text).toBe('Hello');
    expect(await lab.row(0)).toMatchObject({
      clientDialect: 'neutral',
      status: 'success',
      httpStatus: 200,
      streamed: true,
      requestedModel: model,
      route: { rule: 'model' },
      model: 'served',
      usage: { inputTokens: 7, outputTokens: 3 },
    });
    expect(lab.upstream.requests[0]?.json()).toMatchObject({ model: 'm', stream: true });
  });

  test('each event as soon as it is there', async () => {
    const gate = Promise.withResolvers<void>();
    const rest = WHOLE[model].slice(begun[model].length);
    const lab = setup(
      replyWith([utf8(begun[model]), utf8(rest)], {
        before: (index) => (index === 1 ? gate.promise : undefined),
      }),
    );
    let text = '';
    for await (const event of lab.gateway.stream(ask(model))) {
      if (event.type === 'text-delta') text += event.text;
      // Only what has been seen lets the upstream go on.
      if (text === 'Hel') gate.resolve();
    }
    expect(text).toBe('Hello');
  });

  test('break cancels the upstream; the row says aborted', async () => {
    const lab = setup(hanging(model));
    for await (const event of lab.gateway.stream(ask(model))) if (event.type === 'text-delta') break;
    expect(await lab.upstream.requests[0]?.ended).toBe('left');
    expect((await lab.row(0)).status).toBe('aborted');
    expect(lab.gateway.activeStreams()).toBe(0);
  });

  test('an error thrown inside the loop cancels the upstream; the row says aborted', async () => {
    const lab = setup(hanging(model));
    const loop = async () => {
      for await (const event of lab.gateway.stream(ask(model)))
        if (event.type === 'text-delta') throw new Error('mine');
    };
    await expect(loop()).rejects.toThrow('mine');
    expect(await lab.upstream.requests[0]?.ended).toBe('left');
    expect((await lab.row(0)).status).toBe('aborted');
  });

  test('a signal cancels while the loop waits, with its own reason', async () => {
    const lab = setup(hanging(model));
    const controller = new AbortController();
    const reason = new Error('enough');
    let text = '';
    const loop = async () => {
      for await (const event of lab.gateway.stream(ask(model), { signal: controller.signal })) {
        if (event.type !== 'text-delta') continue;
        text += event.text;
        setImmediate(() => controller.abort(reason));
      }
    };
    await expect(loop()).rejects.toBe(reason);
    expect(text).toBe('Hel');
    expect(await lab.upstream.requests[0]?.ended).toBe('left');
    expect((await lab.row(0)).status).toBe('aborted');
  });

  test('a signal that is aborted behind the ending finds a complete answer, and is not followed any more', async () => {
    const lab = setup(replyWith(WHOLE[model]));
    const controller = new AbortController();
    const reason = new Error('enough');
    const loop = async () => {
      for await (const event of lab.gateway.stream(ask(model), { signal: controller.signal }))
        if (event.type === 'finish') controller.abort(reason);
    };
    await expect(loop()).rejects.toBe(reason);
    expect((await lab.row(0)).status).toBe('success');

    const { signal } = new AbortController();
    for await (const event of lab.gateway.stream(ask(model), { signal })) if (event.type === 'finish') break;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('a signal cancels before the first answer', async () => {
    const lab = setup(replyWith('', { fault: { kind: 'hang-before-headers' } }));
    const controller = new AbortController();
    const outcome = caught(lab.gateway.stream(ask(model), { signal: controller.signal }));
    while (lab.upstream.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect(await outcome).toBe(controller.signal.reason);
    expect(await lab.upstream.requests[0]?.ended).toBe('left');
    expect((await lab.row(0)).status).toBe('aborted');
  });

  test('the body of a request whose signal is aborted fails with its reason, and also unread the provider is left', async () => {
    for (const reads of [true, false]) {
      const lab = setup(hanging(model));
      const controller = new AbortController();
      const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'hi' }] });
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
      const { signal } = controller;
      const response = await lab.gateway.fetch(
        new Request('http://sluice/v1/chat/completions', { ...init, signal }),
      );
      const reader = response.body?.getReader();
      if (reader === undefined) throw new Error('the answer has no body');
      await reader.read();
      const reason = new Error('enough');
      const reading = reads ? caught(chunksOf(reader)) : reason;
      controller.abort(reason);
      expect(await reading).toBe(reason);
      expect(await lab.upstream.requests[0]?.ended).toBe('left');
      expect((await lab.row(0)).status).toBe('aborted');
      expect(lab.gateway.activeStreams()).toBe(0);
    }
  });

  test('a signal that was aborted before asks nobody', async () => {
    const lab = setup(replyWith(WHOLE[model]));
    const signal = AbortSignal.abort(new Error('never mind'));
    expect(await caught(lab.gateway.stream(ask(model), { signal }))).toBe(signal.reason);
    expect(lab.upstream.requests).toHaveLength(0);
    expect((await lab.row(0)).status).toBe('aborted');
  });

  test('a stream cut short is thrown as upstream_truncated, after what came', async () => {
    const lab = setup(replyWith(begun[model]));
    const seen: string[] = [];
    const loop = async () => {
      for await (const event of lab.gateway.stream(ask(model))) seen.push(event.type);
    };
    const error = await loop().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ code: 'upstream_truncated' });
    expect(seen).toContain('text-delta');
    expect(seen).not.toContain('finish');
    expect((await lab.row(0)).status).toBe('truncated');
  });
});

test('a refusal is thrown as GatewayError with the code and status it would have had over HTTP', async () => {
  const lab = setup(
    jsonReply({ type: 'error', error: { type: 'invalid_request_error', message: 'no' } }, { status: 422 }),
  );
  const error = await caught(lab.gateway.stream(ask('claude/m')));
  expect(error).toBeInstanceOf(GatewayError);
  expect(error).toMatchObject({ code: 'upstream_rejected', status: 422 });
  expect(await lab.row(0)).toMatchObject({
    status: 'error',
    errorCode: 'upstream_rejected',
    httpStatus: 422,
  });
});

test('an unknown provider is thrown as unknown_model, with a row', async () => {
  const lab = setup(replyWith(''));
  expect(await caught(lab.gateway.stream(ask('openai/gpt-5')))).toMatchObject({ code: 'unknown_model' });
  expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'unknown_model', attempts: [] });
});

test('.stream() falls back like a request, and a target can be forced', async () => {
  const busy = jsonReply(
    { type: 'error', error: { type: 'overloaded_error', message: 'busy' } },
    { status: 529 },
  );
  const lab = setup((path) => (path.includes('chat') ? replyWith(WHOLE['gpt/m']) : busy));
  expect((await Array.fromAsync(lab.gateway.stream(ask('m')))).at(-1)).toMatchObject({ type: 'finish' });
  expect((await lab.row(0)).attempts.map(({ provider }) => provider)).toEqual(['claude', 'gpt']);
  await Array.fromAsync(lab.gateway.stream(ask('m'), { target: 'gpt/forced' }));
  expect(lab.upstream.requests.at(-1)?.json()).toMatchObject({ model: 'forced' });
  const { providers } = (await (
    await lab.gateway.fetch(new Request('http://127.0.0.1:8088/gateway/providers'))
  ).json()) as {
    providers: { in_flight: number }[];
  };
  expect(providers.map(({ in_flight }) => in_flight)).toEqual(providers.map(() => 0));
});

test('`fetch` is a handler as it is, although a server calls it with more than the request', async () => {
  const gateway = createGateway({}, { environment: {} });
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: gateway.fetch });
  try {
    const body = { model: 'simulator/fast', stream: true, messages: [{ role: 'user', content: 'hi' }] };
    const answer = await fetch(new URL('/v1/chat/completions', server.url), {
      method: 'POST',
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toEndWith('data: [DONE]\n\n');
  } finally {
    await server.stop(true);
    await gateway.close();
  }
});

test('examples/embed.ts runs and prints a stream and an answer', async () => {
  const root = join(import.meta.dir, '..', '..', '..');
  const child = Bun.spawn([process.execPath, join(root, 'examples', 'embed.ts')], {
    env: { PATH: process.env.PATH ?? '' },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, error, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  expect({ error, code }).toEqual({ error: '', code: 0 });
  expect(out).toStartWith('200 text/event-stream\n');
  expect(out).toContain('data: [DONE]');
  expect(out.split('data: [DONE]')[1]).toMatch(/\S+ \S+[\s\S]*\[end_turn\]/);
});
