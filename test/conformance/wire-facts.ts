// What a recording's bytes say, read without any SDK and without src: which features of an answer are in it that
// another dialect has no words for, and the answer itself where no SDK can read it.
import type { Recording } from '../support/recordings.ts';
import type { GenerateContentResponse } from '@google/genai';
import type { Answer } from './answer.ts';
import { foldGenai } from './read-genai.ts';

type Json = Record<string, unknown>;

/** The JSON values of a stream's events, or the one body. */
function* jsonOf(recording: Recording): Generator<Json> {
  const text = new TextDecoder().decode(recording.body);
  if (!recording.streamed) {
    yield JSON.parse(text);
    return;
  }
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line.startsWith('data:') && line.includes('{')) yield JSON.parse(line.slice('data:'.length));
  }
}

/** Names under which the ledger must report what a client of the other dialect cannot be told. */
export function unsayable(recording: Recording): string[] {
  const found = new Set<string>();
  const calls = new Set<unknown>();
  for (const value of jsonOf(recording)) {
    if (recording.wire === 'anthropic-messages') ofAnthropic(value, found, calls);
    else ofOpenai(value, found);
  }
  return [...found].sort();
}

const SAID_BLOCKS = new Set(['text', 'thinking', 'redacted_thinking', 'tool_use']);

function ofAnthropic(value: Json, found: Set<string>, calls: Set<unknown>): void {
  const delta = object(value.delta);
  for (const field of ['container', 'context_management', 'stop_details']) {
    if (object(value[field]) !== undefined || object(delta?.[field]) !== undefined) found.add(field);
  }
  if (typeof (value.stop_sequence ?? delta?.stop_sequence) === 'string') found.add('stop_sequence');
  const citation = object(delta?.citation);
  if (citation !== undefined && citation.url === undefined) found.add('citations');
  const blocks = value.type === 'content_block_start' ? [value.content_block] : array(value.content);
  for (const each of blocks) {
    const block = object(each);
    const type = String(block?.type);
    if (block === undefined || SAID_BLOCKS.has(type)) continue;
    if (type === 'server_tool_use' || type === 'mcp_tool_use') {
      found.add(`tools.${block.name}`);
      calls.add(block.id);
    } else if (!type.endsWith('_tool_result')) found.add(type);
    // A result is reported with its call, where that is in the same answer.
    else if (!calls.has(block.tool_use_id)) found.add('tools.server_tool_result');
  }
}

function ofOpenai(value: Json, found: Set<string>): void {
  const choice = object(array(value.choices)[0]);
  const message = object(choice?.delta) ?? object(choice?.message);
  if (object(choice?.logprobs) !== undefined) found.add('logprobs');
  if (typeof object(message?.audio)?.data === 'string' && object(message?.audio)?.data !== '')
    found.add('audio');
  if (array(message?.images).length > 0) found.add('image');
}

/** Chunks of Gemini as they are in the bytes. */
export function foldGeminiBytes(recording: Recording): Answer {
  return foldGenai([...jsonOf(recording)] as unknown as GenerateContentResponse[]);
}

/** An Anthropic stream folded by hand; arguments stay text where they are no JSON. */
export function foldAnthropicBytes(recording: Recording): Answer {
  const answer: Answer = {
    text: '',
    reasoning: '',
    seals: [],
    refusal: '',
    calls: [],
    finish: null,
    usage: null,
  };
  const usage: Json = {};
  const calls = new Map<unknown, { id: string; name: string; text: string }>();
  for (const event of jsonOf(recording)) {
    Object.assign(usage, object(object(event.message)?.usage), object(event.usage));
    const block = object(event.content_block);
    if (block?.type === 'tool_use') {
      calls.set(event.index, { id: String(block.id), name: String(block.name), text: '' });
    }
    const delta = object(event.delta);
    if (typeof delta?.text === 'string') answer.text += delta.text;
    if (typeof delta?.thinking === 'string') answer.reasoning += delta.thinking;
    if (typeof delta?.stop_reason === 'string') answer.finish = delta.stop_reason;
    const call = calls.get(event.index);
    if (call !== undefined && typeof delta?.partial_json === 'string') call.text += delta.partial_json;
  }
  for (const { id, name, text } of calls.values()) answer.calls.push({ id, name, arguments: text });
  const count = (field: string) => (typeof usage[field] === 'number' ? usage[field] : 0);
  answer.usage = {
    input: count('input_tokens'),
    cacheRead: count('cache_read_input_tokens'),
    cacheWrite: count('cache_creation_input_tokens'),
    output: count('output_tokens'),
    reasoning: 0,
  };
  return answer;
}

function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function array(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
