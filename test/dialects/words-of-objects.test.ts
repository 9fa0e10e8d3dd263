// Every JavaScript object has a `constructor`: a provider or client that sends this word sends an unknown word like any other.
import { describe, expect, test } from 'bun:test';
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { clientRequest, SPOKEN_DIALECTS } from '../support/client-requests.ts';
import { PROVIDER_WIRES, WIRE_IDS } from '../support/provider-wires.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const WORDS = ['constructor', 'toString', 'valueOf'];
const UNKNOWN = 'unheard';

interface Exchange {
  wire: ProviderDialectId;
  client: DialectId;
  stream?: boolean;
  more?: JsonObject;
  reply: Reply;
}

/** What the client gets, what was asked for it, and what the row says. */
async function exchange({ wire, client, stream = false, more, reply }: Exchange): Promise<string> {
  const upstream = createReplayFetch(reply);
  const lab = createTestGateway({
    config: {
      providers: { lab: { ...PROVIDER_WIRES[wire].config, breaker: { enabled: false } } },
      routing: { default_provider: 'lab' },
    },
    fetch: upstream.fetch,
    host: { randomId: () => 'id', now: () => 1_000_000, monotonic: () => 1_000_000 },
  });
  const { path, body } = clientRequest(client, { stream, ...(more && { more }) });
  const response = await lab.post(path, body);
  const text = await response.text();
  const { status, finishReason, errorCode, errorMessage, lost } = await lab.row(0);
  const asked = upstream.requests.map((request) => request.json());
  return JSON.stringify({
    http: response.status,
    text,
    asked,
    status,
    finishReason,
    errorCode,
    errorMessage,
    lost,
  });
}

/** The same of every word, but for the word itself. */
async function expectUnknown(ask: (word: string) => Exchange): Promise<void> {
  const known = await exchange(ask(UNKNOWN));
  for (const word of WORDS) {
    const exchanged = await exchange(ask(word));
    expect(exchanged.replaceAll(new RegExp(word, 'gi'), UNKNOWN)).toBe(
      known.replaceAll(new RegExp(UNKNOWN, 'gi'), UNKNOWN),
    );
  }
}

const REASON = /"(finish_reason|stop_reason|finishReason|done_reason|stopReason)":"\w+"/g;

describe.each(WIRE_IDS)('%s', (wire) => {
  const { contentType, bytes, start, text, textEnd, whole } = PROVIDER_WIRES[wire];
  const ended = (said: string, word: string) =>
    said.replaceAll(REASON, `"$1":"${word}"`).replace('"status":"completed"', `"status":"${word}"`);

  test.each(SPOKEN_DIALECTS)('why an answer ended, for a client of %s', async (client) => {
    await expectUnknown((word) => {
      const pieces = start + text('Hello') + ended(textEnd, word);
      const reply = replyWith(bytes?.(pieces) ?? pieces, { headers: { 'content-type': contentType } });
      return { wire, client, stream: true, reply };
    });
    await expectUnknown((word) => {
      const reply = jsonReply(JSON.parse(ended(JSON.stringify(whole('Hello')), word)));
      return { wire, client, reply };
    });
  });

  test.each([200, 400])('the type of an error with HTTP %i', async (status) => {
    await expectUnknown((word) => {
      const error = { type: word, code: word, status: word, message: 'no' };
      const reply = jsonReply({ type: 'error', __type: word, message: 'no', error }, { status });
      return { wire, client: 'openai-chat', reply };
    });
  });

  test.each<[string, DialectId, (word: string) => JsonObject]>([
    [
      'a file of that ending',
      'openai-chat',
      (word) => {
        const file = { filename: `a.${word}`, file_data: 'QUJD' };
        return { messages: [{ role: 'user', content: [{ type: 'file', file }] }] };
      },
    ],
    ['an item of that type', 'openai-responses', (type) => ({ input: [{ type, id: 'i' }] })],
    ['thinking of that type', 'anthropic-messages', (type) => ({ thinking: { type } })],
    [
      'thinking at that level',
      'gemini',
      (thinkingLevel) => ({ generationConfig: { thinkingConfig: { thinkingLevel } } }),
    ],
    ['service of that tier', 'openai-chat', (service_tier) => ({ service_tier })],
    [
      'a parameter of that name in a schema with a choice',
      'anthropic-messages',
      (word) => {
        const branch = { type: 'object', properties: { [word]: { type: 'string' } } };
        return { tools: [{ name: 'find', input_schema: { type: 'object', anyOf: [branch] } }] };
      },
    ],
  ])('%s', async (_, client, more) => {
    const reply = jsonReply(whole('Hello'));
    await expectUnknown((word) => ({ wire, client, more: more(word), reply }));
  });
});
