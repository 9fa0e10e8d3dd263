// A gateway with transformers before one scripted provider: what reaches the provider, and what clients of every
// dialect get, read back as the neutral answer.
import { expect } from 'bun:test';
import { DIALECTS } from '../../src/dialects/registry.ts';
import type { ConfigInput } from '../../src/index.ts';
import type { Part } from '../../src/model/content.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { StreamEvent } from '../../src/model/events.ts';
import type { Finish } from '../../src/model/finish.ts';
import { isObject, type JsonObject } from '../../src/model/json/json.ts';
import { createResponseCollector } from '../../src/model/replay.ts';
import { NO_USAGE } from '../../src/model/usage.ts';
import { clientRequest } from './client-requests.ts';
import { readEvents } from './read-events.ts';
import { createReplayFetch } from './replay-fetch.ts';
import { jsonReply, type Reply, type SeenRequest, replyWith } from './reply.ts';
import { createTestGateway, LAB_PROVIDERS } from './test-gateway.ts';

type Entries = NonNullable<NonNullable<ConfigInput['providers']>[string]['transformers']>;

const PROVIDERS = {
  'anthropic-messages': LAB_PROVIDERS.claude,
  'openai-chat': LAB_PROVIDERS.gpt,
  'openai-responses': LAB_PROVIDERS.responses,
  gemini: LAB_PROVIDERS.gemini,
  'ollama-chat': LAB_PROVIDERS.ollama,
} as const satisfies Record<DialectId, unknown>;

const CONTEXT = { requestId: 'r', model: 'served', created: 1, includeUsage: true };

export interface LabOptions {
  transformers: Entries;
  /** The provider's. */
  dialect: DialectId;
  /** The provider's answer, its events as they come: each is one chunk of the stream. */
  answer: readonly StreamEvent[];
  /** In place of the answer. */
  reply?: Reply;
  config?: Partial<ConfigInput>;
}

export interface LabAnswer {
  status: number;
  parts: Part[];
  /** Texts of the parts of a type, joined. */
  text(type?: 'text' | 'reasoning'): string;
  finish: string | null;
  error: string | null;
  /** What the dialect's grammar does not allow. */
  violations: string[];
  bytes: string;
  lost: string | null;
}

export function createTransformLab({ transformers, dialect, answer, reply, config }: LabOptions) {
  const upstream = createReplayFetch((request) => {
    if (reply !== undefined) return reply;
    return replyTo(request, dialect, answer);
  });
  const lab = createTestGateway({
    config: {
      providers: { lab: { ...PROVIDERS[dialect], transformers } },
      routing: { default_provider: 'lab' },
      ...config,
    },
    fetch: upstream.fetch,
  });

  async function ask(client: DialectId, stream: boolean, more: JsonObject = {}): Promise<LabAnswer> {
    const { path, body } = clientRequest(client, { stream, more });
    const response = await lab.post(path, body);
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { ...readAnswer(client, stream, response, bytes), lost: response.headers.get('x-sluice-lost') };
  }

  /** The last request that reached the provider. */
  function sent(): { body: JsonObject; text: string; headers: Headers } {
    const request = upstream.requests.at(-1);
    if (request === undefined) throw new Error('nothing was sent');
    const text = new TextDecoder().decode(request.body);
    return { body: JSON.parse(text) as JsonObject, text, headers: request.headers };
  }
  return { ...lab, upstream, ask, sent };
}

/** What a provider of the dialect answers to such a request, streamed or whole. */
export function replyTo(
  request: Pick<SeenRequest, 'path' | 'json'>,
  dialect: DialectId,
  answer: readonly StreamEvent[],
): Reply {
  const body = request.json();
  const streams = request.path.includes('stream') || (isObject(body) && body.stream === true);
  return streams ? streamReply(dialect, answer) : wholeReply(dialect, answer);
}

function streamReply(dialect: DialectId, events: readonly StreamEvent[]): Reply {
  const encoder = DIALECTS[dialect].client.createStreamEncoder(CONTEXT);
  const pieces = events.map((event) => new TextEncoder().encode(encoder.encode(event)));
  return replyWith(pieces.filter((piece) => piece.length > 0));
}

function wholeReply(dialect: DialectId, events: readonly StreamEvent[]): Reply {
  const collector = createResponseCollector();
  for (const event of events) collector.push(event);
  return jsonReply(DIALECTS[dialect].client.buildResponse(collector.response(), CONTEXT));
}

export function readAnswer(
  client: DialectId,
  stream: boolean,
  response: Response,
  bytes: Uint8Array,
): Omit<LabAnswer, 'lost'> {
  const { provider, createGrammarChecker } = DIALECTS[client];
  const { status } = response;
  const text = new TextDecoder().decode(bytes);
  const collector = createResponseCollector();
  let error: string | null = null;
  let violations: string[] = [];
  let parts: Part[] = [];
  let finish: string | null = null;
  if (status !== 200) error = text;
  else if (stream) {
    const checker = createGrammarChecker();
    const decoder = provider.createStreamDecoder({
      push(event) {
        if (event.type === 'error') error = event.error.message;
        collector.push(event);
      },
    });
    for (const event of readEvents(bytes)) {
      checker.check(event);
      decoder.decode(event);
    }
    decoder.end();
    violations = checker.end();
    if (error === null)
      ({
        parts,
        finish: { unified: finish },
      } = collector.response());
  } else {
    ({
      parts,
      finish: { unified: finish },
    } = provider.parseResponse(JSON.parse(text)));
  }
  return {
    status,
    parts,
    finish,
    error,
    violations,
    bytes: text,
    text: (type = 'text') =>
      parts.map((part) => (part.type === type && 'text' in part ? part.text : '')).join(''),
  };
}

/** An answer of one text, in the pieces given. */
export function textAnswer(...pieces: string[]): StreamEvent[] {
  return wrapped([
    { type: 'text-start', block: 0 },
    ...pieces.map((text): StreamEvent => ({ type: 'text-delta', block: 0, text })),
    { type: 'text-end', block: 0 },
  ]);
}

/** Blocks within the events that every answer has. */
export function wrapped(
  blocks: readonly StreamEvent[],
  unified: Finish['unified'] = 'end_turn',
): StreamEvent[] {
  return [
    { type: 'start', id: 'a1', model: 'served' },
    { type: 'usage', usage: { ...NO_USAGE, inputTokens: 7, outputTokens: 3 } },
    ...blocks,
    { type: 'finish', finish: { unified, raw: null } },
  ];
}

export function expectSound(answer: LabAnswer): void {
  expect(answer.violations).toEqual([]);
  expect(answer.error).toBeNull();
  expect(answer.status).toBe(200);
}
