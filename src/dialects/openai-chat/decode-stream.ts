// Chat completion chunks → neutral events. Reads the first choice; `finish` is held until the stream's end,
// because usage, and on some servers an error, comes behind `finish_reason`.
// https://platform.openai.com/docs/api-reference/chat/streaming
import { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import { asArray, asObject, asString, isObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { objectsIn, textIn } from '../answer-list.ts';
import { MalformedEvent, malformedData, type Quirks, type StreamDecoder } from '../dialect.ts';
import { errorOf } from '../openai-errors.ts';
import { parseSources } from './annotations.ts';
import { createBlockWriter } from './decode-blocks.ts';
import { createMediaDecoder } from './decode-media.ts';
import { createToolDecoder } from './decode-tools.ts';
import { errorInBody } from './errors.ts';
import { isErrorFinish, parseFinish } from './finish.ts';
import { thinkingText } from './parse-content.ts';
import { tellUnworded } from './unworded.ts';
import { findUsage, parseUsage } from './usage.ts';

export function createStreamDecoder(emit: (event: StreamEvent) => void, quirks: Quirks = {}): StreamDecoder {
  let started = false;
  let ended = false;
  let answered = false;
  let responseId: string | null = null;
  /** The choice that said why it ended. */
  let finished: JsonObject | undefined;
  const blocks = createBlockWriter(emit);
  const tools = createToolDecoder(emit, blocks, () => responseId);
  /** Names of the extensions so far. */
  const told = new Set<string>();
  const media = createMediaDecoder(emit, blocks);

  function fail(error: GatewayError): void {
    ended = true;
    emit({ type: 'error', error });
  }

  /** [DONE] ends an answer that said something, also on servers that never give a reason (Snowflake). */
  function done(): void {
    if (answered) finished ??= {};
    finish();
  }

  function finish(): void {
    if (ended || finished === undefined) return;
    const raw = asString(finished.finish_reason) ?? null;
    if (isErrorFinish(raw)) {
      fail(new GatewayError('upstream_failed', `the provider broke the answer off (finish_reason ${raw})`));
      return;
    }
    media.finish();
    blocks.finish();
    const broken = tools.finish();
    if (broken !== undefined) {
      fail(broken);
      return;
    }
    ended = true;
    emit({ type: 'finish', finish: parseFinish(raw, finished, tools.saw()) });
  }

  function start(chunk: JsonObject): void {
    started = true;
    responseId = asString(chunk.id) || null;
    emit({ type: 'start', id: responseId, model: asString(chunk.model) || null });
  }

  function readContent(content: JsonValue | undefined): void {
    if (typeof content === 'string') {
      if (content !== '') blocks.text(content);
      return;
    }
    for (const fields of objectsIn(content, 'choices[0].delta.content')) {
      if (fields.type === 'thinking') {
        const thinking = thinkingText(fields);
        if (thinking !== '') blocks.reasoning(thinking);
      } else if (fields.type === 'text') {
        const text = textIn(fields.text, 'choices[0].delta.content[].text');
        if (text !== '') blocks.text(text);
      } else if (typeof fields.type === 'string') {
        emit({ type: 'extension', dialect: 'openai-chat', name: fields.type, value: { value: fields } });
      }
    }
  }

  function readDelta(delta: JsonObject): void {
    blocks.reasoningOf(delta);
    // Sources may come with, or before, the text that rests on them.
    const { content, refusal } = delta;
    if (content !== undefined && content !== null) readContent(content);
    if (typeof refusal === 'string' && refusal !== '') blocks.refusal(refusal);
    if (delta.annotations !== undefined) blocks.annotations(delta.annotations);
    if (delta.tool_calls) tools.fragments(delta.tool_calls);
    if (delta.function_call) tools.legacy(delta.function_call);
    if (delta.audio) media.audio(delta.audio);
    if (delta.images) media.images(delta.images);
  }

  function readChoice(choice: JsonObject): void {
    answered = true;
    if (asString(choice.finish_reason)) finished = choice;
    // Some servers stream one whole message instead of a delta.
    const said = choice.delta ?? choice.message;
    if (said !== undefined && said !== null) {
      if (!isObject(said)) throw new MalformedEvent('choices[0].delta is not an object');
      readDelta(said);
    }
  }

  function extend(name: string, value: JsonObject): void {
    // Log probabilities belong to their chunk; of the others it is enough to know that they were there.
    if (name !== 'logprobs' && told.has(name)) return;
    told.add(name);
    emit({ type: 'extension', dialect: 'openai-chat', name, value });
  }

  function readChunk(chunk: JsonObject): void {
    if (chunk.choices !== undefined && chunk.choices !== null && !Array.isArray(chunk.choices)) {
      throw new MalformedEvent('choices is not an array');
    }
    const choice = firstChoice(asArray(chunk.choices) ?? []);
    const usage = findUsage(chunk, choice);
    // Azure's first chunk has filter results, an empty id and no choice.
    if (!started && (choice !== undefined || usage !== undefined || asString(chunk.id))) start(chunk);
    if (chunk.citations !== undefined || chunk.search_results !== undefined)
      blocks.sources(parseSources(chunk));
    const error = errorInBody(chunk, quirks);
    if (choice !== undefined && error === undefined) readChoice(choice);
    if (started) tellUnworded(chunk, choice, extend);
    if (usage !== undefined) emit({ type: 'usage', usage: parseUsage(usage) });
    if (error !== undefined) fail(error);
  }

  return {
    decode(event) {
      if (ended) return;
      if (event.data === '[DONE]') {
        done();
        return;
      }
      let value: unknown;
      try {
        value = JSON.parse(event.data);
      } catch {
        if (event.data.trim() === '[DONE]') {
          done();
          return;
        }
        if (event.event === 'error') {
          fail(errorOf(event.data, quirks));
          return;
        }
        throw malformedData('not JSON', event.data);
      }
      if (!isObject(value)) throw new MalformedEvent('the chunk is not an object');
      if (event.event === 'error') fail(errorInBody(value, quirks) ?? errorOf(value, quirks));
      else readChunk(value);
    },
    end: finish,
  };
}

/** Streams of several choices interleave them; the neutral model has room for choice 0. */
function firstChoice(choices: readonly JsonValue[]): JsonObject | undefined {
  for (const item of choices) {
    const choice = asObject(item);
    if (choice === undefined) throw new MalformedEvent('a choice is not an object');
    if (choice.index === 0 || choice.index === undefined || choice.index === null) return choice;
  }
  return undefined;
}
