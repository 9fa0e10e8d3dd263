// OpenAI's SDK as a client of the simulator, over responses.
import OpenAI from 'openai';
import type { ResponseStreamParams } from 'openai/lib/responses/ResponseStream';
import type { JsonObject } from '../../src/model/json/json.ts';
import { BASE, KEY, type Scenario, type SdkClient } from './sdk-client.ts';

export const openaiResponsesClient: SdkClient = {
  stops: false,
  chooses: true,
  signs: true,
  request: (scenario, stream) => ({ path: '/v1/responses', body: { ...bodyOf(scenario), stream } }),
  async ask(scenario, stream, fetch) {
    const client = new OpenAI({
      apiKey: KEY,
      baseURL: `${BASE}/v1`,
      fetch: fetch as typeof globalThis.fetch,
      maxRetries: 0,
    });
    const body: unknown = bodyOf(scenario);
    const response = stream
      ? await client.responses.stream(body as ResponseStreamParams).finalResponse()
      : await client.responses.create(body as OpenAI.Responses.ResponseCreateParamsNonStreaming);
    const { output, usage } = response;
    const reasoning = output.flatMap((item) => (item.type === 'reasoning' ? [item] : []))[0];
    return {
      text: response.output_text,
      reasoning: reasoning?.summary.map((part) => part.text).join('') ?? '',
      signature: reasoning?.encrypted_content ?? undefined,
      tools: output.flatMap((item) =>
        item.type === 'function_call'
          ? [{ id: item.call_id, name: item.name, input: JSON.parse(item.arguments) }]
          : [],
      ),
      finish: response.incomplete_details?.reason ?? response.status ?? null,
      inputTokens: usage?.input_tokens ?? 0,
      outputTokens: usage?.output_tokens ?? 0,
    };
  },
};

function bodyOf(scenario: Scenario): JsonObject {
  const { text, result, tools, choice, schema } = scenario;
  return {
    model: scenario.model ?? 'fast',
    ...(scenario.system === undefined ? {} : { instructions: scenario.system }),
    input: [
      { role: 'user', content: text },
      ...(result === undefined
        ? []
        : [
            { type: 'function_call', call_id: 'call_1', name: 'read', arguments: '{}' },
            { type: 'function_call_output', call_id: 'call_1', output: result },
          ]),
    ],
    ...(tools === undefined
      ? {}
      : { tools: tools.map((tool) => ({ type: 'function', strict: false, ...tool })) }),
    ...(choice === undefined
      ? {}
      : { tool_choice: typeof choice === 'object' ? { type: 'function', name: choice.name } : choice }),
    ...(scenario.thinks
      ? {
          reasoning: { effort: 'medium', summary: 'auto' },
          include: ['reasoning.encrypted_content'],
          store: false,
        }
      : {}),
    ...(schema === undefined ? {} : { text: { format: { type: 'json_schema', name: 'out', schema } } }),
    ...(scenario.maxTokens === undefined ? {} : { max_output_tokens: scenario.maxTokens }),
  };
}
