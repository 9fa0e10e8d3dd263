// Providers that fail to order, in a row, on a clock turned by hand.
import { expect } from 'bun:test';
import { resolveInput } from './resolve-input.ts';
import type { ConfigInput, GatewayHost } from '../../src/index.ts';
import { createManualTimers } from './manual-timers.ts';
import { CHAT, MESSAGE, wholeChat, wholeMessage } from './message-stream.ts';
import { createReplayFetch } from './replay-fetch.ts';
import { jsonReply, type Reply, replyWith, type SeenRequest } from './reply.ts';
import { createTestGateway } from './test-gateway.ts';

export const ASK = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
export const PATHS = ['/v1/messages', '/v1/chat/completions'] as const;
export const BOTH = [true, false] as const;

export const failure = (status: number, message = 'failed', headers: Record<string, string> = {}) =>
  jsonReply({ type: 'error', error: { type: 'api_error', message } }, { status, headers });
export const limited = (headers: Record<string, string> = {}) => failure(429, 'slow down', headers);

/** What a provider answers when it works, in the form it was asked for. */
function answer(request: SeenRequest, text: string): Reply {
  const body = request.json() as { stream?: boolean };
  if (request.path.includes('chat')) {
    return body.stream ? replyWith(CHAT.start + CHAT.delta(text) + CHAT.end) : jsonReply(wholeChat(text));
  }
  return body.stream
    ? replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta(text) + MESSAGE.end)
    : jsonReply(wholeMessage(text));
}

/** Of `/gateway/providers`, what tests look at. */
interface ProviderLine {
  name: string;
  in_flight: number;
  queued: number;
  healthy: boolean;
  breaker: string;
  retry_in_ms?: number;
  last_error?: string;
  concurrency_limit: number | null;
  keys: { name: string; state: string; models?: string[] }[];
}

type Script = (Reply | 'works' | 'refused')[];

interface Lab {
  /** What each provider answers, one by one; the last one stands for all further. */
  script: Record<string, Script>;
  providers?: Record<string, Partial<NonNullable<ConfigInput['providers']>[string]>>;
  config?: Partial<ConfigInput>;
  random?: number;
  /** Further parts of the host. */
  host?: Partial<GatewayHost>;
}

let check: (() => Promise<void>) | undefined;

/** For `afterEach`. Whatever happened: no timer runs on, no request is open, no provider is thought to be at work. */
export async function expectSettled(): Promise<void> {
  await check?.();
  check = undefined;
}

/**
 * `one` and `three` speak Anthropic Messages, `two` speaks OpenAI Chat; `one` is the default, and the others that
 * are in the script follow in the chain.
 */
export function createFallbackLab({ script, providers = {}, config = {}, random = 0, host = {} }: Lab) {
  const timers = createManualTimers(Date.UTC(2026, 0, 1));
  const asked: string[] = [];
  const upstream = createReplayFetch((request) => {
    const name = request.path.split('/')[1] ?? '';
    const steps = script[name] ?? [];
    const step = steps[Math.min(asked.filter((other) => other === name).length, steps.length) - 1] ?? 'works';
    return step === 'works' || step === 'refused' ? answer(request, `from ${name}`) : step;
  });
  const fetch = (url: string, init: RequestInit) => {
    const name = new URL(url).pathname.split('/')[1] ?? '';
    asked.push(name);
    const steps = script[name] ?? [];
    if (steps[Math.min(asked.filter((other) => other === name).length, steps.length) - 1] === 'refused') {
      return Promise.reject(Object.assign(new Error('connect'), { code: 'ConnectionRefused' }));
    }
    return upstream.fetch(url, init);
  };
  const names = Object.keys(script);
  const entries = names.map((name) => [
    name,
    {
      dialect: name === 'two' ? 'openai-chat' : 'anthropic-messages',
      base_url: `http://upstream.test/${name}`,
      api_key: `key-of-${name}`,
      max_retries: 0,
      timeouts: { connect: '1s', first_byte: '1s', idle: '1s' },
      ...providers[name],
    },
  ]);
  const given: ConfigInput = {
    server: { ping_interval: '60s' },
    providers: Object.fromEntries(entries),
    routing: { default_provider: 'one', fallback_chain: names.slice(1) },
    ...config,
  };
  const lab = createTestGateway({
    config: given,
    fetch,
    host: {
      now: timers.now,
      monotonic: timers.now,
      setTimer: timers.setTimer,
      random: () => random,
      ...host,
    },
  });
  const health = async () => {
    const response = await lab.gateway.fetch(new Request('http://127.0.0.1:8088/gateway/providers'));
    return (await response.json()) as { providers: ProviderLine[] };
  };
  check = async () => {
    await timers.advance(1_000);
    const { providers: states } = await health();
    expect(states.map(({ in_flight }) => in_flight)).toEqual(states.map(() => 0));
    expect(lab.gateway.activeStreams()).toBe(0);
    for (const request of upstream.requests)
      expect(['complete', 'left', 'cut', 'reset']).toContain(await request.ended);
    // What is left is the ledger's hourly look at old rows.
    expect(timers.pending()).toBeLessThanOrEqual(1);
  };
  /** Resolves when the answer is there, turning the clock up to `ms`. */
  async function answered(
    response: Promise<Response>,
    ms = 0,
  ): Promise<{ response: Response; text: string }> {
    await timers.advance(ms);
    const settled = await Promise.race([
      response,
      new Promise<null>((resolve) => setImmediate(() => resolve(null))),
    ]);
    if (settled === null) throw new Error(`no answer after ${ms} ms; asked: ${asked.join(', ')}`);
    return { response: settled, text: await settled.text() };
  }
  /** The ledger writes a moment later. */
  async function row() {
    await timers.advance(1_000);
    return lab.row(0);
  }
  function reload(changes: Partial<ConfigInput>): void {
    lab.gateway.reload(resolveInput({ ...given, ...changes }).config);
  }
  return { ...lab, timers, asked, upstream, answered, row, rowAt: lab.row, health, reload };
}
