// Output items in the form that a client reads, the same for whole answers and streams. Ids are made from the request's id and the item's
// place, so that the same answer has the same ids. Made-up ids of reasoning are marked, so that they are recognized when they come back.
import type { ImagePart, MessageStart, ToolCallPart } from '../../model/content.ts';
import { asString, type JsonObject, type JsonValue, parseObject } from '../../model/json/json.ts';
import { callIdToWire, isMadeUpId, madeUpId } from '../../model/opaque-token.ts';
import { freeTextOf } from './free-text.ts';
import { hostedItemOf } from './hosted-item.ts';
import { type ClientTool, wireName } from './namespace.ts';
import { searchCall } from './tool-search.ts';

type ItemPrefix = 'msg' | 'rs' | 'fc' | 'ctc' | 'tsc' | 'ws' | 'ig' | 'cmp';

const REASONING = 'rs';

export function itemId(prefix: ItemPrefix, requestId: string, outputIndex: number): string {
  const rest = `${requestId}_${outputIndex}`;
  return prefix === REASONING ? madeUpId(prefix, rest) : `${prefix}_${rest}`;
}

/** Whether an item that a client sends is reasoning whose id was made up here. */
export function isMadeUpReasoning(id: string): boolean {
  return isMadeUpId(REASONING, id);
}

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export function messageItem(
  id: string,
  status: ItemStatus,
  content: JsonValue[],
  start: MessageStart = {},
): JsonObject {
  return { id, type: 'message', status, role: 'assistant', content, ...start };
}

export function textContent(text: string, annotations: JsonObject[], logprobs: JsonObject[]): JsonObject {
  return { type: 'output_text', text, annotations, logprobs };
}

export function refusalContent(refusal: string): JsonObject {
  return { type: 'refusal', refusal };
}

/** The form in which a call is sent to the client. */
export interface CallForm {
  kind: ClientTool['kind'];
  /** The client's custom tool was shown to the provider as a function, whose argument is the text. */
  wrapped: boolean;
  name: string;
  namespace?: string;
}

export function callForm(
  call: Pick<ToolCallPart, 'name' | 'kind'>,
  tools: ReadonlyMap<string, ClientTool>,
): CallForm {
  const tool = tools.get(call.name);
  const isCustom = call.kind === 'custom' || tool?.kind === 'custom';
  const wrapped = isCustom && call.kind !== 'custom';
  const kind = isCustom ? 'custom' : (tool?.kind ?? 'function');
  return { kind, wrapped, ...wireName(call.name, tool) };
}

export const CALL_PREFIXES = { function: 'fc', custom: 'ctc', search: 'tsc' } as const;

/** @param text the argument text for the client. */
export function callItem(
  id: string,
  form: CallForm,
  call: Pick<ToolCallPart, 'id' | 'signature'>,
  text: string,
  status: ItemStatus,
): JsonObject {
  const { kind, name, namespace } = form;
  const callId = callIdToWire(call.id, call.signature);
  if (kind === 'search') return searchCall(id, callId, text, status);
  const custom = kind === 'custom';
  return {
    id,
    type: custom ? 'custom_tool_call' : 'function_call',
    status,
    call_id: callId,
    name,
    ...(namespace !== undefined && { namespace }),
    ...(custom ? { input: text } : { arguments: text }),
  };
}

/** The arguments of a complete call. Clients parse a function's, so '' becomes `{}`. */
export function callText(form: CallForm, args: string): string {
  if (form.wrapped) return freeTextOf(args);
  return form.kind === 'function' && args.trim() === '' ? '{}' : args;
}

/**
 * The item of a call that the provider ran itself; undefined if it has no form here. Searches and page visits of other dialects become web
 * search calls.
 */
export function hostedCallItem(part: ToolCallPart, id: string): JsonObject | undefined {
  const own = hostedItemOf(part);
  if (own !== undefined) return own;
  const action = searchAction(part);
  return action && { id, type: 'web_search_call', status: 'completed', action };
}

function searchAction({ name, arguments: text }: ToolCallPart): JsonObject | undefined {
  const args = parseObject(text) ?? {};
  if (name === 'web_search') return { type: 'search', query: asString(args.query) ?? '' };
  if (name === 'web_fetch') return { type: 'open_page', url: asString(args.url) ?? '' };
  return undefined;
}

/** A generated image. Audio and URLs have no form here. */
export function imageItem(part: ImagePart, id: string): JsonObject | undefined {
  const own = hostedItemOf(part);
  if (own !== undefined) return own;
  if (part.source.kind !== 'base64') return undefined;
  const { mediaType, data } = part.source;
  const format = mediaType.slice(mediaType.indexOf('/') + 1);
  return { id, type: 'image_generation_call', status: 'completed', output_format: format, result: data };
}
