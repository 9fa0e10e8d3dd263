// Items of code that was run: OpenAI's own, and those of other dialects' providers, and the events by which a stream tells of them.
// https://developers.openai.com/api/docs/guides/tools-code-interpreter
import type { ServerToolOutput, ServerToolResultPart, ToolCallPart } from '../../model/content.ts';
import {
  asArray,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import { buildDataUrl, parseMediaUrl } from '../openai/media.ts';
import { codeOf } from '../shared/code-execution.ts';
import { runInWords } from '../shared/code-in-words.ts';
import type { OutputWriter } from './encode-output.ts';
import { CODE_INTERPRETER } from './parse-tools.ts';
import { ID } from './wire.ts';

export const CODE_CALL = 'code_interpreter_call';
/** What has the outputs told, which a provider otherwise leaves out. */
export const CODE_OUTPUTS = `${CODE_CALL}.outputs`;

const PREFIX = 'ci_';
/** An item's container where another dialect's provider ran the code: it has none here. */
const NO_CONTAINER = '';
const NOT_TOLD = '(The output was not kept.)';

/** The place is of use to its own provider alone. */
const OF_RUN = ['type', 'id', 'status', 'code', 'container_id', 'outputs'];

/** A run, and what it said. One that did not end only this dialect can express. */
export function parseCodeCall(item: JsonObject): [ToolCallPart] | [ToolCallPart, ServerToolResultPart] {
  const { status = 'completed' } = item;
  const wireId = asString(item.id) ?? '';
  const id = isOfAnother(item) ? wireId.slice(PREFIX.length) : wireId;
  const call: ToolCallPart = {
    type: 'tool-call',
    id,
    name: CODE_INTERPRETER,
    arguments: JSON.stringify({ code: item.code ?? '' }),
    kind: 'server',
    extension: { dialect: ID, fields: item, defaults: OF_RUN },
  };
  if (status !== 'completed' && status !== 'failed') return [call];
  const output = outputOf(item);
  const result = { type: 'server-tool-result', callId: id, dialect: ID, value: item, output } as const;
  return [{ ...call, runsCode: true }, result];
}

function outputOf(item: JsonObject): ServerToolOutput {
  const outputs = asArray(item.outputs);
  const logs = (outputs ?? []).flatMap((output) => asString(asObject(output)?.logs) ?? []);
  const images = (outputs ?? []).flatMap((output) => {
    const source = parseMediaUrl(asString(asObject(output)?.url) ?? '');
    return source.kind === 'base64' ? [{ mediaType: source.mediaType, data: source.data }] : [];
  });
  return {
    text: outputs === undefined ? NOT_TOLD : logs.join('\n'),
    ...(item.status === 'failed' && { isError: true }),
    ...(images.length > 0 && { images }),
    ...((outputs ?? []).length > logs.length + images.length && { others: ['outputs'] }),
  };
}

function isOfAnother({ container_id: container }: JsonObject): boolean {
  return container === NO_CONTAINER;
}

/** The item of a run by another dialect's provider. */
export function codeItem(call: ToolCallPart, { text, isError, images = [] }: ServerToolOutput): JsonObject {
  const logs = text === '' ? [] : [{ type: 'logs', logs: text }];
  return {
    id: PREFIX + call.id,
    type: CODE_CALL,
    status: isError === true ? 'failed' : 'completed',
    code: codeOf(call),
    container_id: NO_CONTAINER,
    outputs: [
      ...logs,
      ...images.map(({ mediaType, data }) => ({ type: 'image', url: buildDataUrl(mediaType, data) })),
    ],
  };
}

/** Whether the item was made for a run by another dialect's provider, and has come back: OpenAI has no such container. */
export function isMadeRun(item: JsonValue): item is JsonObject {
  return isObject(item) && item.type === CODE_CALL && isOfAnother(item);
}

/** What is sent of it in its place. */
export function madeRunAsText(item: JsonObject): JsonObject {
  return {
    type: 'message',
    role: 'assistant',
    content: runInWords(asString(item.code) ?? '', outputOf(item)),
  };
}

/** All events of a run that has ended: the AI SDK knows the call only by those of its code. */
export function codeEvents(output: OutputWriter, item: JsonObject): string {
  const place = output.place();
  const where = { item_id: item.id, output_index: place };
  const code = asString(item.code) ?? '';
  const step = (name: string, fields: JsonObject = {}) =>
    output.event(`response.${CODE_CALL}${name}`, { ...where, ...fields });
  return (
    output.added(place, { ...item, status: 'in_progress', code: '', outputs: null }) +
    step('.in_progress') +
    (code === '' ? '' : step('_code.delta', { delta: code })) +
    step('_code.done', { code }) +
    step('.interpreting') +
    step('.completed') +
    output.done(place, item)
  );
}
