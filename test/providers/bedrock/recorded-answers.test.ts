// Every recorded answer of Converse, read by the official SDKs through the gateway, streamed and whole.
import { describe, expect, test } from 'bun:test';
import { CLIENTS, VENDOR_SDKS } from '../../conformance/clients.ts';
import { recordings } from '../../support/recordings.ts';
import { replyOf } from '../../support/reply.ts';
import { bedrockLab, essenceOf } from './lab.ts';

/** Each client's own word for the end. */
const FINISH: Record<string, Record<(typeof VENDOR_SDKS)[number], string>> = {
  end_turn: {
    anthropic: 'end_turn',
    openai: 'stop',
    'openai-responses': 'completed',
    genai: 'STOP',
    ollama: 'stop',
  },
  max_tokens: {
    anthropic: 'max_tokens',
    openai: 'length',
    'openai-responses': 'max_output_tokens',
    genai: 'MAX_TOKENS',
    ollama: 'length',
  },
  tool_use: {
    anthropic: 'tool_use',
    openai: 'tool_calls',
    'openai-responses': 'completed',
    genai: 'STOP',
    ollama: 'stop',
  },
  guardrail_intervened: {
    anthropic: 'refusal',
    openai: 'content_filter',
    'openai-responses': 'content_filter',
    genai: 'SAFETY',
    ollama: 'stop',
  },
};

const answers = recordings('bedrock-converse', { status: 'ok' });

test('there are recordings of both kinds', () => {
  expect(answers.some((recording) => recording.streamed)).toBe(true);
  expect(answers.some((recording) => !recording.streamed)).toBe(true);
});

for (const recording of answers) {
  const expected = essenceOf(recording);
  describe(recording.id, () => {
    for (const name of VENDOR_SDKS) {
      test(name, async () => {
        const { fetch, row } = bedrockLab(replyOf(recording));
        const tools = expected.calls.map((call) => call.name);
        const { answer } = await CLIENTS[name].ask(fetch, { stream: recording.streamed, tools });
        expect(answer.text + answer.refusal).toBe(expected.text);
        expect(answer.reasoning).toBe(expected.reasoning);
        expect(answer.calls.map((call) => ({ name: call.name, arguments: call.arguments }))).toEqual(
          expected.calls,
        );
        expect(new Set(answer.calls.map((call) => call.id)).size).toBe(expected.calls.length);
        expect(answer.finish).toBe(FINISH[expected.stop]?.[name] ?? '');
        const { status, usage } = await row(0);
        expect(status).toBe('success');
        expect(usage).toMatchObject({
          inputTokens: expected.input,
          outputTokens: expected.output,
          cacheReadTokens: expected.cacheRead,
          cacheWriteTokens: expected.cacheWrite,
        });
        expect(answer.usage).toMatchObject({ output: expected.output });
      });
    }
  });
}

for (const recording of recordings('bedrock-converse', { status: 'error' })) {
  test(`${recording.id} is an error with its status and reason`, async () => {
    const { post, row } = bedrockLab(replyOf(recording));
    const body = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
    const response = await post('/v1/messages', { ...body, stream: recording.streamRequested });
    const isModels = recording.id.endsWith('/otel-test-converse-stream-with-invalid-model');
    expect(response.status).toBe(isModels ? 404 : recording.status);
    const { message } = JSON.parse(new TextDecoder().decode(recording.body));
    expect(await response.text()).toContain(message.slice(0, 30));
    expect((await row(0)).status).toBe('error');
  });
}
