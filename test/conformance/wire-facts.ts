// What a recording's bytes say, read without any SDK and without src: the JSON of its events, and the answer itself
// where no SDK can read it.
import type { Recording } from '../support/recordings.ts';
import type { GenerateContentResponse } from '@google/genai';
import { type Answer, emptyAnswer } from './answer.ts';
import { foldGenai } from './read-genai.ts';

export type Json = Record<string, unknown>;

/** The JSON values of a stream's events, or the one body. */
export function* jsonOf(recording: Recording): Generator<Json> {
  const text = new TextDecoder().decode(recording.body);
  if (!recording.streamed) {
    yield JSON.parse(text);
    return;
  }
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line.startsWith('data:') && line.includes('{')) yield JSON.parse(line.slice('data:'.length));
    // Without fields: a line of NDJSON.
    else if (line.startsWith('{')) yield JSON.parse(line);
  }
}

/** Chunks of Gemini as they are in the bytes. */
export function foldGeminiBytes(recording: Recording): Answer {
  return foldGenai([...jsonOf(recording)] as unknown as GenerateContentResponse[]);
}

/** An Anthropic stream folded by hand; arguments stay text where they are no JSON. */
export function foldAnthropicBytes(recording: Recording): Answer {
  const answer = emptyAnswer();
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

export function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function array(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
