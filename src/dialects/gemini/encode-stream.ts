// Neutral events → the event stream, or the JSON array, that clients of this dialect read.
// https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
//
// Every chunk except an error contains a part: the official SDK discards the history of a stream in which a chunk has none. Calls are sent
// complete, since clients do not accept fragments.
import type { Citation, ServerToolResultPart, ToolCallPart } from '../../model/content.ts';
import { sizeOf, type StreamEvent } from '../../model/events.ts';
import { type Finish, mayBeCutShort } from '../../model/finish.ts';
import { flatText } from '../../model/flat-text.ts';
import type { JsonObject } from '../../model/json/json.ts';
import { createKeptText, type KeptText } from '../../model/kept-text.ts';
import type { TokenLogprob } from '../../model/logprobs.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../model/usage.ts';
import { AnsweredCalls } from '../shared/answered-calls.ts';
import { TextJoiner } from '../shared/joined-texts.ts';
import { AnswerLosses, mediaTypeOf } from '../shared/losses/answer-losses.ts';
import { brokenArguments, CUT_CALL } from '../shared/tools/call-arguments.ts';
import type { AnswerContext, StreamEncoder } from '../dialect.ts';
import {
  callPart,
  mediaDataPart,
  redactedPart,
  replayedPart,
  runParts,
  thoughtPart,
} from './answer-parts.ts';
import { buildError } from './build-error.ts';
import { chunkDetails, createGroundingWriter, type GroundingWriter } from './citations.ts';
import { buildFinish } from './finish.ts';
import { logprobsResult } from './logprobs.ts';
import { isForeignRun } from './server-tools.ts';
import { ownSignature, type Thought, thoughtForClient } from './signature.ts';
import { SpanWriter } from './span-writer.ts';
import { addUnmapped, candidateFields, type UnmappedAnswer } from './unmapped-fields.ts';
import { buildUsage, COUNTS_WITHOUT_FIELD, countsSoFar } from './usage.ts';
import { ID } from './wire.ts';

/** The text around each chunk. */
interface Framing {
  before: string;
  after: string;
  /** A text chunk up to its text. */
  textStart: string;
}

// Google's own framing, at which all its clients split.
const SSE = framing('data: ', '\r\n\r\n');
const ARRAY = framing('', '');

function framing(before: string, after: string): Framing {
  return { before, after, textStart: `${before}{"candidates":[{"content":{"parts":[{"text":` };
}

/** Violates the form of an answer, for clients that overlook a well-formed error; others look at the error alone. */
const MISFIT = { candidates: 'none: the answer has failed' };

export function createStreamEncoder(context: AnswerContext): StreamEncoder {
  return new ChunkEncoder(context);
}

/**
 * Whether the event may complete a call, which carries the signature of the thought before it, or a text, which may carry that of a hidden
 * thought.
 */
function mayCarry(event: StreamEvent, isHidden: boolean): boolean {
  switch (event.type) {
    case 'text-start':
    case 'text-delta':
    case 'text-end':
    case 'citation':
    case 'refusal-start':
    case 'refusal-delta':
    case 'refusal-end':
      return isHidden;
    case 'tool-start':
      return event.kind !== 'server';
    case 'tool-delta':
    case 'tool-end':
    case 'reasoning-end':
    case 'usage':
      return true;
    default:
      return false;
  }
}

class ChunkEncoder implements StreamEncoder {
  private readonly context: AnswerContext;
  private readonly inArray: boolean;
  private started = false;
  private isFirst = true;
  private readonly framing: Framing;
  private textEnd = '';
  private thoughtEnd = '';
  private thought = createKeptText();
  /**
   * Another provider's last thought. The next call carries it, where Gemini has its own signatures: AI SDK and LangChain drop a signature
   * without text, and keep that of a call.
   */
  private seal: (Thought & { isSent: boolean }) | undefined;
  /** Whether the text of thoughts is not sent. */
  private readonly hides: boolean;
  private readonly spans = new SpanWriter();
  /** Joins the texts of an answer, as SDKs do (`text`). */
  private readonly texts = new TextJoiner();
  private open: { head: Omit<ToolCallPart, 'arguments'>; given: KeptText } | undefined;
  private who: JsonObject = {};
  /** The text after the candidates of each chunk: counts, and the answer's id and model. */
  private envelope = '}';
  private usage: Usage = NO_USAGE;
  private tier: string | undefined;
  private isCounted = false;
  /** A call with unreadable arguments, which is tolerated if the answer may have been cut off in it. */
  private brokenCall: string | undefined;
  /** Null before the first run of code by another dialect's provider. */
  private runs: AnsweredCalls | null = null;
  private readonly unmapped: UnmappedAnswer = { candidate: {}, response: {} };
  private readonly losses: AnswerLosses;
  /** Null before the first source. */
  private grounding: GroundingWriter | null = null;
  private citations: Citation[] | null = null;

  constructor(context: AnswerContext) {
    this.context = context;
    this.hides = context.hidesReasoning === true;
    this.inArray = context.framing === 'json-array';
    this.framing = this.inArray ? ARRAY : SSE;
    this.losses = new AnswerLosses(ID, context);
  }

  encode(event: StreamEvent): string {
    if (event.type === 'start') this.start(event.id, event.model);
    else if (event.type !== 'error') this.start(null, null);
    if (this.seal === undefined || this.seal.isSent || mayCarry(event, this.hides))
      return this.encodeBody(event);
    this.seal.isSent = true;
    return this.part(thoughtPart(this.seal)) + this.encodeBody(event);
  }

  ping(): string {
    // Only white space is allowed between the elements of an array.
    if (this.inArray) return '\r\n';
    if (this.context.readsOnlyData === true) return `${SSE.before}{}${SSE.after}`;
    // An event without fields: a single blank line would belong to the next event, which the SDK for Go could not read then.
    return this.context.refusesComments === true ? '\r\n\r\n' : ': ping\r\n\r\n';
  }

  private start(id: string | null, model: string | null): void {
    if (this.started) return;
    this.started = true;
    this.who = { modelVersion: model ?? this.context.model, responseId: id ?? this.context.requestId };
    this.endChunks();
  }

  private endChunks(): void {
    const usageMetadata = countsSoFar(this.usage);
    this.envelope = flatText(',', JSON.stringify({ usageMetadata, ...this.who }).slice(1));
    this.textEnd = flatText('}],"role":"model"},"index":0}]', this.envelope, this.framing.after);
    this.thoughtEnd = flatText(',"thought":true', this.textEnd);
  }

  /** What separates two elements of an array, or precedes the first. */
  private separator(): string {
    if (!this.inArray) return '';
    const text = this.isFirst ? '[' : ',\r\n';
    this.isFirst = false;
    return text;
  }

  private part(value: JsonObject, tokens: readonly TokenLogprob[] = []): string {
    const content = { parts: [value], role: 'model' };
    const candidate = { content, index: 0, ...logprobsResult(tokens, this.losses) };
    return `${this.separator()}${this.framing.before}{"candidates":[${JSON.stringify(candidate)}]${this.envelope}${this.framing.after}`;
  }

  private failure(error: JsonObject): string {
    switch (this.context.overlooksErrors) {
      case 'well-formed':
        return this.whole({ ...error, ...MISFIT });
      case 'framed':
        return this.inArray ? this.whole(error) : JSON.stringify(error);
      default:
        return this.whole(error);
    }
  }

  private whole(value: JsonObject): string {
    const { before, after } = this.framing;
    return this.separator() + before + JSON.stringify(value) + (this.inArray ? ']' : after);
  }

  private encodeBody(event: StreamEvent): string {
    switch (event.type) {
      case 'text-delta': {
        const text = this.texts.join(event.text);
        if (text.length > event.text.length) this.beginBehind(text.slice(0, -event.text.length));
        this.spans.add(event.text);
        if (event.logprobs !== undefined || this.seal?.isSent === false)
          return this.textPart(text, event.logprobs);
        return text === ''
          ? ''
          : this.separator() + this.framing.textStart + JSON.stringify(text) + this.textEnd;
      }
      case 'refusal-delta':
        this.spans.add(event.text);
        return this.textPart(event.text, event.logprobs);
      case 'reasoning-delta':
        this.keep(event);
        this.thought.add(event.text);
        return event.text === '' || this.hides
          ? ''
          : this.separator() + this.framing.textStart + JSON.stringify(event.text) + this.thoughtEnd;
      case 'reasoning-start':
        this.thought = createKeptText();
        this.seal = undefined;
        if (event.redacted === undefined) return '';
        if (!this.hides) return this.part(redactedPart(event.redacted));
        this.hide(event.redacted, true);
        return '';
      case 'reasoning-signature': {
        this.keep(event);
        const token = event.signature;
        const text = this.thought.text();
        if (ownSignature(token) !== undefined) return this.ownSeal(token, text);
        if (this.hides) {
          this.hide(token);
          return '';
        }
        this.seal = { token, text, isSent: text === '' };
        return text === '' ? this.part(thoughtPart(this.seal)) : '';
      }
      case 'reasoning-end':
        this.endUnsigned();
        return '';
      case 'tool-start': {
        this.keep(event);
        const { type: _, block: __, ...head } = event;
        this.open = { head: { type: 'tool-call', ...head }, given: createKeptText() };
        return '';
      }
      case 'tool-delta':
        this.keep(event);
        this.open?.given.add(event.arguments);
        return '';
      case 'tool-end':
        return this.endCall();
      case 'text-start':
        this.spans.begin();
        if (event.message !== undefined) this.texts.setApart();
        return '';
      case 'citation':
        this.keep(event);
        this.citations ??= [];
        this.citations.push(event.citation);
        return '';
      case 'text-end':
        this.endText();
        return '';
      case 'server-tool-result': {
        return this.serverResult(event.part);
      }
      case 'media':
        this.losses.foreignMedia(mediaTypeOf(event), event.extension);
        return this.part(mediaDataPart(event.mediaType, event.data));
      case 'usage':
        this.usage = mergeUsage(this.usage, event.usage);
        this.tier = event.usage.tier ?? this.tier;
        // Further counts are only in the last chunk: some providers state new ones in every event.
        if (!this.isCounted) this.endChunks();
        this.isCounted = true;
        return '';
      case 'extension':
        this.keep(event);
        return this.extension(event);
      case 'finish':
        return this.finish(event.finish);
      case 'error':
        return this.failure(buildError(event.error));
      case 'refusal-start':
        this.losses.refusal();
        return '';
      case 'start':
      case 'refusal-end':
        return '';
    }
  }

  /** Begins a text, after what separates it from the one before. */
  private beginBehind(gap: string): void {
    this.spans.add(gap);
    this.spans.begin();
  }

  private keep(event: StreamEvent): void {
    this.context.kept?.(sizeOf(event));
  }

  private textPart(text: string, logprobs: readonly TokenLogprob[] = []): string {
    if (text === '' && logprobs.length === 0) return '';
    const { seal } = this;
    if (seal === undefined || seal.isSent || text === '') return this.part({ text }, logprobs);
    seal.isSent = true;
    return this.part({ text, ...thoughtForClient(seal) }, logprobs);
  }

  /** A thought that its provider did not sign. Where it is shown, clients that drop thoughts still keep it on the call behind it. */
  private endUnsigned(): void {
    if (this.seal !== undefined || this.thought.length === 0) return;
    if (this.hides) this.hide(undefined);
    else this.seal = { token: undefined, text: this.thought.text(), isSent: true };
  }

  private ownSeal(token: OpaqueToken, text: string): string {
    this.thought = createKeptText();
    return this.part(thoughtPart({ token, text: this.hides ? '' : text }));
  }

  /** The thought so far will be carried by the next text or call. */
  private hide(token: OpaqueToken | undefined, isRedacted = false): void {
    this.seal = { token, text: this.thought.text(), isRedacted, isHidden: true, isSent: false };
    this.thought = createKeptText();
  }

  private endText(): void {
    const { citations } = this;
    if (citations === null) return;
    this.citations = null;
    this.grounding ??= createGroundingWriter();
    for (const citation of citations) {
      if (this.grounding.add(citation, this.spans.segment(citation)))
        this.losses.citation(citation, chunkDetails(citation));
      else this.losses.lost('citations');
    }
  }

  private endCall(): string {
    const opened = this.open;
    this.open = undefined;
    if (opened === undefined) return '';
    const call: ToolCallPart = { ...opened.head, arguments: opened.given.text() };
    if (isForeignRun(call)) {
      this.runs ??= new AnsweredCalls();
      this.runs.add(call);
      return '';
    }
    const { seal } = this;
    const built = callPart(call, call.signature === undefined ? seal : undefined);
    if (built && call.kind !== 'server') this.seal = undefined;
    this.losses.call(call, built !== null);
    if (built === null) this.texts.setApart();
    if (built === undefined) this.brokenCall ??= call.name;
    return built === undefined || built === null ? '' : this.part(built);
  }

  private serverResult(part: ServerToolResultPart): string {
    const replayed = replayedPart(part.dialect, part.value);
    if (replayed !== undefined) return this.part(replayed);
    this.texts.setApart();
    const run = this.runs === null ? [] : runParts(part, this.runs, this.losses);
    if (run.length > 0) return run.map((each) => this.part(each)).join('');
    this.losses.serverResult(part);
    return '';
  }

  private extension(event: Extract<StreamEvent, { type: 'extension' }>): string {
    const { dialect, name, value } = event;
    const replayed = replayedPart(dialect, value.value);
    if (replayed !== undefined) return this.part(replayed);
    if (dialect !== ID || !addUnmapped(this.unmapped, value)) this.losses.lost(name);
    return '';
  }

  private finish(value: Finish): string {
    if (this.brokenCall !== undefined) {
      if (!mayBeCutShort(value)) return this.whole(buildError(brokenArguments(this.brokenCall)));
      this.losses.lost(CUT_CALL);
    }
    for (const run of this.runs?.unanswered() ?? []) this.losses.serverCall(run, false);
    this.losses.finish(value, ['other']);
    this.losses.usage(this.usage, COUNTS_WITHOUT_FIELD);
    const candidate = {
      content: { parts: [{ text: '' }], role: 'model' },
      finishReason: buildFinish(value),
      index: 0,
      ...candidateFields(this.unmapped, this.grounding?.metadata() ?? {}),
    };
    // A blocked prompt has feedback instead of a candidate.
    const isBlocked = this.unmapped.response.promptFeedback !== undefined && value.unified === 'refusal';
    const candidates = isBlocked ? {} : { candidates: [candidate] };
    return this.whole({
      ...candidates,
      ...this.unmapped.response,
      usageMetadata: buildUsage(this.usage, this.tier),
      ...this.who,
    });
  }
}
