// A whole answer → NeutralResponse.
import type { Part } from '../../model/content.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { countsOf } from '../../model/usage.ts';
import { textIn } from '../shared/answer-list.ts';
import { parseLogprobs } from '../openai/logprobs.ts';
import { type Account, MalformedEvent } from '../dialect.ts';
import { readCalls, readFinish, readUsage, spellingOf } from './read-answer.ts';
import { isThere, reportUnmapped } from './unmapped-fields.ts';
import { ID } from './wire.ts';

export function parseResponse(body: JsonObject): NeutralResponse {
  const message = asObject(body.message);
  if (message === undefined) throw new MalformedEvent('the answer has no message');
  if (body.done === false) throw new MalformedEvent('the answer says that it is not done');
  const parts: Part[] = [];
  const thinking = textIn(message.thinking, 'message.thinking');
  const content = textIn(message.content, 'message.content');
  if (thinking) parts.push({ type: 'reasoning', text: thinking });
  const calls = readCalls(message, asString(body.created_at) ?? '', 0);
  const isAlone = !thinking && calls.length === 0;
  const tokens = parseLogprobs(body.logprobs);
  const logprobs = spellingOf(content, tokens, isAlone);
  if (content) parts.push({ type: 'text', text: content, ...(logprobs !== undefined && { logprobs }) });
  for (const call of calls) parts.push({ type: 'tool-call', kind: 'function', ...call });
  const unmapped: JsonObject = {};
  reportUnmapped(body, (name) => {
    unmapped[name] = {};
  });
  if (isThere(body.logprobs) && (logprobs === undefined || logprobs.length !== tokens?.length))
    unmapped.logprobs = {};
  return {
    id: null,
    model: asString(body.model) || null,
    parts,
    finish: readFinish(body, calls.length > 0),
    ...countsOf(readUsage(body)),
    ...(Object.keys(unmapped).length > 0 && { extension: { dialect: ID, fields: unmapped } }),
  };
}

export function accountIn(body: JsonObject): Account {
  return { model: asString(body.model) || null, usage: readUsage(body) };
}
