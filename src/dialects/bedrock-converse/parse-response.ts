// A whole answer → NeutralResponse.
import type { Part } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { exactText } from '../../model/json/exact-numbers.ts';
import { ownToken } from '../../model/opaque-token.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { countsOf } from '../../model/usage.ts';
import { objectsIn, textIn } from '../shared/answer-list.ts';
import { objectArguments } from '../shared/tools/call-arguments.ts';
import { withoutNulls } from '../shared/own-fields.ts';
import { type Account, MalformedEvent } from '../dialect.ts';
import { readCitation, readEdits, readFinish, readUsage, tierOf, unreadOf } from './read-answer.ts';
import { ANTHROPIC, CONTEXT_MANAGEMENT, ID, NOVA_SEARCH } from './wire.ts';

export function parseResponse(body: JsonObject): NeutralResponse {
  const message = asObject(asObject(body.output)?.message);
  if (message === undefined) throw new MalformedEvent('the answer has no output.message');
  if (!Array.isArray(message.content)) throw new MalformedEvent('the answer has no output.message.content');
  const parts = objectsIn(message.content, 'output.message.content').flatMap(parseBlock);
  const called = parts.some((part) => part.type === 'tool-call' && part.kind === 'function');
  const trace = asObject(body.trace);
  const edits = readEdits(body);
  // An answer can hold the fields of only one dialect; those of a second one become a part, whose loss is reported in the same way.
  if (edits !== undefined && trace !== undefined)
    parts.push({ type: 'opaque', dialect: ID, name: 'trace', value: trace });
  for (const name of unreadOf(body)) parts.push({ type: 'opaque', dialect: ID, name, value: {} });
  return {
    id: null,
    model: null,
    parts,
    finish: readFinish(body, called),
    ...countsOf(accountIn(body).usage),
    ...(trace === undefined ? {} : { extension: { dialect: ID, fields: { trace } } }),
    ...(edits !== undefined && {
      extension: { dialect: ANTHROPIC, fields: { [CONTEXT_MANAGEMENT]: edits } },
    }),
  };
}

export function accountIn(body: JsonObject): Account {
  const usage = asObject(body.usage);
  const content = asArray(asObject(asObject(body.output)?.message)?.content) ?? [];
  const webSearches = content.filter((block) => isSearch(asObject(asObject(block)?.toolUse))).length;
  return {
    model: null,
    usage: usage && {
      ...readUsage(usage, body.additionalModelResponseFields),
      ...tierOf(body),
      ...(webSearches > 0 && { webSearches }),
    },
  };
}

function parseBlock(given: JsonObject): Part[] {
  const block = withoutNulls(given);
  if (block.text !== undefined) {
    const text = textIn(block.text, 'output.message.content[].text');
    return text === '' ? [] : [{ type: 'text', text }];
  }
  const cited = asObject(block.citationsContent);
  if (cited !== undefined) return parseCited(cited);
  const reasoning = asObject(block.reasoningContent);
  if (reasoning !== undefined) return parseReasoning(reasoning);
  if (block.toolUse !== undefined) {
    const call = readCall(block.toolUse);
    const kind = isServerTool(call) ? 'server' : 'function';
    const { id, name } = call;
    return [{ type: 'tool-call', id, name, kind, arguments: objectArguments(exactText(call.input ?? {})) }];
  }
  const result = asObject(block.toolResult);
  if (result !== undefined)
    return [
      { type: 'server-tool-result', callId: asString(result.toolUseId) ?? '', dialect: ID, value: result },
    ];
  const image = asObject(block.image);
  const data = asString(asObject(image?.source)?.bytes);
  if (data !== undefined)
    return [{ type: 'image', source: { kind: 'base64', mediaType: imageType(image), data } }];
  const [name = 'content'] = Object.keys(block);
  return [{ type: 'opaque', dialect: ID, name, value: block }];
}

function parseCited(cited: JsonObject): Part[] {
  const texts = (asArray(cited.content) ?? []).map((part) => asString(asObject(part)?.text) ?? '');
  const citations = (asArray(cited.citations) ?? []).map(readCitation);
  return [{ type: 'text', text: texts.join(''), ...(citations.length > 0 ? { citations } : {}) }];
}

function parseReasoning(reasoning: JsonObject): Part[] {
  const redacted = asString(reasoning.redactedContent);
  if (redacted !== undefined) return [{ type: 'reasoning', text: '', redacted: ownToken(ID, redacted) }];
  const { text, signature } = asObject(reasoning.reasoningText) ?? {};
  const seal = asString(signature);
  return [
    {
      type: 'reasoning',
      text: asString(text) ?? '',
      ...(seal ? { signature: ownToken(ID, seal) } : {}),
    },
  ];
}

/** Throws MalformedEvent where a client could not answer the call, since it has no id or is no object. */
export function readCall(value: JsonValue): JsonObject & { id: string; name: string } {
  const call = asObject(value);
  const id = asString(call?.toolUseId);
  if (call === undefined || !id) throw new MalformedEvent('toolUse is not a call with an id');
  return { ...call, id, name: asString(call.name) ?? '' };
}

export function isServerTool({ type }: JsonObject): boolean {
  return type === 'server_tool_use';
}

export function isSearch(call: JsonObject | undefined): boolean {
  return call !== undefined && isServerTool(call) && call.name === NOVA_SEARCH;
}

export function imageType(image: JsonObject | undefined): string {
  return `image/${asString(image?.format) ?? 'png'}`;
}
