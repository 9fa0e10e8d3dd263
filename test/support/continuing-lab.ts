// A gateway whose targets are tried in a row, each with answers of the test's own, and that goes on with streams.
import type { ConfigInput } from '../../src/index.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import { createManualTimers } from './manual-timers.ts';
import { CHAT, MESSAGE } from './message-stream.ts';
import { createReplayFetch } from './replay-fetch.ts';
import { type Reply, replyWith } from './reply.ts';
import { createTestGateway } from './test-gateway.ts';

export interface LabTarget {
  dialect: DialectId;
  model?: string;
  /** A known row, at its own address; the name is then the first part of that address' path. */
  kind?: string;
  maxRetries?: number;
  reply: Reply;
}

export function createContinuingLab(
  targets: Record<string, LabTarget>,
  routing: NonNullable<ConfigInput['routing']> = { continue_streams: true },
  more: Partial<ConfigInput> = {},
) {
  const timers = createManualTimers(Date.UTC(2026, 0, 1));
  const upstream = createReplayFetch((request) => {
    const target = targets[request.path.split('/')[1] ?? ''];
    if (target === undefined) throw new Error(`no target at ${request.path}`);
    return target.reply;
  });
  const [first, ...others] = Object.entries(targets).map(([name, { model }]) =>
    model === undefined ? name : `${name}/${model}`,
  );
  const providers = Object.entries(targets).map(([name, { dialect, kind, maxRetries = 0 }]) => [
    name,
    {
      ...(kind !== undefined && { kind }),
      dialect,
      ...(kind === undefined && {
        base_url: `http://upstream.test/${name}${dialect.startsWith('openai') ? '/v1' : ''}`,
      }),
      api_key: 'key-of-lab',
      max_retries: maxRetries,
    },
  ]);
  const lab = createTestGateway({
    config: {
      providers: Object.fromEntries(providers),
      routing: {
        default_provider: first?.split('/')[0] ?? null,
        fallback_chain: others,
        ...routing,
      },
      ...more,
    },
    fetch: upstream.fetch,
    host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer, random: () => 0 },
  });
  return {
    ...lab,
    timers,
    requests: upstream.requests,
    /** The names of those who were asked, in order. */
    asked: () => upstream.requests.map(({ path }) => path.split('/')[1]),
  };
}

/** With every count that clients of the dialect count on. */
export const MESSAGE_START = MESSAGE.start.replace(
  '"input_tokens":7',
  '"input_tokens":7,"cache_creation_input_tokens":0,"cache_read_input_tokens":0',
);

/** A message of Anthropic's that ends after this text, as a connection that closes. */
export const brokenMessage = (text: string): Reply =>
  replyWith(MESSAGE_START + MESSAGE.block + MESSAGE.delta(text));
export const wholeMessageStream = (text: string): Reply =>
  replyWith(MESSAGE_START + MESSAGE.block + MESSAGE.delta(text) + MESSAGE.end);
export const brokenChat = (text: string): Reply => replyWith(CHAT.start + CHAT.delta(text));
export const wholeChatStream = (text: string): Reply => replyWith(CHAT.start + CHAT.delta(text) + CHAT.end);
