// A whole answer → NeutralResponse.
import type { Part } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject } from '../../model/json.ts';
import { ownToken } from '../../model/opaque-token.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { NO_USAGE } from '../../model/usage.ts';
import { objectsIn } from '../answer-list.ts';
import { MalformedEvent } from '../dialect.ts';
import { readCitation, readFinish, readUsage } from './read-answer.ts';
import { ID } from './wire.ts';

export function parseResponse(body: JsonObject): NeutralResponse {
  const message = asObject(asObject(body.output)?.message);
  if (message === undefined) throw new MalformedEvent('the answer has no output.message');
  const parts = objectsIn(message.content, 'output.message.content').flatMap(parseBlock);
  const trace = asObject(body.trace);
  return {
    id: null,
    model: null,
    parts,
    finish: readFinish(body),
    usage: { ...NO_USAGE, ...readUsage(asObject(body.usage) ?? {}) },
    ...(trace === undefined ? {} : { extension: { dialect: ID, fields: { trace } } }),
  };
}

function parseBlock(block: JsonObject): Part[] {
  const text = asString(block.text);
  if (text !== undefined) return text === '' ? [] : [{ type: 'text', text }];
  const cited = asObject(block.citationsContent);
  if (cited !== undefined) return parseCited(cited);
  const reasoning = asObject(block.reasoningContent);
  if (reasoning !== undefined) return parseReasoning(reasoning);
  const call = asObject(block.toolUse);
  if (call !== undefined) {
    const kind = isServerTool(call) ? 'server' : 'function';
    const id = asString(call.toolUseId) ?? '';
    const name = asString(call.name) ?? '';
    return [{ type: 'tool-call', id, name, kind, arguments: JSON.stringify(call.input ?? {}) }];
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

export function isServerTool({ type }: JsonObject): boolean {
  return type === 'server_tool_use';
}

export function imageType(image: JsonObject | undefined): string {
  return `image/${asString(image?.format) ?? 'png'}`;
}
