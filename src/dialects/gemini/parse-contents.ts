// `contents` and `systemInstruction` of a request → neutral turns and system parts.
import type { Part, ReasoningPart, TextPart } from '../../model/content.ts';
import { asString, type JsonValue } from '../../model/json/json.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import type { Message } from '../../model/request.ts';
import { createCallMatcher } from '../shared/tools/call-matcher.ts';
import { madeUpCallId } from './call-id.ts';
import { ContentResults } from './content-results.ts';
import { type CarriedThought, parsePart } from './parse-parts.ts';
import { invalid, nameType } from '../shared/read-field.ts';
import { requiredObject } from './read-field.ts';
import { ownSignature } from './signature.ts';
import { listOf } from './wire.ts';

export function parseContents(value: JsonValue | undefined): Message[] {
  const contents = listOf(value);
  if (contents.length === 0) {
    const found = value === undefined || value === null ? 'is missing' : 'is empty';
    throw invalid('contents', `${found}; send at least one {role, parts}`);
  }
  const calls = createCallMatcher((position) => madeUpCallId('h', position));
  const turns: { role: 'user' | 'assistant'; parts: (Part | CarriedThought)[] }[] = [];
  for (const [index, item] of contents.entries()) {
    const path = `contents[${index}]`;
    const content = requiredObject(item, path);
    const role = roleOf(content.role, path);
    const parts: (Part | CarriedThought)[] = [];
    const results = new ContentResults(calls);
    for (const [place, part] of listOf(content.parts).entries()) {
      if (results.repeats(part)) continue;
      for (const parsed of parsePart(part, `${path}.parts[${place}]`, calls))
        if (!results.joins(parsed, part)) parts.push(parsed);
    }
    const last = turns.at(-1);
    // In the history, a streamed answer is one content per event; all of them form one turn.
    if (role === 'assistant' && last?.role === 'assistant') last.parts.push(...parts);
    else turns.push({ role, parts });
  }
  return turns.map(({ role, parts }) => ({
    role,
    parts: role === 'assistant' ? joined(parts) : parts.filter((part) => part.type !== 'carried-thought'),
  }));
}

function roleOf(role: JsonValue | undefined, path: string): 'user' | 'assistant' {
  switch (role) {
    case 'model':
      return 'assistant';
    // Some clients send results with a role of their own, which Google's older models accepted: `function`, and `tool` from Genkit for Go
    // (github.com/genkit-ai/genkit/pull/5782).
    case 'user':
    case 'function':
    case 'tool':
    case undefined:
    case '':
      return 'user';
    default:
      throw invalid(
        `${path}.role`,
        `must be \`user\` or \`model\`, not ${typeof role === 'string' ? `\`${role}\`` : nameType(role)}`,
      );
  }
}

/** Joins the pieces into which a stream split text and thoughts; a signature ends its thought. */
function joined(parts: readonly (Part | CarriedThought)[]): Part[] {
  const result: Part[] = [];
  let before: ReasoningPart | undefined;
  for (const part of parts) {
    if (part.type === 'carried-thought') {
      placeThought(part, result);
      before = undefined;
      continue;
    }
    const last = result.at(-1);
    if (part.type === 'text' && last?.type === 'text' && !part.extension && !last.extension) {
      last.text += part.text;
    } else if (before !== undefined && isSeal(part) && sealsThought(part.signature, before)) {
      before.signature = part.signature;
    } else if (part.type === 'reasoning') {
      const thought = joinThought(part, last);
      if (thought === undefined) continue;
      result.push(thought);
      before = thought;
    } else if (part.type === 'tool-call' && before !== undefined && sealsThought(part.signature, before)) {
      const { signature, ...call } = part;
      before.signature = signature;
      result.push(call);
    } else result.push(part.type === 'opaque' ? part : { ...part });
  }
  return result;
}

/** Puts a thought where it stood. Other parts may carry it too, so one that is there already stays. */
function placeThought({ thought, isMoved }: CarriedThought, result: Part[]): void {
  const token = thought.signature ?? thought.redacted;
  const isThere = (part: Part) =>
    part.type === 'reasoning' &&
    (part.signature ?? part.redacted) === token &&
    (token !== undefined || part.text.endsWith(thought.text));
  if (result.some(isThere)) return;
  let at = result.length;
  while (isMoved && result[at - 1]?.type === 'text') at--;
  const before = result[at - 1];
  // The same thought, as the client kept it without its signature.
  const isCopy =
    thought.text !== '' && before?.type === 'reasoning' && !(before.signature ?? before.redacted);
  result.splice(isCopy ? at - 1 : at, isCopy ? 1 : 0, thought);
}

/**
 * Whether it is a signature of the text before it, such as Gemini's models send; LiteLLM also puts other providers' thought signatures
 * there.
 */
function isSeal(part: Part): part is ReasoningPart {
  return part.type === 'reasoning' && part.text === '' && part.redacted === undefined;
}

/** Whether the token on a call, which came in another provider's stream, is the signature of the thought before it. */
function sealsThought(token: OpaqueToken | undefined, thought: ReasoningPart): token is OpaqueToken {
  if (token === undefined || ownSignature(token) !== undefined || thought.text === '') return false;
  return (thought.signature ?? token) === token;
}

/** The part to add; undefined if it was merged into the thought before it, or is empty. */
function joinThought(part: ReasoningPart, last: Part | undefined): ReasoningPart | undefined {
  const { text, signature, redacted } = part;
  const isOpen = last?.type === 'reasoning' && last.text !== '' && !(last.signature ?? last.redacted);
  if (redacted !== undefined) {
    // After a thought it is the thought's signature. Otherwise it is another provider's redacted thinking (for which the stream encoder has
    // no other form), or a signature of Gemini's.
    if (isOpen) last.signature = redacted;
    else if (ownSignature(redacted) !== undefined) return { type: 'reasoning', text, signature: redacted };
    else return { ...part };
    return undefined;
  }
  if (text === '') return signature === undefined ? undefined : { ...part };
  if (!isOpen) return { ...part };
  last.text += text;
  if (signature !== undefined) last.signature = signature;
  return undefined;
}

/** A content, a list of parts, a part, or plain text, since clients send all of these. */
export function parseSystem(value: JsonValue | undefined): TextPart[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }];
  const path = 'systemInstruction';
  const parts = Array.isArray(value) ? value : partsOf(requiredObject(value, path));
  return parts.flatMap((item, index): TextPart[] => {
    if (typeof item === 'string') return [{ type: 'text', text: item }];
    const text = asString(requiredObject(item, `${path}.parts[${index}]`).text);
    if (text === undefined)
      throw invalid(`${path}.parts[${index}]`, 'has no text; only text is accepted there');
    return text === '' ? [] : [{ type: 'text', text }];
  });
}

function partsOf(content: { [name: string]: JsonValue | undefined }): JsonValue[] {
  return content.parts === undefined && content.text !== undefined
    ? [content as JsonValue]
    : listOf(content.parts);
}
