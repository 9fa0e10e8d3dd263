// What the second request of a conversation brings back of the first answer, read from each wire by hand: what the
// model said, what the provider sealed, the calls, and which result belongs to which call. In order.
import type { DialectId } from '../../src/model/dialect-id.ts';
import { parseArguments } from './answer.ts';
import { array, type Json, object } from './wire-facts.ts';

export type Held =
  | ['text', string]
  | ['sealed', ...string[]]
  | ['call', id: string, name: string, args: unknown, seal: string]
  | ['result', id: string, text: string];

const READERS: Record<DialectId, (body: Json) => Held[]> = {
  'anthropic-messages': (body) =>
    array(body.messages).flatMap((message) => ofBlocks(object(message)?.content)),
  'openai-chat': (body) => array(body.messages).flatMap((message) => ofMessage(object(message) ?? {})),
  'openai-responses': (body) => array(body.input).flatMap((item) => ofItem(object(item) ?? {})),
  gemini: (body) =>
    array(body.contents).flatMap((content) =>
      array(object(content)?.parts).flatMap((part) => ofPart(object(part) ?? {})),
    ),
  'ollama-chat': (body) => array(body.messages).flatMap((message) => ofOllama(object(message) ?? {})),
};

/** Texts next to each other are one: wires differ in how they cut them. */
export function heldHistory(wire: DialectId, body: Json): Held[] {
  const held: Held[] = [];
  for (const each of READERS[wire](body)) {
    const last = held.at(-1);
    if (each[0] !== 'text') held.push(each);
    else if (last?.[0] === 'text') last[1] += each[1];
    else if (each[1] !== '') held.push(['text', each[1]]);
  }
  return held.map((each) => (each[0] === 'text' ? ['text', each[1].trim()] : each));
}

function ofBlocks(content: unknown): Held[] {
  if (typeof content === 'string') return [['text', content]];
  return array(content).flatMap((each): Held[] => {
    const block = object(each) ?? {};
    switch (block.type) {
      case 'text':
        return [['text', String(block.text)]];
      case 'thinking':
        return block.signature ? [['sealed', String(block.thinking), String(block.signature)]] : [];
      case 'redacted_thinking':
        return [['sealed', String(block.data)]];
      case 'tool_use':
        return [['call', String(block.id), String(block.name), block.input, '']];
      case 'tool_result':
        return [['result', String(block.tool_use_id), textOf(block.content)]];
      default:
        return [];
    }
  });
}

function ofMessage(message: Json): Held[] {
  if (message.role === 'tool') return [['result', String(message.tool_call_id), textOf(message.content)]];
  const text: Held[] = [['text', textOf(message.content) + textOf(message.refusal)]];
  const calls = array(message.tool_calls).map((each): Held => {
    const call = object(each) ?? {};
    const called = object(call.function) ?? object(call.custom) ?? {};
    const google = object(object(call.extra_content)?.google);
    const given = called.arguments === undefined ? called.input : parseArguments(String(called.arguments));
    return ['call', String(call.id), String(called.name), given, String(google?.thought_signature ?? '')];
  });
  return [...text, ...calls];
}

/** Not every server gives calls ids, and none needs them: results are in the order of the calls. */
function ofOllama(message: Json): Held[] {
  if (message.role === 'tool') return [['result', '', textOf(message.content)]];
  const calls = array(message.tool_calls).map((each): Held => {
    const call = object(each) ?? {};
    const called = object(call.function) ?? {};
    return ['call', '', String(called.name), called.arguments, ''];
  });
  return [['text', textOf(message.content)], ...calls];
}

function ofItem(item: Json): Held[] {
  switch (item.type ?? 'message') {
    case 'message':
      return [['text', textOf(item.content)]];
    case 'reasoning':
      return item.encrypted_content ? [['sealed', String(item.encrypted_content)]] : [];
    case 'function_call':
      return [['call', String(item.call_id), String(item.name), parseArguments(String(item.arguments)), '']];
    case 'custom_tool_call':
      return [['call', String(item.call_id), String(item.name), item.input, '']];
    case 'function_call_output':
    case 'custom_tool_call_output':
      return [['result', String(item.call_id), textOf(item.output)]];
    default:
      return [];
  }
}

function ofPart(part: Json): Held[] {
  const call = object(part.functionCall);
  const result = object(part.functionResponse);
  const seal = String(part.thoughtSignature ?? '');
  if (call !== undefined) return [['call', String(call.id ?? ''), String(call.name), call.args ?? {}, seal]];
  if (result !== undefined) {
    return [['result', String(result.id ?? ''), String(object(result.response)?.output)]];
  }
  // Thoughts themselves mean nothing to the provider, and what its own tools did is told by their parts.
  if (part.text === undefined && part.inlineData === undefined) return [];
  const said: Held[] = part.thought === true || part.text === undefined ? [] : [['text', String(part.text)]];
  return seal === '' ? said : [...said, ['sealed', seal]];
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return array(content)
    .map((each) => String(object(each)?.text ?? object(each)?.refusal ?? ''))
    .join('');
}
