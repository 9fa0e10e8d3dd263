// The documented answers as the streams in which their own providers tell them: the events that each documentation
// names, in its order, made without our codecs.
import type { ANSWERS } from '../../scripts/fidelity/wires.ts';
import { asArray, asObject, asString, isObject, type JsonObject } from '../../src/model/json/json.ts';
import type { SseEvent } from '../../src/sse/event.ts';

type Wire = keyof typeof ANSWERS;

const objects = (value: JsonObject[string]) => (asArray(value) ?? []).filter(isObject);
const halves = (text: string) => [text.slice(0, 2), text.slice(2)];
const without = (object: JsonObject, ...names: string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

/** https://docs.anthropic.com/en/docs/build-with-claude/streaming */
function anthropic(answer: JsonObject): JsonObject[] {
  const { content, stop_reason, stop_sequence, stop_details, container, context_management, usage, ...rest } =
    answer;
  const message = { ...rest, content: [], stop_reason: null, stop_sequence: null, usage };
  const events: JsonObject[] = [{ type: 'message_start', message }];
  for (const [index, block] of objects(content).entries()) {
    const { begun, deltas } = anthropicBlock(block);
    events.push({ type: 'content_block_start', index, content_block: begun });
    for (const delta of deltas) events.push({ type: 'content_block_delta', index, delta });
    events.push({ type: 'content_block_stop', index });
  }
  const delta = { stop_reason, stop_sequence, stop_details, container };
  events.push({ type: 'message_delta', delta, usage, ...(context_management && { context_management }) });
  return [...events, { type: 'message_stop' }];
}

function anthropicBlock(block: JsonObject): { begun: JsonObject; deltas: JsonObject[] } {
  switch (block.type) {
    case 'text':
      return {
        begun: { ...without(block, 'citations'), text: '' },
        deltas: [
          ...halves(asString(block.text) ?? '').map((text) => ({ type: 'text_delta', text })),
          ...objects(block.citations).map((citation) => ({ type: 'citations_delta', citation })),
        ],
      };
    case 'thinking':
      return {
        begun: { ...block, thinking: '', signature: '' },
        deltas: [
          { type: 'thinking_delta', thinking: block.thinking },
          { type: 'signature_delta', signature: block.signature },
        ],
      };
    case 'compaction':
      return {
        begun: { ...block, content: null },
        deltas: [{ type: 'compaction_delta', content: block.content }],
      };
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return {
        begun: { ...block, input: {} },
        deltas: halves(JSON.stringify(block.input)).map((partial_json) => ({
          type: 'input_json_delta',
          partial_json,
        })),
      };
    default:
      return { begun: block, deltas: [] };
  }
}

/** https://platform.openai.com/docs/api-reference/chat-streaming */
function chat(answer: JsonObject): JsonObject[] {
  const { choices, usage, moderation, ...rest } = answer;
  const head = { ...rest, object: 'chat.completion.chunk' };
  const [choice] = objects(choices);
  const { message, logprobs, finish_reason, ...more } = choice ?? {};
  const { tool_calls, role, content, refusal, annotations, reasoning_content, ...others } =
    asObject(message) ?? {};
  const spelled = asObject(logprobs);
  const chunk = (delta: JsonObject, fields: JsonObject = {}) => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason: null, ...fields }],
  });
  return [
    chunk({ role, content: '' }),
    chunk({ reasoning_content }),
    ...(content
      ? [chunk({ content }, { logprobs: { content: spelled?.content ?? null, refusal: null } })]
      : []),
    chunk({ annotations }),
    ...(refusal
      ? [chunk({ refusal }, { logprobs: { content: null, refusal: spelled?.refusal ?? null } })]
      : []),
    ...Object.entries(others).map(([name, value]) => chunk({ [name]: value })),
    ...objects(tool_calls).map((call, index) => chunk({ tool_calls: [{ index, ...call }] })),
    { ...head, choices: [{ index: 0, delta: {}, finish_reason, ...more }] },
    { ...head, choices: [], usage, ...(moderation !== undefined && { moderation }) },
  ];
}

/** https://platform.openai.com/docs/api-reference/responses-streaming */
function responses(answer: JsonObject): JsonObject[] {
  const begun = { ...without(answer, 'moderation'), status: 'in_progress', output: [], usage: null };
  const events: JsonObject[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
  ];
  for (const [output_index, item] of objects(answer.output).entries()) {
    const at = { item_id: item.id, output_index };
    const bare = without(item, 'content', 'summary', 'encrypted_content', 'result', 'arguments', 'outputs');
    events.push({
      type: 'response.output_item.added',
      output_index,
      item: { ...bare, status: 'in_progress' },
    });
    events.push(...responsesItem(item).map((event) => ({ ...event, ...at })));
    events.push({ type: 'response.output_item.done', output_index, item });
  }
  return [...events, { type: `response.${asString(answer.status) ?? 'completed'}`, response: answer }];
}

function responsesItem(item: JsonObject): JsonObject[] {
  switch (item.type) {
    case 'message':
      return objects(item.content).flatMap((part, content_index) =>
        responsesPart(part).map((event) => ({ ...event, content_index })),
      );
    case 'reasoning':
      return [
        ...objects(item.summary).flatMap(({ text }, summary_index) => [
          {
            type: 'response.reasoning_summary_part.added',
            summary_index,
            part: { type: 'summary_text', text: '' },
          },
          { type: 'response.reasoning_summary_text.delta', summary_index, delta: text },
          { type: 'response.reasoning_summary_text.done', summary_index, text },
          {
            type: 'response.reasoning_summary_part.done',
            summary_index,
            part: { type: 'summary_text', text },
          },
        ]),
        ...objects(item.content).flatMap(({ text }, content_index) => [
          { type: 'response.reasoning_text.delta', content_index, delta: text },
          { type: 'response.reasoning_text.done', content_index, text },
        ]),
      ];
    case 'function_call':
      return [
        { type: 'response.function_call_arguments.delta', delta: item.arguments },
        { type: 'response.function_call_arguments.done', name: item.name, arguments: item.arguments },
      ];
    case 'custom_tool_call':
      return [
        { type: 'response.custom_tool_call_input.delta', delta: item.input },
        { type: 'response.custom_tool_call_input.done', input: item.input },
      ];
    case 'mcp_call':
      return [
        { type: 'response.mcp_call.in_progress' },
        { type: 'response.mcp_call_arguments.delta', delta: item.arguments },
        { type: 'response.mcp_call_arguments.done', arguments: item.arguments },
        { type: 'response.mcp_call.completed' },
      ];
    case 'code_interpreter_call':
      return [
        { type: 'response.code_interpreter_call.in_progress' },
        { type: 'response.code_interpreter_call_code.delta', delta: item.code },
        { type: 'response.code_interpreter_call_code.done', code: item.code },
        { type: 'response.code_interpreter_call.interpreting' },
        { type: 'response.code_interpreter_call.completed' },
      ];
    case 'image_generation_call':
      return [
        { type: 'response.image_generation_call.in_progress' },
        { type: 'response.image_generation_call.generating' },
        {
          type: 'response.image_generation_call.partial_image',
          partial_image_b64: 'AA==',
          partial_image_index: 0,
        },
        { type: 'response.image_generation_call.completed' },
      ];
    default:
      return [];
  }
}

function responsesPart(part: JsonObject): JsonObject[] {
  const refused = part.type === 'refusal';
  const empty = refused
    ? { type: 'refusal', refusal: '' }
    : { type: 'output_text', text: '', annotations: [], logprobs: [] };
  const textEvents = refused
    ? [
        { type: 'response.refusal.delta', delta: part.refusal },
        { type: 'response.refusal.done', refusal: part.refusal },
      ]
    : [
        { type: 'response.output_text.delta', delta: part.text, logprobs: part.logprobs ?? [] },
        ...objects(part.annotations).map((annotation, annotation_index) => ({
          type: 'response.output_text.annotation.added',
          annotation_index,
          annotation,
        })),
        { type: 'response.output_text.done', text: part.text, logprobs: part.logprobs ?? [] },
      ];
  return [
    { type: 'response.content_part.added', part: empty },
    ...textEvents,
    { type: 'response.content_part.done', part },
  ];
}

/** https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent */
function gemini(answer: JsonObject): JsonObject[] {
  const { candidates, promptFeedback, usageMetadata, ...who } = answer;
  const [candidate] = objects(candidates);
  const { content, index, ...ending } = candidate ?? {};
  const { parts, role } = asObject(content) ?? {};
  const chunk = (said: JsonObject) => ({ ...who, candidates: [{ index, content: { role, parts: [said] } }] });
  return [
    ...(promptFeedback === undefined ? [] : [{ ...who, promptFeedback }]),
    ...objects(parts).map(chunk),
    { ...who, candidates: [{ index, content: { role, parts: [] }, ...ending }], usageMetadata },
  ];
}

/** https://docs.ollama.com/api/chat */
function ollama(answer: JsonObject): JsonObject[] {
  const { message, logprobs, model, created_at, ...ending } = answer;
  const { role, thinking, ...said } = asObject(message) ?? {};
  const line = (fields: JsonObject, more: JsonObject = {}) => ({
    model,
    created_at,
    message: { role, content: '', ...fields },
    done: false,
    ...more,
  });
  return [
    line({ thinking }),
    ...Object.entries(said).map(([name, value]) =>
      line({ [name]: value }, name === 'content' && logprobs !== undefined ? { logprobs } : {}),
    ),
    { ...line({}), ...ending },
  ];
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html; by event names. */
function converse(answer: JsonObject): JsonObject[] {
  const { output, stopReason, additionalModelResponseFields, ...metadata } = answer;
  const events: JsonObject[] = [{ messageStart: { role: 'assistant' } }];
  for (const [contentBlockIndex, block] of objects(asObject(asObject(output)?.message)?.content).entries()) {
    const { start, deltas } = converseBlock(block);
    if (start !== undefined) events.push({ contentBlockStart: { start, contentBlockIndex } });
    for (const delta of deltas) events.push({ contentBlockDelta: { delta, contentBlockIndex } });
    events.push({ contentBlockStop: { contentBlockIndex } });
  }
  events.push({ messageStop: { stopReason, additionalModelResponseFields } });
  return [...events, { metadata }];
}

function converseBlock(block: JsonObject): { start?: JsonObject; deltas: JsonObject[] } {
  const reasoning = asObject(block.reasoningContent);
  const cited = asObject(block.citationsContent);
  const call = asObject(block.toolUse);
  const image = asObject(block.image);
  if (cited !== undefined)
    return {
      deltas: [...objects(cited.content), ...objects(cited.citations).map((citation) => ({ citation }))],
    };
  if (call !== undefined)
    return {
      start: { toolUse: without(call, 'input') },
      deltas: [{ toolUse: { input: JSON.stringify(call.input) } }],
    };
  if (image !== undefined)
    return { start: { image: { format: image.format } }, deltas: [{ image: { source: image.source } }] };
  if (reasoning === undefined) return { deltas: [block] };
  const { text, signature } = asObject(reasoning.reasoningText) ?? {};
  if (text === undefined) return { deltas: [{ reasoningContent: reasoning }] };
  return { deltas: [{ reasoningContent: { text } }, { reasoningContent: { signature } }] };
}

const STREAMS: Record<Wire, (answer: JsonObject) => JsonObject[]> = {
  'anthropic-messages': anthropic,
  'openai-chat': chat,
  'openai-responses': responses,
  gemini,
  'ollama-chat': ollama,
  'bedrock-converse': converse,
};

/** The events of the stream, as they are after framing. */
export function streamOf(wire: Wire, answer: JsonObject): SseEvent[] {
  return STREAMS[wire](answer).map((event): SseEvent => {
    if (wire !== 'bedrock-converse')
      return { event: asString(event.type) ?? '', data: JSON.stringify(event) };
    const [[name, fields] = ['', {}]] = Object.entries(event);
    return { event: name, data: JSON.stringify(fields) };
  });
}
