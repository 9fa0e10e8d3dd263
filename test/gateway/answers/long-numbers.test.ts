// Ids of 64 bits in a call's arguments stay the same between any two dialects.
import { describe, expect, test } from 'bun:test';
import { DIALECT_IDS, type DialectId, type ProviderDialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES, WIRE_IDS } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const IDS = ['1234567890123456789', '-98765432109876543210', '9007199254740993'];
const ARGUMENTS = `{"user":${IDS[0]},"more":[${IDS[1]},{"deep":${IDS[2]}}],"few":12}`;

/** The text with the arguments in place of what stands for them there, as an object or inside a text. */
const asObject = (text: string) => text.replaceAll('"ARGUMENTS"', ARGUMENTS);
const asText = (text: string) => text.replaceAll('"ARGUMENTS"', JSON.stringify(ARGUMENTS));

/** A call's arguments are an object there; elsewhere they are text. */
const WHOLE_OF: Record<ProviderDialectId, string> = {
  'anthropic-messages': asObject(
    '{"id":"msg_1","type":"message","role":"assistant","model":"served","content":[{"type":"tool_use","id":"toolu_1","name":"lookup","input":"ARGUMENTS"}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":3}}',
  ),
  'openai-chat': asText(
    '{"id":"c","object":"chat.completion","created":1,"model":"served","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"lookup","arguments":"ARGUMENTS"}}]},"finish_reason":"tool_calls"}]}',
  ),
  'openai-responses': asText(
    '{"id":"resp_1","object":"response","created_at":1,"model":"served","status":"completed","output":[{"id":"fc_1","type":"function_call","call_id":"call_1","name":"lookup","arguments":"ARGUMENTS"}]}',
  ),
  gemini: asObject(
    '{"candidates":[{"content":{"parts":[{"functionCall":{"id":"call_1","name":"lookup","args":"ARGUMENTS"}}],"role":"model"},"finishReason":"STOP","index":0}],"responseId":"r"}',
  ),
  'ollama-chat': asObject(
    '{"model":"served","created_at":"now","message":{"role":"assistant","content":"","tool_calls":[{"id":"call_1","function":{"name":"lookup","arguments":"ARGUMENTS"}}]},"done":true,"done_reason":"stop"}',
  ),
  'bedrock-converse': asObject(
    '{"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"call_1","name":"lookup","input":"ARGUMENTS"}}]}},"stopReason":"tool_use","usage":{}}',
  ),
  'bedrock-invoke': asObject(
    '{"id":"msg_1","type":"message","role":"assistant","model":"served","content":[{"type":"tool_use","id":"toolu_1","name":"lookup","input":"ARGUMENTS"}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":3}}',
  ),
  'code-assist': asObject(
    '{"response":{"candidates":[{"content":{"parts":[{"functionCall":{"id":"call_1","name":"lookup","args":"ARGUMENTS"}}],"role":"model"},"finishReason":"STOP","index":0}],"responseId":"r"}}',
  ),
};

/** Of wires whose streams hold arguments as objects: one event is the whole answer. */
const STREAM_OF: Partial<Record<ProviderDialectId, string>> = {
  // So do servers that are compatible with Anthropic's.
  'anthropic-messages': [
    '{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"served","content":[],"usage":{"input_tokens":7,"output_tokens":1}}}',
    asObject(
      '{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"lookup","input":"ARGUMENTS"}}',
    ),
    '{"type":"content_block_stop","index":0}',
    '{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":3}}',
    '{"type":"message_stop"}',
  ]
    .map((data) => `data: ${data}\n\n`)
    .join(''),
  gemini: `data: ${WHOLE_OF.gemini}\n\n`,
  'code-assist': `data: ${WHOLE_OF['code-assist']}\n\n`,
  'ollama-chat': `${WHOLE_OF['ollama-chat']}\n`,
};

const HISTORY: Record<DialectId, string> = {
  'anthropic-messages': asObject(
    '{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"lookup","input":"ARGUMENTS"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"found"}]}]}',
  ),
  'openai-chat': asText(
    '{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"lookup","arguments":"ARGUMENTS"}}]},{"role":"tool","tool_call_id":"call_1","content":"found"}]}',
  ),
  'openai-responses': asText(
    '{"input":[{"role":"user","content":"hi"},{"type":"function_call","call_id":"call_1","name":"lookup","arguments":"ARGUMENTS"},{"type":"function_call_output","call_id":"call_1","output":"found"}]}',
  ),
  gemini: asObject(
    '{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"functionCall":{"id":"call_1","name":"lookup","args":"ARGUMENTS"}}]},{"role":"user","parts":[{"functionResponse":{"id":"call_1","name":"lookup","response":"ARGUMENTS"}}]}]}',
  ),
  'ollama-chat': asObject(
    '{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"","tool_calls":[{"id":"call_1","function":{"name":"lookup","arguments":"ARGUMENTS"}}]},{"role":"tool","tool_call_id":"call_1","content":"found"}]}',
  ),
};

async function exchange(
  client: DialectId,
  wire: ProviderDialectId,
  stream: boolean,
  reply: Reply,
  more: string,
) {
  const upstream = createReplayFetch(reply);
  const { config } = PROVIDER_WIRES[wire];
  const { post, row } = createTestGateway({
    config: { providers: { lab: config }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
  });
  const { path, body } = clientRequest(client, { stream });
  const text = JSON.stringify(body);
  const fields: JsonObject = JSON.parse(more);
  for (const field of Object.keys(fields)) delete body[field];
  const asked = more === '{}' ? text : `${JSON.stringify(body).slice(0, -1)},${more.slice(1)}`;
  const response = await post(path, asked);
  const answer = await response.text();
  expect([response.status, (await row(0)).status], answer).toEqual([200, 'success']);
  return { answer, sent: new TextDecoder().decode(upstream.requests[0]?.body) };
}

/** Text inside text has its quotes escaped; numbers are the same in both. */
const holdsIds = (text: string) => IDS.map((id) => new RegExp(`(^|[^\\d])${id}(?!\\d)`).test(text));
const ALL = IDS.map(() => true);
const type = (wire: ProviderDialectId, stream: boolean) => ({
  headers: { 'content-type': stream ? PROVIDER_WIRES[wire].contentType : 'application/json' },
});

for (const client of DIALECT_IDS) {
  for (const wire of WIRE_IDS) {
    describe(`${client} client, ${wire} provider`, () => {
      test.each([false, true])('a whole answer, asked for as a stream: %p', async (stream) => {
        const { answer } = await exchange(
          client,
          wire,
          stream,
          replyWith(WHOLE_OF[wire], type(wire, false)),
          '{}',
        );
        expect(holdsIds(answer)).toEqual(ALL);
      });

      const streamed = STREAM_OF[wire];
      if (streamed !== undefined) {
        test.each([false, true])('a streamed answer, asked for as one: %p', async (stream) => {
          const { answer } = await exchange(
            client,
            wire,
            stream,
            replyWith(streamed, type(wire, true)),
            '{}',
          );
          expect(holdsIds(answer)).toEqual(ALL);
        });
      }

      test('a call of an earlier turn', async () => {
        const reply = replyWith(WHOLE_OF[wire], type(wire, false));
        const { sent } = await exchange(client, wire, false, reply, HISTORY[client]);
        expect(holdsIds(sent)).toEqual(ALL);
      });
    });
  }
}
