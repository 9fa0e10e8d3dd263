// The real gateway with one provider of each wire, behind which every probe is asked and answered.
import { TABLE_WIRES, type TableWire, WIRES } from '../../scripts/fidelity/wires.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import type { ConfigInput } from '../../src/index.ts';
import { jsonReply } from '../support/reply.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const PATHS: Record<DialectId, (model: string, stream: boolean) => string> = {
  'anthropic-messages': () => '/v1/messages',
  'openai-chat': () => '/v1/chat/completions',
  'openai-responses': () => '/v1/responses',
  gemini: (model, stream) =>
    `/v1beta/models/${encodeURIComponent(model)}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  'ollama-chat': () => '/api/chat',
};

export interface Question {
  client: DialectId;
  wire: TableWire;
  body: JsonObject;
  model: string;
  stream?: boolean;
  /** What the provider says. */
  answer: JsonObject;
}

export interface Reply {
  status: number;
  /** As the client reads it. */
  text: string;
  /** Names in `x-sluice-lost`. */
  header: string[];
  row: LedgerRow;
  /** The body that reached the provider, with its `headers` as one more field; undefined where nothing did. */
  arrived: JsonObject | undefined;
}

/** Asks one after the other. */
export function createFidelityLab(): (question: Question) => Promise<Reply> {
  let answer: JsonObject = {};
  const upstream = createReplayFetch(() => jsonReply(answer));
  const test = createTestGateway({ config: labConfig(), fetch: upstream.fetch });
  let asked = 0;
  return async ({ client, wire, body, model, stream = false, answer: said }) => {
    answer = said;
    const sent = upstream.requests.length;
    const response = await test.post(
      PATHS[client](model, stream),
      client === 'gemini' ? body : { ...body, stream },
      {
        headers: { 'x-sluice-target': `${wire}/${model}` },
      },
    );
    const text = await response.text();
    const row = await test.row(asked++);
    const request = upstream.requests[sent];
    return {
      status: response.status,
      text,
      header: response.headers.get('x-sluice-lost')?.split(', ') ?? [],
      row,
      arrived: request && {
        ...(request.json() as JsonObject),
        headers: Object.fromEntries(request.headers),
      },
    };
  };
}

function labConfig(): ConfigInput {
  const more = { api_key: 'lab-key', max_retries: 0, breaker: { enabled: false } };
  const providers: NonNullable<ConfigInput['providers']> = {};
  for (const wire of TABLE_WIRES) {
    const { kind } = WIRES[wire];
    const base = kind === 'openai' || kind === undefined ? 'http://upstream.test/v1' : 'http://upstream.test';
    providers[wire] = { ...(kind === undefined ? { dialect: wire } : { kind }), base_url: base, ...more };
  }
  return { providers, routing: { default_provider: 'openai-chat' } };
}
