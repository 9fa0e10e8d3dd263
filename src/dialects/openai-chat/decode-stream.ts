// Chat completion chunks → neutral events. Reads the first choice.
// https://platform.openai.com/docs/api-reference/chat/streaming
import type { GatewayError } from '../../model/errors.ts';
import type { EventSink } from '../../model/events.ts';
import {
  asArray,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import { Alternatives } from '../shared/alternatives.ts';
import { objectsIn, textIn } from '../shared/answer-list.ts';
import { MalformedEvent, type StreamDecoder } from '../dialect.ts';
import type { Quirks } from '../quirks.ts';
import { parseLogprobs } from '../openai/logprobs.ts';
import { listsSources, parseSources } from './annotations.ts';
import { ChunkDecoder } from './chunk-decoder.ts';
import { BlockWriter } from './decode-blocks.ts';
import { createMediaDecoder, type MediaDecoder } from './decode-media.ts';
import { ToolDecoder } from './decode-tools.ts';
import { errorInBody, errorInChunk } from './errors.ts';
import { thinkingText } from './parse-content.ts';
import { withCopilots } from './reasoning.ts';
import { isFirstReport } from '../shared/losses/first-report.ts';
import { isEmptyValue } from '../shared/losses/unread-fields.ts';
import { reportUnmapped } from './unmapped-fields.ts';
import { countsIn, showsSearches, withSearches } from './usage.ts';
import { ID } from './wire.ts';

export function createStreamDecoder(
  sink: EventSink,
  quirks: Quirks = {},
  alternatives?: number,
): StreamDecoder {
  return new ChatDecoder(sink, quirks, alternatives);
}

class ChatDecoder extends ChunkDecoder {
  /** Padding that hides the length of the text (OpenAI). */
  readonly padding = 'obfuscation';
  private readonly blocks: BlockWriter;
  /** Null if only the first choice matters. */
  private readonly choices: Alternatives | null;
  private tools: ToolDecoder | null = null;
  private media: MediaDecoder | null = null;
  private answered = false;
  /** Whether the server sends its answer in pieces. */
  private inPieces = false;
  /** Whether the server searched, or ran other tools. */
  private searched = false;
  private responseId: string | null = null;
  /** Names of the extensions so far. */
  private reported: Set<string> | null = null;

  constructor(sink: EventSink, quirks: Quirks, alternatives: number | undefined) {
    super(sink, quirks);
    this.choices = alternatives === undefined ? null : new Alternatives(alternatives);
    this.blocks = new BlockWriter(sink);
  }

  /** Media are collected from several events, so each must be decoded. */
  repeat(text: string): boolean {
    if (this.media !== null) return false;
    return this.tools === null ? this.blocks.repeat(text) : this.tools.repeat(text);
  }

  end(): void {
    this.finish(this.choices?.complete() !== false);
  }

  protected close(): boolean | GatewayError {
    this.media?.finish();
    this.blocks.finish();
    return this.tools?.finish() ?? this.tools?.saw() ?? false;
  }

  /** [DONE] ends an answer with content, even if the server never gives a reason (Snowflake). */
  protected done(): void {
    if (this.answered && this.complaint === undefined) this.finished ??= {};
    this.finish(true);
  }

  protected readChunk(chunk: JsonObject): void {
    const { sink } = this;
    if (chunk.choices !== undefined && chunk.choices !== null && !Array.isArray(chunk.choices)) {
      throw new MalformedEvent('choices is not an array');
    }
    const listed = asArray(chunk.choices) ?? [];
    const choice = firstChoice(listed);
    if (this.choices !== null) noteChoices(this.choices, listed);
    const usage = countsIn(chunk, choice);
    // Azure's first chunk has filter results and an empty id, but no choice.
    if (!this.started && (choice !== undefined || usage !== undefined || asString(chunk.id))) {
      this.responseId = asString(chunk.id) || null;
      this.start(chunk);
    }
    if (
      chunk.citations !== undefined ||
      chunk.search_results !== undefined ||
      chunk.web_search !== undefined
    ) {
      this.blocks.sources(parseSources(chunk));
      this.searched ||= listsSources(chunk);
    }
    const error = errorInChunk(chunk, this.quirks);
    if (choice === undefined && error === undefined) this.complaint ??= errorInBody(chunk, this.quirks);
    if (choice !== undefined && error === undefined) this.readChoice(choice);
    else if (!this.started && isStranger(chunk)) this.strangers++;
    if (this.started) reportUnmapped(chunk, choice, this.extend);
    if (usage !== undefined) sink.push({ type: 'usage', usage: this.searched ? withSearches(usage) : usage });
    if (error !== undefined) this.fail(error);
  }

  private readChoice(choice: JsonObject): void {
    this.answered = true;
    this.complaint = undefined;
    if (asString(choice.finish_reason)) this.finished = choice;
    if (isObject(choice.delta)) this.inPieces = true;
    // Some servers stream one whole message instead of deltas, others (MiniMax) repeat the whole after its pieces:
    // https://github.com/abundantbeing/hermes-browser-extension/issues/11
    const whole = this.inPieces && this.blocks.begun() ? undefined : choice.message;
    const said = choice.delta ?? whole;
    if (said !== undefined && said !== null) {
      if (!isObject(said)) throw new MalformedEvent('choices[0].delta is not an object');
      this.readDelta(said, choice.logprobs);
    } else if (isObject(choice.logprobs)) this.spell(choice.logprobs);
  }

  private readDelta(delta: JsonObject, logprobs: JsonValue | undefined): void {
    const { blocks } = this;
    blocks.reasoningOf(withCopilots(delta));
    // Sources may come with, or before, the text that cites them.
    const { content, refusal } = delta;
    if (isObject(logprobs)) this.readSpelled(delta, logprobs);
    else {
      if (content !== undefined && content !== null) this.readContent(content);
      if (typeof refusal === 'string' && refusal !== '') blocks.refusal(refusal);
    }
    if (delta.annotations !== undefined) blocks.annotations(delta.annotations);
    if (delta.annotations !== undefined || delta.executed_tools !== undefined)
      this.searched ||= showsSearches(delta);
    if (delta.tool_calls) this.toolDecoder().fragments(delta.tool_calls);
    if (delta.function_call) this.toolDecoder().legacy(delta.function_call);
    if (delta.audio) this.mediaDecoder().audio(delta.audio);
    if (delta.images) this.mediaDecoder().images(delta.images);
    if (!isOnlyCalls(delta)) this.tools?.rest();
  }

  /** Text with the log probabilities of its tokens. */
  private readSpelled({ content, refusal }: JsonObject, logprobs: JsonObject): void {
    const { blocks } = this;
    const tokens = parseLogprobs(logprobs.content);
    const isText = typeof content === 'string' && content !== '';
    if (isText) blocks.text(content, tokens);
    else if (content !== undefined && content !== null) this.readContent(content);
    const refused = parseLogprobs(logprobs.refusal);
    const isRefusal = typeof refusal === 'string' && refusal !== '';
    if (isRefusal) blocks.refusal(refusal, refused);
    this.spell({
      ...logprobs,
      ...(isText && tokens !== undefined && { content: null }),
      ...(isRefusal && refused !== undefined && { refusal: null }),
    });
  }

  /** Log probabilities of an earlier text, or of one without a neutral form. */
  private spell(logprobs: JsonObject): void {
    const tokens = parseLogprobs(logprobs.content);
    const rest =
      tokens !== undefined && this.blocks.spelled(tokens) ? { ...logprobs, content: null } : logprobs;
    if (!Object.values(rest).every(isEmptyValue)) this.extend('logprobs', rest);
  }

  private readContent(content: JsonValue): void {
    const { blocks } = this;
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
        const value = { value: fields };
        this.sink.push({ type: 'extension', dialect: ID, name: fields.type, value });
      }
    }
  }

  private toolDecoder(): ToolDecoder {
    this.tools ??= new ToolDecoder(this.sink, this.blocks, () => this.responseId);
    return this.tools;
  }

  private mediaDecoder(): MediaDecoder {
    this.media ??= createMediaDecoder(this.sink, this.blocks, this.choices === null);
    return this.media;
  }

  private readonly extend = (name: string, value: JsonObject): void => {
    // Log probabilities belong to their chunk; of other fields only their presence matters.
    this.reported ??= new Set();
    if (!isFirstReport(this.reported, name, this.sink) && name !== 'logprobs') return;
    this.sink.push({ type: 'extension', dialect: ID, name, value });
  };
}

function isOnlyCalls(delta: JsonObject): boolean {
  return Object.entries(delta).every(([name, value]) => name === 'tool_calls' || name === 'role' || !value);
}

/** Whether it belongs to another dialect: events of Anthropic and Responses have a type, and Gemini's chunks candidates. */
function isStranger({ choices, type, candidates }: JsonObject): boolean {
  return choices === undefined && (candidates !== undefined || (typeof type === 'string' && type !== 'ping'));
}

function noteChoices(choices: Alternatives, listed: readonly JsonValue[]): void {
  for (const item of listed)
    if (isObject(item)) choices.note(asNumber(item.index) ?? 0, !!asString(item.finish_reason));
}

/** Streams of several choices interleave them, and the neutral model has room for choice 0. */
function firstChoice(choices: readonly JsonValue[]): JsonObject | undefined {
  for (const item of choices) {
    const choice = asObject(item);
    if (choice === undefined) throw new MalformedEvent('a choice is not an object');
    if (choice.index === 0 || choice.index === undefined || choice.index === null) return choice;
  }
  return undefined;
}
