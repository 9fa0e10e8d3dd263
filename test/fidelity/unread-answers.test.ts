// An unknown field in a model's answer: clients of other dialects do not get it, and the row names it.
import { describe, expect, test } from 'bun:test';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { clientRequest } from '../support/client-requests.ts';
import { PROVIDER_WIRES } from '../support/provider-wires.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

type Wire = 'anthropic-messages' | 'openai-chat' | 'openai-responses' | 'gemini' | 'ollama-chat';

const NEW = 'field_of_tomorrow';

/** An object of the answer, by what only it holds: the new field is put beside that. */
interface Place {
  wire: Wire;
  holds: string;
  named: string;
}

const PLACES: Place[] = [
  { wire: 'anthropic-messages', holds: 'text', named: NEW },
  { wire: 'openai-chat', holds: 'content', named: `message.${NEW}` },
  { wire: 'openai-responses', holds: 'role', named: `output.${NEW}` },
  { wire: 'openai-responses', holds: 'text', named: `output.content.${NEW}` },
  { wire: 'gemini', holds: 'text', named: `parts.${NEW}` },
  { wire: 'ollama-chat', holds: 'content', named: `message.${NEW}` },
];

/** Each object that has a field `holds`, except one inside another's `delta`. */
function extended(text: string, holds: string): string {
  return text.replace(new RegExp(`"${holds}":`, 'g'), (found) => `"${NEW}":{"a":1},${found}`);
}

function streamOf({ wire, holds }: Place): Reply {
  const { start, text, textEnd, contentType, whole } = PROVIDER_WIRES[wire];
  // Of Responses, what the deltas said is repeated with the new field; of Anthropic, the block begins with it.
  const item = JSON.stringify({
    type: 'response.output_item.done',
    output_index: 0,
    item: (whole('Hello').output as JsonObject[])?.[0] ?? null,
  });
  const done = wire === 'openai-responses' ? `data: ${extended(item, holds)}\n\n` : '';
  const said = wire === 'openai-responses' ? text('Hello') : extended(text('Hello'), holds);
  return replyWith(start + said + done + textEnd, { headers: { 'content-type': contentType } });
}

async function lostOf(client: DialectId, wire: Wire, stream: boolean, reply: Reply): Promise<string[]> {
  const { post, row } = createTestGateway({
    config: { providers: { lab: PROVIDER_WIRES[wire].config }, routing: { default_provider: 'lab' } },
    fetch: createReplayFetch(reply).fetch,
  });
  const { path, body } = clientRequest(client, { stream });
  const text = await (await post(path, body)).text();
  expect(text).toContain('Hello');
  const { status, lost } = await row(0);
  expect(status).toBe('success');
  return lost.filter((name) => name.includes(NEW));
}

for (const client of DIALECT_IDS) {
  describe(`sent to ${client}`, () => {
    for (const place of PLACES) {
      const { wire, holds, named } = place;
      if (wire === client) continue;
      const whole = () =>
        jsonReply(JSON.parse(extended(JSON.stringify(PROVIDER_WIRES[wire].whole('Hello')), holds)));
      test.each([false, true])(`${wire}, beside ${holds}, whole; asked for a stream: %p`, async (stream) => {
        expect(await lostOf(client, wire, stream, whole())).toEqual([named]);
      });
      test.each([false, true])(
        `${wire}, beside ${holds}, streamed; asked for a stream: %p`,
        async (stream) => {
          expect(await lostOf(client, wire, stream, streamOf(place))).toEqual([named]);
        },
      );
    }

    if (client !== 'openai-responses') {
      test.each([false, true])('content of a kind of its own; asked for a stream: %p', async (stream) => {
        const answer = PROVIDER_WIRES['openai-responses'].whole('Hello');
        const [message] = answer.output as { content: JsonObject[] }[];
        message?.content.push({ type: 'output_of_tomorrow', data: 'x' });
        const { post, row } = createTestGateway({
          config: {
            providers: { lab: PROVIDER_WIRES['openai-responses'].config },
            routing: { default_provider: 'lab' },
          },
          fetch: createReplayFetch(jsonReply(answer)).fetch,
        });
        const { path, body } = clientRequest(client, { stream });
        await (await post(path, body)).text();
        expect((await row(0)).lost).toEqual(['content.output_of_tomorrow']);
      });
    }
  });
}

describe('what a response of OpenAI says beside its output', () => {
  const wire = 'openai-responses';

  for (const client of DIALECT_IDS) {
    if (client === wire) continue;
    test.each([false, true])(`to ${client}, whole; asked for a stream: %p`, async (stream) => {
      const whole = { ...PROVIDER_WIRES[wire].whole('Hello'), [NEW]: { a: 1 }, completed_at: 7 };
      expect(await lostOf(client, wire, stream, jsonReply(whole))).toEqual([NEW]);
    });
    test.each([false, true])(`to ${client}, streamed; asked for a stream: %p`, async (stream) => {
      const { start, text, textEnd, contentType } = PROVIDER_WIRES[wire];
      const body =
        start + text('Hello') + textEnd.replace(/("response":\{)(?!.*"response":)/s, `$1"${NEW}":1,`);
      const reply = replyWith(body, { headers: { 'content-type': contentType } });
      expect(await lostOf(client, wire, stream, reply)).toEqual([NEW]);
    });
  }
});

describe('what the end, or the beginning, of a message of Anthropic says besides', () => {
  const wire = 'anthropic-messages';
  const news = { field_of_tomorrow: { a: 1 } };
  const isBegun = (event: JsonObject) => event.type === 'message_start';
  const isOver = (event: JsonObject) => event.type === 'message_delta';
  const put: [string, (event: JsonObject) => JsonObject][] = [
    ['in the message that begins', (event) => (isBegun(event) ? within(event, 'message') : event)],
    ['in the last delta', (event) => (isOver(event) ? within(event, 'delta') : event)],
    ['beside the last delta', (event) => (isOver(event) ? { ...event, ...news } : event)],
  ];

  function within(event: JsonObject, field: string): JsonObject {
    return { ...event, [field]: { ...(event[field] as JsonObject), ...news } };
  }

  for (const client of DIALECT_IDS) {
    if (client === wire) continue;
    test.each(put)(`to ${client}: %s`, async (_, change) => {
      const { start, text, textEnd } = PROVIDER_WIRES[wire];
      const body = (start + text('Hello') + textEnd).replace(
        /^data: (.*)$/gm,
        (_line, data: string) => `data: ${JSON.stringify(change(JSON.parse(data) as JsonObject))}`,
      );
      for (const stream of [true, false])
        expect(await lostOf(client, wire, stream, replyWith(body))).toEqual([NEW]);
    });
  }

  test('what is null says nothing', async () => {
    const { start, text, textEnd } = PROVIDER_WIRES[wire];
    const nothing = '"container":null,"context_management":null,"stop_details":null,';
    const body = (start + text('Hello') + textEnd)
      .replace('"message":{', `"message":{${nothing}`)
      .replace('"delta":{"stop_reason"', `${nothing}"delta":{${nothing}"stop_reason"`);
    const { post, row } = createTestGateway({
      config: { providers: { lab: PROVIDER_WIRES[wire].config }, routing: { default_provider: 'lab' } },
      fetch: createReplayFetch(replyWith(body)).fetch,
    });
    const request = clientRequest('openai-chat', { stream: true });
    await (await post(request.path, request.body)).text();
    expect((await row(0)).lost).toEqual([]);
  });
});
