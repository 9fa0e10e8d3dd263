// OpenAI's SDK as a client of the simulator, over chat completions.
import OpenAI from 'openai';
import type { JsonObject } from '../../src/model/json/json.ts';
import { BASE, KEY, type Scenario, type SdkClient } from './sdk-client.ts';

export const openaiChatClient: SdkClient = {
  stops: true,
  chooses: true,
  signs: false,
  request: (scenario, stream) => ({ path: '/v1/chat/completions', body: bodyOf(scenario, stream) }),
  async ask(scenario, stream, fetch) {
    const client = new OpenAI({
      apiKey: KEY,
      baseURL: `${BASE}/v1`,
      fetch: fetch as typeof globalThis.fetch,
      maxRetries: 0,
    });
    const { stream: _, ...rest } = bodyOf(scenario, stream);
    // The SDK has no word for reasoning_content and keeps only the last piece of it: collect them here.
    let reasoning = '';
    let completion: OpenAI.ChatCompletion;
    if (stream) {
      const runner = client.chat.completions.stream(
        rest as unknown as OpenAI.ChatCompletionCreateParamsStreaming,
      );
      runner.on('chunk', (chunk) => {
        reasoning += reasoningContent(chunk.choices[0]?.delta);
      });
      completion = await runner.finalChatCompletion();
    } else {
      completion = await client.chat.completions.create(
        rest as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming,
      );
      reasoning = reasoningContent(completion.choices[0]?.message);
    }
    const choice = completion.choices[0];
    const message = choice?.message;
    return {
      text: message?.content ?? '',
      reasoning,
      signature: undefined,
      tools: (message?.tool_calls ?? []).flatMap((call) =>
        call.type === 'function'
          ? [{ id: call.id, name: call.function.name, input: JSON.parse(call.function.arguments) }]
          : [],
      ),
      finish: choice?.finish_reason ?? null,
      inputTokens: completion.usage?.prompt_tokens ?? 0,
      outputTokens: completion.usage?.completion_tokens ?? 0,
    };
  },
};

function bodyOf(scenario: Scenario, stream: boolean): JsonObject {
  return {
    model: scenario.model ?? 'fast',
    stream,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
    messages: [
      ...(scenario.system === undefined ? [] : [{ role: 'system', content: scenario.system }]),
      { role: 'user', content: scenario.text },
      ...(scenario.result === undefined
        ? []
        : [
            {
              role: 'assistant',
              content: null,
              tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'read', arguments: '{}' } }],
            },
            { role: 'tool', tool_call_id: 'call_1', content: scenario.result },
          ]),
    ],
    ...(scenario.tools === undefined
      ? {}
      : { tools: scenario.tools.map((tool) => ({ type: 'function', function: tool })) }),
    ...(scenario.choice === undefined ? {} : { tool_choice: openaiChoice(scenario.choice) }),
    ...(scenario.thinks ? { reasoning_effort: 'medium' } : {}),
    ...(scenario.schema === undefined
      ? {}
      : {
          response_format: { type: 'json_schema', json_schema: { name: 'out', schema: scenario.schema } },
        }),
    ...(scenario.maxTokens === undefined ? {} : { max_completion_tokens: scenario.maxTokens }),
    ...(scenario.stop === undefined ? {} : { stop: scenario.stop }),
  };
}

function reasoningContent(holder: object | undefined): string {
  return (holder as { reasoning_content?: string } | undefined)?.reasoning_content ?? '';
}

function openaiChoice(choice: NonNullable<Scenario['choice']>): JsonObject | string {
  return typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice;
}
