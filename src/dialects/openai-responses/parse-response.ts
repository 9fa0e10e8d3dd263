// A whole response object → NeutralResponse.
import type { MessageStart, Part } from '../../model/content.ts';
import { GatewayError } from '../../model/errors.ts';
import { asArray, asString, type JsonObject } from '../../model/json/json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { countsOf } from '../../model/usage.ts';
import { objectsIn, textIn } from '../shared/answer-list.ts';
import { type Account, MalformedEvent } from '../dialect.ts';
import { parseLogprobs } from '../openai/logprobs.ts';
import { parseAnnotations } from './annotations.ts';
import { startOf } from './decode-message.ts';
import { errorInBody } from './errors.ts';
import { argumentText } from '../openai/calls.ts';
import { namelessCall, objectArguments } from '../shared/tools/call-arguments.ts';
import { parseFinish, pendingStatus } from './finish.ts';
import { CONTENT_PREFIX } from './parse-content.ts';
import { ID } from './wire.ts';
import { parseHostedItem } from './hosted-item.ts';
import { flatName } from './namespace.ts';
import { parseAnswerReasoning } from './reasoning.ts';
import { answerExtension } from './unmapped-fields.ts';
import { parseUsage } from './usage.ts';

/** @throws GatewayError, the provider's own or `upstream_malformed` if the body is not a response; MalformedEvent for an invalid item. */
export function parseResponse(body: JsonObject): NeutralResponse {
  const error = errorInBody(body);
  if (error !== undefined) throw error;
  const output = asArray(body.output);
  if (output === undefined) {
    throw new GatewayError(
      'upstream_malformed',
      'the provider answered JSON without `output`: is its base_url that of an API with /responses?',
    );
  }
  const items = objectsIn(output, 'output');
  const parts = items.flatMap((item, index) => parseItem(item, index, items[index - 1]?.type === 'message'));
  const { model, usage } = accountIn(body);
  const pending = pendingStatus(body);
  const sawToolCall = parts.some((part) => part.type === 'tool-call' && part.kind !== 'server');
  return {
    id: asString(body.id) || null,
    model,
    parts,
    finish: pending === undefined ? parseFinish(body, sawToolCall) : { unified: 'other', raw: pending },
    ...countsOf(usage),
    ...answerExtension(body, items),
    ...(pending !== undefined && { pending }),
  };
}

export function accountIn(body: JsonObject): Account {
  return { model: asString(body.model) || null, usage: parseUsage(body) };
}

/** @param isNext whether the item follows a message. */
function parseItem(item: JsonObject, index: number, isNext: boolean): Part[] {
  const type = asString(item.type);
  switch (type) {
    case undefined:
      throw new MalformedEvent(`output[${index}] has no type`);
    case 'message':
      return parseMessage(item, index, startOf(item) ?? (isNext ? {} : undefined));
    case 'reasoning': {
      const part = parseAnswerReasoning(item);
      return part === undefined ? [] : [part];
    }
    case 'function_call':
    case 'custom_tool_call':
      return parseCall(item, type === 'custom_tool_call', index);
    default:
      return parseHostedItem(type, item);
  }
}

/** Content that has a neutral form. */
const TOLD: ReadonlySet<string> = new Set(['output_text', 'text', 'refusal']);

function parseMessage(item: JsonObject, index: number, start: MessageStart | undefined): Part[] {
  const parts: Part[] = [];
  for (const content of objectsIn(item.content, `output[${index}].content`)) {
    if (!TOLD.has(asString(content.type) ?? '')) {
      const name = `${CONTENT_PREFIX}${asString(content.type) ?? 'part'}`;
      parts.push({ type: 'opaque', dialect: ID, name, value: content });
      continue;
    }
    const text = textIn(
      content.type === 'refusal' ? content.refusal : content.text,
      `output[${index}].content[].text`,
    );
    if (text === '') continue;
    if (content.type === 'refusal') parts.push({ type: 'refusal', text });
    else {
      const citations = parseAnnotations(content.annotations);
      const logprobs = parseLogprobs(content.logprobs);
      parts.push({
        type: 'text',
        text,
        ...(citations.length > 0 && { citations }),
        ...(logprobs !== undefined && { logprobs }),
        ...(start !== undefined && parts.length === 0 && { message: start }),
      });
    }
  }
  return parts;
}

function parseCall(item: JsonObject, isCustom: boolean, index: number): Part[] {
  const name = asString(item.name);
  if (!name) throw namelessCall();
  const namespace = asString(item.namespace);
  return [
    {
      type: 'tool-call',
      id: asString(item.call_id) || asString(item.id) || `call_${index}`,
      name: namespace ? flatName(namespace, name) : name,
      arguments: isCustom ? argumentText(item.input) : objectArguments(argumentText(item.arguments)),
      kind: isCustom ? 'custom' : 'function',
    },
  ];
}
