// Images and documents given by URL, or by an id in Anthropic's file store: Amazon's and Google's services fetch neither, and refuse the
// request. https://github.com/anthropics/anthropic-sdk-typescript/issues/1038
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Loss } from '../../model/request.ts';
import { UNREADABLE_DOCUMENT, UNREADABLE_IMAGE } from '../shared/losses/substitutes.ts';

const NAMES = new Map([
  ['url', 'url'],
  ['file', 'file_id'],
]);

/** @param body of a Messages request; it is modified. */
export function leaveOutAddresses(body: JsonObject): Loss[] {
  const features = new Set<string>();
  body.messages = (asArray(body.messages) ?? []).map((message): JsonValue => withBytes(message, features));
  return [...features].map((feature) => ({ feature, outcome: 'lost' }));
}

/** A message or a tool's result, with a text in place of each such block. */
function withBytes(holder: JsonValue, features: Set<string>): JsonValue {
  const { content, ...rest } = asObject(holder) ?? {};
  const blocks = asArray(content);
  if (blocks === undefined) return holder;
  const kept = blocks.map((block): JsonValue => {
    const { type, source, cache_control: breakpoint } = asObject(block) ?? {};
    if (type === 'tool_result') return withBytes(block, features);
    const given = NAMES.get(asString(asObject(source)?.type) ?? '');
    if (given === undefined || (type !== 'image' && type !== 'document')) return block;
    features.add(`${type}.${given}`);
    const text = type === 'image' ? UNREADABLE_IMAGE : UNREADABLE_DOCUMENT;
    return { type: 'text', text, ...(breakpoint !== undefined && { cache_control: breakpoint }) };
  });
  return { ...rest, content: kept };
}
