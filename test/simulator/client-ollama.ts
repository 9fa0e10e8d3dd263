// Ollama's SDK as a client of the simulator.
import { type ChatRequest, type ChatResponse, Ollama } from 'ollama';
import type { JsonObject } from '../../src/model/json/json.ts';
import { BASE, type Scenario, type SdkClient } from './sdk-client.ts';

export const ollamaClient: SdkClient = {
  stops: true,
  chooses: false,
  signs: false,
  request: (scenario, stream) => ({ path: '/api/chat', body: bodyOf(scenario, stream) }),
  async ask(scenario, stream, fetch) {
    const client = new Ollama({ host: BASE, fetch: fetch as typeof globalThis.fetch });
    const { stream: _, ...rest } = bodyOf(scenario, stream);
    const ask = rest as unknown as ChatRequest;
    const lines: ChatResponse[] = stream
      ? await Array.fromAsync(await client.chat({ ...ask, stream: true }))
      : [await client.chat({ ...ask, stream: false })];
    const last = lines.at(-1);
    return {
      text: lines.map(({ message }) => message.content).join(''),
      reasoning: lines.map(({ message }) => message.thinking ?? '').join(''),
      signature: undefined,
      tools: lines
        .flatMap(({ message }) => message.tool_calls ?? [])
        .map(({ function: { name, arguments: input }, ...call }) => ({
          id: String('id' in call ? call.id : ''),
          name,
          input,
        })),
      finish: last?.done_reason ?? null,
      inputTokens: last?.prompt_eval_count ?? 0,
      outputTokens: last?.eval_count ?? 0,
    };
  },
};

function bodyOf(scenario: Scenario, stream: boolean): JsonObject {
  const { maxTokens, stop } = scenario;
  return {
    model: scenario.model ?? 'fast',
    stream,
    messages: [
      ...(scenario.system === undefined ? [] : [{ role: 'system', content: scenario.system }]),
      { role: 'user', content: scenario.text },
      ...(scenario.result === undefined
        ? []
        : [
            { role: 'assistant', content: '', tool_calls: [{ function: { name: 'read', arguments: {} } }] },
            { role: 'tool', tool_name: 'read', content: scenario.result },
          ]),
    ],
    ...(scenario.tools === undefined
      ? {}
      : { tools: scenario.tools.map((tool) => ({ type: 'function', function: tool })) }),
    ...(scenario.thinks ? { think: true } : {}),
    ...(scenario.schema === undefined ? {} : { format: scenario.schema }),
    options: {
      ...(maxTokens === undefined ? {} : { num_predict: maxTokens }),
      ...(stop === undefined ? {} : { stop }),
    },
  };
}
