// A gateway before a Bedrock that answers as recorded, and what a recording says by an independent reading.
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';
import { readMessages } from '../../support/event-stream.ts';
import {
  asArray,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  parseObject,
} from '../../../src/model/json/json.ts';
import type { Recording } from '../../support/recordings.ts';

export const EVENT_STREAM = { 'content-type': 'application/vnd.amazon.eventstream' };
const REGION = 'us-east-1';

/** @param kind `bedrock` or `bedrock-anthropic`. */
export function bedrockLab(reply: Reply, kind = 'bedrock', server = {}) {
  const upstream = createReplayFetch(reply);
  const gateway = createTestGateway({
    config: {
      server,
      providers: { [kind]: { api_key: 'lab-key', options: { region: REGION }, max_retries: 0 } },
      routing: { default_provider: kind },
    },
    fetch: upstream.fetch,
    // Answers are compared with each other.
    host: { randomId: () => 'request-1' },
  });
  const fetch = (url: string | URL | Request, init?: RequestInit) =>
    gateway.gateway.fetch(new Request(url, init));
  return { ...gateway, upstream, fetch, sent: () => upstream.requests[0]?.json() as JsonObject };
}

export function streamReply(body: Uint8Array): Reply {
  return replyWith(body, { headers: EVENT_STREAM });
}

export interface Essence {
  text: string;
  reasoning: string;
  calls: { name: string; arguments: unknown }[];
  stop: string;
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

export function essenceOf(recording: Recording): Essence {
  return recording.streamed ? ofStream(recording.body) : ofWhole(recording.body);
}

function ofWhole(bytes: Uint8Array): Essence {
  const body = parseObject(new TextDecoder().decode(bytes)) ?? {};
  const content = asArray(asObject(asObject(body.output)?.message)?.content) ?? [];
  const blocks = content.map((block) => asObject(block) ?? {});
  const textOf = (block: JsonObject) =>
    asString(block.text) ??
    (asArray(asObject(block.citationsContent)?.content) ?? [])
      .map((part) => asString(asObject(part)?.text))
      .join('');
  return {
    text: blocks.map(textOf).join(''),
    reasoning: blocks
      .map((block) => asString(asObject(asObject(block.reasoningContent)?.reasoningText)?.text) ?? '')
      .join(''),
    calls: blocks.flatMap((block) => {
      const call = asObject(block.toolUse);
      if (call === undefined || call.type === 'server_tool_use') return [];
      return [{ name: asString(call.name) ?? '', arguments: call.input }];
    }),
    stop: asString(body.stopReason) ?? '',
    ...counts(asObject(body.usage)),
  };
}

function ofStream(bytes: Uint8Array): Essence {
  const essence: Essence = { text: '', reasoning: '', calls: [], stop: '', ...counts(undefined) };
  const inputs = new Map<unknown, { name: string; json: string }>();
  for (const { event, fields } of readMessages(bytes).messages) {
    const delta = asObject(fields.delta) ?? {};
    essence.text += asString(delta.text) ?? '';
    essence.reasoning += asString(asObject(delta.reasoningContent)?.text) ?? '';
    const started = asObject(asObject(fields.start)?.toolUse);
    if (started !== undefined)
      inputs.set(fields.contentBlockIndex, { name: asString(started.name) ?? '', json: '' });
    const open = inputs.get(fields.contentBlockIndex);
    if (open !== undefined) open.json += asString(asObject(delta.toolUse)?.input) ?? '';
    if (event === 'messageStop') essence.stop = asString(fields.stopReason) ?? '';
    if (event === 'metadata') Object.assign(essence, counts(asObject(fields.usage)));
  }
  essence.calls = [...inputs.values()].map(({ name, json }) => ({
    name,
    arguments: json === '' ? {} : JSON.parse(json),
  }));
  return essence;
}

function counts(
  usage: JsonObject | undefined,
): Pick<Essence, 'input' | 'output' | 'cacheRead' | 'cacheWrite'> {
  return {
    input: asNumber(usage?.inputTokens) ?? 0,
    output: asNumber(usage?.outputTokens) ?? 0,
    cacheRead: asNumber(usage?.cacheReadInputTokens) ?? 0,
    cacheWrite: asNumber(usage?.cacheWriteInputTokens) ?? 0,
  };
}
