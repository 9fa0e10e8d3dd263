// Anthropic's SDK as a client of the simulator.
import Anthropic from '@anthropic-ai/sdk';
import type { JsonObject } from '../../src/model/json/json.ts';
import { BASE, KEY, type Scenario, type SdkClient } from './sdk-client.ts';

export const anthropicClient: SdkClient = {
  stops: true,
  chooses: true,
  signs: true,
  request: (scenario, stream) => ({ path: '/v1/messages', body: bodyOf(scenario, stream) }),
  async ask(scenario, stream, fetch) {
    const client = new Anthropic({
      apiKey: KEY,
      baseURL: BASE,
      fetch: fetch as typeof globalThis.fetch,
      maxRetries: 0,
    });
    const { stream: _, ...rest } = bodyOf(scenario, stream);
    const parameters = rest as unknown as Anthropic.MessageCreateParamsNonStreaming;
    const message = stream
      ? await client.messages.stream(parameters).finalMessage()
      : await client.messages.create(parameters);
    const thinking = message.content.find((block) => block.type === 'thinking');
    return {
      text: message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
      reasoning: thinking?.thinking ?? '',
      signature: thinking?.signature,
      tools: message.content.flatMap((block) =>
        block.type === 'tool_use' ? [{ id: block.id, name: block.name, input: block.input }] : [],
      ),
      finish: message.stop_reason,
      inputTokens: message.usage.input_tokens,
      outputTokens: message.usage.output_tokens,
      cacheWriteTokens: message.usage.cache_creation_input_tokens ?? 0,
      cacheReadTokens: message.usage.cache_read_input_tokens ?? 0,
    };
  },
};

function bodyOf(scenario: Scenario, stream: boolean): JsonObject {
  return {
    model: scenario.model ?? 'fast',
    max_tokens: scenario.maxTokens ?? 2_000,
    stream,
    ...(scenario.system === undefined
      ? {}
      : { system: [{ type: 'text', text: scenario.system, cache_control: { type: 'ephemeral' } }] }),
    messages: [
      { role: 'user', content: scenario.text },
      ...(scenario.result === undefined
        ? []
        : [
            { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: 'read', input: {} }] },
            {
              role: 'user',
              content: [{ type: 'tool_result', tool_use_id: 'call_1', content: scenario.result }],
            },
          ]),
    ],
    ...(scenario.tools === undefined
      ? {}
      : { tools: scenario.tools.map(({ name, parameters }) => ({ name, input_schema: parameters })) }),
    ...(scenario.choice === undefined ? {} : { tool_choice: anthropicChoice(scenario.choice) }),
    ...(scenario.thinks ? { thinking: { type: 'enabled', budget_tokens: 1_024 } } : {}),
    ...(scenario.schema === undefined
      ? {}
      : { output_config: { format: { type: 'json_schema', schema: scenario.schema } } }),
    ...(scenario.stop === undefined ? {} : { stop_sequences: scenario.stop }),
  };
}

function anthropicChoice(choice: NonNullable<Scenario['choice']>): JsonObject {
  if (typeof choice === 'object') return { type: 'tool', name: choice.name };
  return { type: choice === 'required' ? 'any' : 'none' };
}
