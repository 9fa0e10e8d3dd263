// `GenerateContentResponse`s, one after the other → neutral events. A whole answer is a stream of one.
// https://ai.google.dev/api/generate-content#generatecontentresponse
//
// What has no neutral form becomes an `extension` under its own name, see unmapped-fields.ts.
import type { GatewayError } from '../../model/errors.ts';
import { ENTRY_SIZE, type EventSink, TEXT_EVENTS } from '../../model/events.ts';
import { fnv1a } from '../../model/hash.ts';
import {
  asArray,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  parseObject,
} from '../../model/json/json.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import { objectsIn, textIn } from '../shared/answer-list.ts';
import { MalformedEvent } from '../dialect.ts';
import { CitationReader, namesOthers } from './citations.ts';
import { CallDecoder } from './decode-calls.ts';
import { errorInBody } from './errors.ts';
import { brokenFinish, parseFinish, reasonName } from './finish.ts';
import { createSearchCounter, type SearchCounter } from './searches.ts';
import { serverCall, serverResult } from './server-tools.ts';
import { signatureFromProvider } from './signature.ts';
import { TextIndex } from './text-index.ts';
import { parseUsage } from './usage.ts';
import { partName, unreadOf, unreadOfAnswer, unmappedFields } from './unmapped-fields.ts';
import { Alternatives } from '../shared/alternatives.ts';
import { isFirstReport } from '../shared/losses/first-report.ts';
import { isEmpty, withoutNulls } from '../shared/own-fields.ts';
import { ID } from './wire.ts';

const NO_SEALS: OpaqueToken[] = [];

export class ChunkDecoder {
  readonly numbers = 'usageMetadata';
  strangers = 0;
  private readonly sink: EventSink;
  private started = false;
  private isOver = false;
  private scope = '';
  private model: string | null = null;
  private reason: string | undefined;
  private blocked: string | undefined;
  private nextBlock = 0;
  private open: 'text' | 'reasoning' | undefined;
  private openBlock = 0;
  /**
   * The signatures of the preceding text or media. Gemini signs any piece of a text (2.5 the first one), after which the text continues, so
   * they are sent when it has ended. https://github.com/aaif-goose/goose/pull/6400, https://github.com/aaif-goose/goose/pull/7204
   */
  private seals: OpaqueToken[] = NO_SEALS;
  private serverCallId = '';
  /** Whether there were candidates besides the first. */
  private hasMore = false;
  /** Null if only the first candidate matters. The model decides how many it makes, and may answer with fewer than requested. */
  private readonly candidates: Alternatives | null;
  /** Unread fields of parts and of the answer itself. */
  private unread: Set<string> | undefined = undefined;
  private readonly index = new TextIndex();
  /** Null before the first. */
  private sources: CitationReader | null = null;
  /** Null before the first grounding. */
  private searches: SearchCounter | null = null;
  /** Null before the first call. */
  private calls: CallDecoder | null = null;

  constructor(sink: EventSink, alternatives?: number) {
    this.sink = sink;
    this.candidates = alternatives === undefined ? null : new Alternatives(0);
  }

  ended(): boolean {
    return this.isOver;
  }

  read(chunk: JsonObject): void {
    const error = errorInBody(chunk);
    if (error !== undefined) {
      this.fail(error);
      return;
    }
    if (chunk.candidates !== undefined && chunk.candidates !== null && !Array.isArray(chunk.candidates)) {
      throw new MalformedEvent('candidates is not an array');
    }
    if (isStranger(chunk)) this.strangers++;
    const id = asString(chunk.responseId) || null;
    this.scope ||= id ?? fnv1a(JSON.stringify(chunk)).toString(36);
    if (!this.started) {
      this.started = true;
      this.model = asString(chunk.modelVersion) || null;
      this.sink.push({ type: 'start', id, model: this.model });
    }
    const counts = asObject(chunk.usageMetadata);
    if (counts !== undefined) this.emitUsage(counts);
    const feedback = asObject(chunk.promptFeedback);
    this.blocked = asString(feedback?.blockReason) ?? this.blocked;
    if (feedback !== undefined) {
      const value = { response: { promptFeedback: feedback } };
      this.sink.push({ type: 'extension', dialect: ID, name: 'promptFeedback', value });
    }
    for (const name of unreadOfAnswer(chunk)) this.reportUnread(name, { response: { [name]: chunk[name] } });
    const candidates = asArray(chunk.candidates) ?? [];
    if (candidates.some((item) => (asNumber(asObject(item)?.index) ?? 0) > 0) && !this.hasMore) {
      this.hasMore = true;
      this.sink.push({ type: 'extension', dialect: ID, name: 'candidates', value: {} });
    }
    if (this.candidates !== null) noteCandidates(this.candidates, candidates);
    const candidate = firstCandidate(candidates);
    if (candidate !== undefined) this.readCandidate(candidate);
  }

  /** As `StreamDecoder.repeat`. Impossible once there are sources, whose positions change with more text. */
  repeat(text: string): boolean {
    const { open } = this;
    if (open === undefined || this.sources !== null) return false;
    this.emit(open, text);
    return true;
  }

  count(numbers: string): void {
    const counts = parseObject(numbers);
    if (counts !== undefined) this.emitUsage(counts);
  }

  /** No chunk follows, so the finish reason received last is final. */
  end(): void {
    const { reason, blocked } = this;
    if (this.isOver || (reason === undefined && blocked === undefined)) return;
    if (this.candidates?.complete() === false) return;
    this.close();
    this.isOver = true;
    // A blocked prompt got no answer, and therefore no finish reason.
    const finish =
      reason === undefined
        ? ({ unified: 'refusal', raw: blocked ?? null } as const)
        : parseFinish(reason, this.hasCalled());
    this.sink.push({ type: 'finish', finish });
  }

  private emitUsage(counts: JsonObject): void {
    const usage = parseUsage(counts);
    if (!isEmpty(usage)) this.sink.push({ type: 'usage', usage });
  }

  private readCandidate(candidate: JsonObject): void {
    const { content } = candidate;
    if (content !== undefined && content !== null && !isObject(content))
      throw new MalformedEvent('candidates[0].content is not an object');
    for (const part of objectsIn(content?.parts, 'candidates[0].content.parts')) {
      this.readPart(part);
      if (this.isOver) return;
    }
    if (isObject(candidate.groundingMetadata) || isObject(candidate.citationMetadata)) this.cite(candidate);
    this.flushSeals();
    if (candidate.groundingMetadata !== undefined) {
      this.searches ??= createSearchCounter(this.model);
      const usage = this.searches.read(candidate);
      if (usage !== undefined) this.sink.push({ type: 'usage', usage });
    }
    for (const { name, value } of unmappedFields(candidate))
      this.sink.push({ type: 'extension', dialect: ID, name, value });
    this.reason = reasonName(candidate.finishReason) ?? this.reason;
    const broken =
      this.reason === undefined
        ? undefined
        : brokenFinish(this.reason, asString(candidate.finishMessage), this.hasCalled());
    if (broken !== undefined) this.fail(broken);
  }

  private cite(candidate: JsonObject): void {
    this.sources ??= new CitationReader(this.index, this.sink);
    for (const citation of this.sources.read(candidate)) {
      if (this.open === 'text') this.sink.push({ type: 'citation', block: this.openBlock, citation });
      // A source that no text cites.
      else this.reportLostSource();
    }
    if (namesOthers(candidate)) this.reportLostSource();
  }

  private reportLostSource(): void {
    this.sink.push({ type: 'extension', dialect: ID, name: 'citations', value: {} });
  }

  private readPart(given: JsonObject): void {
    this.flushSeals();
    const part = withoutNulls(given);
    for (const name of unreadOf(part)) this.reportUnread(`parts.${name}`);
    if (part.functionCall !== undefined) {
      if (this.open !== undefined) this.close();
      const error = this.callDecoder().read(part);
      if (error !== undefined) this.fail(error);
      return;
    }
    if (part.text !== undefined) {
      const text = textIn(part.text, 'candidates[0].content.parts[].text');
      if (text !== '') this.calls?.close();
      this.readText(text, part);
      return;
    }
    if (isEmpty(part)) return;
    this.close();
    const blob = asObject(part.inlineData);
    if (blob !== undefined && part.thought !== true) {
      const mediaType = asString(blob.mimeType) ?? 'application/octet-stream';
      this.sink.push({ type: 'media', block: this.nextBlock++, mediaType, data: asString(blob.data) ?? '' });
      const signature = signatureFromProvider(part);
      if (signature !== undefined) this.seals = [signature];
      return;
    }
    this.readServerPart(part);
  }

  private reportUnread(name: string, value: JsonObject = {}): void {
    this.unread ??= new Set();
    if (isFirstReport(this.unread, name, this.sink))
      this.sink.push({ type: 'extension', dialect: ID, name, value });
  }

  /** A call or result of the provider's own tool, or a part without a neutral form. */
  private readServerPart(part: JsonObject): void {
    const call = serverCall(part, signatureFromProvider(part), () => this.callDecoder().newId());
    const result = call === undefined ? serverResult(part, () => this.serverCallId) : undefined;
    if (call !== undefined) {
      const { arguments: args, ...start } = call;
      const block = this.nextBlock++;
      this.serverCallId = call.id;
      this.sink.push({ type: 'tool-start', block, kind: 'server', ...start });
      this.sink.push({ type: 'tool-delta', block, arguments: args });
      this.sink.push({ type: 'tool-end', block });
    } else if (result !== undefined) {
      this.sink.push({ type: 'server-tool-result', block: this.nextBlock++, part: result });
    } else this.sink.push({ type: 'extension', dialect: ID, name: partName(part), value: { value: part } });
  }

  private readText(text: string, part: JsonObject): void {
    const signature = signatureFromProvider(part);
    const isThought = part.thought === true;
    if (text !== '') {
      const type = isThought ? 'reasoning' : 'text';
      this.begin(type);
      this.emit(type, text);
    }
    if (signature === undefined) return;
    if (isThought && this.open === 'reasoning') {
      this.sink.push({ type: 'reasoning-signature', block: this.openBlock, signature });
      this.close();
      return;
    }
    // A repeated event with another text is not parsed again.
    if (this.seals.includes(signature)) return;
    this.seals = [...this.seals, signature];
    this.sink.kept?.(ENTRY_SIZE + signature.length);
  }

  private emit(type: 'text' | 'reasoning', text: string): void {
    if (type === 'text') this.index.add(text);
    this.sink.push({ type: TEXT_EVENTS[type].delta, block: this.openBlock, text });
  }

  private begin(type: 'text' | 'reasoning'): void {
    if (this.open === type) return;
    this.close();
    const block = this.nextBlock++;
    this.open = type;
    this.openBlock = block;
    this.sink.push({ type: TEXT_EVENTS[type].start, block });
    if (type === 'text') this.index.begin();
  }

  private flushSeals(): void {
    if (this.seals.length > 0 && this.open !== 'text') this.close();
  }

  private close(): void {
    const { open, seals } = this;
    if (open !== undefined) this.sink.push({ type: TEXT_EVENTS[open].end, block: this.openBlock });
    this.open = undefined;
    this.calls?.close();
    this.seals = NO_SEALS;
    for (const signature of seals) {
      const block = this.nextBlock++;
      this.sink.push({ type: 'reasoning-start', block });
      this.sink.push({ type: 'reasoning-signature', block, signature });
      this.sink.push({ type: 'reasoning-end', block });
    }
  }

  private callDecoder(): CallDecoder {
    this.calls ??= new CallDecoder(
      this.sink,
      () => this.nextBlock++,
      () => this.scope,
    );
    return this.calls;
  }

  private hasCalled(): boolean {
    return this.calls?.called() === true;
  }

  private fail(error: GatewayError): void {
    this.isOver = true;
    this.sink.push({ type: 'error', error });
  }
}

/** Whether it belongs to another dialect: events of Anthropic and Responses have a type, and Chat's chunks have choices. */
function isStranger({ candidates, type, choices }: JsonObject): boolean {
  return candidates === undefined && (choices !== undefined || (typeof type === 'string' && type !== 'ping'));
}

function noteCandidates(candidates: Alternatives, listed: readonly unknown[]): void {
  for (const item of listed)
    if (isObject(item))
      candidates.note(asNumber(item.index) ?? 0, reasonName(item.finishReason) !== undefined);
}

/** The neutral model has room for one of several candidates. */
function firstCandidate(candidates: readonly unknown[]): JsonObject | undefined {
  for (const item of candidates) {
    if (!isObject(item)) throw new MalformedEvent('a candidate is not an object');
    if (item.index === undefined || item.index === null || item.index === 0) return item;
  }
  return undefined;
}
