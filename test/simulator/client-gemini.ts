// Google's SDK as a client of the simulator.
import { type GenerateContentParameters, type GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { isObject, type JsonObject } from '../../src/model/json/json.ts';
import { BASE, type Fetch, KEY, type Scenario, type SdkClient } from './sdk-client.ts';

export const geminiClient: SdkClient = {
  stops: true,
  chooses: true,
  signs: true,
  request: (scenario, stream) => {
    const { model, contents, systemInstruction, tools, toolConfig, ...generationConfig } = partsOf(scenario);
    const method = stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
    return {
      path: `/v1beta/models/${model}:${method}`,
      body: {
        contents,
        ...(systemInstruction === undefined
          ? {}
          : { systemInstruction: { parts: [{ text: systemInstruction }] } }),
        ...(tools === undefined ? {} : { tools }),
        ...(toolConfig === undefined ? {} : { toolConfig }),
        generationConfig,
      },
    };
  },
  async ask(scenario, stream, fetch) {
    const { model, contents, ...config } = partsOf(scenario);
    const { models } = new GoogleGenAI({
      apiKey: KEY,
      httpOptions: { baseUrl: BASE, fetch: fetch as Fetch },
    });
    const parameters = { model, contents, config } as unknown as GenerateContentParameters;
    const chunks: GenerateContentResponse[] = [];
    if (stream) for await (const chunk of await models.generateContentStream(parameters)) chunks.push(chunk);
    else chunks.push(await models.generateContent(parameters));
    const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
    const textOf = (isThought: boolean) =>
      parts.map((part) => ((part.thought === true) === isThought ? (part.text ?? '') : '')).join('');
    const usage = chunks.findLast((chunk) => chunk.usageMetadata !== undefined)?.usageMetadata;
    return {
      text: textOf(false),
      reasoning: textOf(true),
      signature: parts.find((part) => part.thoughtSignature !== undefined)?.thoughtSignature,
      tools: parts.flatMap(({ functionCall: call }) =>
        call === undefined ? [] : [{ id: call.id ?? '', name: call.name ?? '', input: call.args }],
      ),
      finish: chunks.at(-1)?.candidates?.[0]?.finishReason ?? null,
      inputTokens: usage?.promptTokenCount ?? 0,
      outputTokens: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
    };
  },
};

/** Model, contents, and what the SDK calls the config. */
function partsOf(scenario: Scenario): JsonObject {
  const { text, result, tools, choice, schema } = scenario;
  return {
    model: scenario.model ?? 'fast',
    contents: [
      { role: 'user', parts: [{ text }] },
      ...(result === undefined
        ? []
        : [
            { role: 'model', parts: [{ functionCall: { name: 'read', args: {} } }] },
            { role: 'user', parts: [{ functionResponse: { name: 'read', response: { output: result } } }] },
          ]),
    ],
    ...(scenario.system === undefined ? {} : { systemInstruction: scenario.system }),
    ...(tools === undefined
      ? {}
      : {
          tools: [
            {
              functionDeclarations: tools.map(({ name, parameters }) => ({
                name,
                parametersJsonSchema: parameters,
              })),
            },
          ],
        }),
    ...(choice === undefined ? {} : { toolConfig: { functionCallingConfig: calling(choice) } }),
    ...(scenario.thinks ? { thinkingConfig: { includeThoughts: true, thinkingBudget: 1_024 } } : {}),
    ...(schema === undefined ? {} : { responseMimeType: 'application/json', responseJsonSchema: schema }),
    ...(scenario.maxTokens === undefined ? {} : { maxOutputTokens: scenario.maxTokens }),
    ...(scenario.stop === undefined ? {} : { stopSequences: scenario.stop }),
  };
}

function calling(choice: NonNullable<Scenario['choice']>): JsonObject {
  if (isObject(choice)) return { mode: 'ANY', allowedFunctionNames: [choice.name ?? null] };
  return { mode: choice === 'none' ? 'NONE' : 'ANY' };
}
