// Thinking that its provider did not sign, for clients that send back none with an empty signature: LiteLLM's SDK in Anthropic's dialect
// and Converse, LangChain in Converse, Strands for JavaScript. Genkit ends in an error at such thinking.
import { describe, expect, test } from 'bun:test';
import { asArray, asObject, asString, type JsonObject } from '../../../src/model/json/json.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const TOOL = { name: 'shell', input_schema: { type: 'object', properties: {} } };
const ASKED = { model: 'any-model', max_tokens: 3000, tools: [TOOL], thinking: { type: 'adaptive' } };
const QUESTION = { role: 'user', content: 'Fix it.' };
const RESULT = { type: 'tool_result', tool_use_id: 'call_1', content: 'done' };

const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'shell', arguments: '{}' } };
const said = { role: 'assistant', reasoning_content: 'Hm', tool_calls: [call] };

/** Of a server of Chat Completions, which answers with thinking that nobody signed, and a call. */
function createLab(stream: boolean) {
  const choice = { index: 0, [stream ? 'delta' : 'message']: said, finish_reason: 'tool_calls' };
  const text = JSON.stringify({ id: 'c', model: 'm', choices: [choice] });
  const upstream = createReplayFetch(replyWith(stream ? `data: ${text}\n\ndata: [DONE]\n\n` : text));
  const provider = { kind: 'deepseek', dialect: 'openai-chat', api_key: 'k', max_retries: 0 } as const;
  const config = { providers: { lab: provider }, routing: { default_provider: 'lab' } };
  const { post } = createTestGateway({ config, fetch: upstream.fetch });
  return { post, sent: () => upstream.requests[0]?.json() as JsonObject | undefined };
}

async function ask(stream: boolean, messages: unknown[]) {
  const { post, sent } = createLab(stream);
  const response = await post('/v1/messages', { ...ASKED, messages, stream });
  const answer = await response.text();
  const whole = stream ? undefined : asObject(JSON.parse(answer));
  const signature =
    whole === undefined
      ? /"signature_delta","signature":"([^"]*)"/.exec(answer)?.[1]
      : asString(asObject(asArray(whole.content)?.[0])?.signature);
  return { signature, sent: sent() };
}

function thoughtsIn(sent: JsonObject | undefined) {
  return asArray(sent?.messages)?.map((message) => asObject(message)?.reasoning_content);
}

describe('thinking that its provider did not sign', () => {
  test.each([[true], [false]])(
    'has something for a signature, and comes back (streamed: %s)',
    async (stream) => {
      const { signature } = await ask(stream, [QUESTION]);
      expect(signature).not.toBe('');
      // ADK sends signatures back in base64.
      for (const sentBack of [signature, btoa(signature ?? '')]) {
        const thinking = { type: 'thinking', thinking: 'Hm', signature: sentBack };
        const turn = [thinking, { type: 'tool_use', id: 'call_1', name: 'shell', input: {} }];
        const history = [QUESTION, { role: 'assistant', content: turn }, { role: 'user', content: [RESULT] }];
        const { sent } = await ask(stream, history);
        expect(thoughtsIn(sent)).toContain('Hm');
        expect(JSON.stringify(sent)).not.toContain(signature ?? '');
      }
    },
  );

  test('comes back in Converse', async () => {
    const toolConfig = { tools: [{ toolSpec: { name: 'shell', inputSchema: { json: TOOL.input_schema } } }] };
    const question = { role: 'user', content: [{ text: 'Fix it.' }] };
    const converse = async (messages: unknown[]) => {
      const { post, sent } = createLab(false);
      const response = await post('/model/any-model/converse', { messages, toolConfig });
      const message = asObject(asObject(asObject(await response.json())?.output)?.message);
      return { message, sent: sent() };
    };
    const { message } = await converse([question]);
    const text = { text: 'Hm', signature: expect.stringMatching(/./) as string };
    expect(message?.content).toMatchObject([{ reasoningContent: { reasoningText: text } }, { toolUse: {} }]);
    const result = { toolResult: { toolUseId: 'call_1', content: [{ text: 'done' }] } };
    const { sent } = await converse([question, message, { role: 'user', content: [result] }]);
    expect(thoughtsIn(sent)).toContain('Hm');
    expect(JSON.stringify(sent)).not.toContain('sluice');
  });
});
