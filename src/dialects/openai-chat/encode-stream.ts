// Neutral events → chat completion chunks. https://platform.openai.com/docs/api-reference/chat/streaming
//
// A signed or redacted block of reasoning is sent once more, whole, as an entry that clients send back next turn: the provider that signed
// it cannot check the plain text alone. Some SDKs keep only the last chunk's value of a field that they do not know, so if there are
// several entries, the last chunk repeats all of them.
import type { Citation, ReasoningPart } from '../../model/content.ts';
import type { GatewayError } from '../../model/errors.ts';
import { sizeOf, type StreamEvent } from '../../model/events.ts';
import type { Finish } from '../../model/finish.ts';
import { flatText } from '../../model/flat-text.ts';
import { asNumber, type JsonObject, parseObject } from '../../model/json/json.ts';
import { createKeptText, type KeptText } from '../../model/kept-text.ts';
import type { TokenLogprob } from '../../model/logprobs.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../model/usage.ts';
import { commentFor } from '../shared/keep-alive.ts';
import { AnswerLosses, mediaTypeOf } from '../shared/losses/answer-losses.ts';
import type { SseEvent } from '../../sse/event.ts';
import type { AnswerContext, StreamEncoder } from '../dialect.ts';
import { buildError } from '../openai/errors.ts';
import { withNumericCode } from '../openai/openrouter-clients.ts';
import { buildLogprobs } from '../openai/logprobs.ts';
import { buildModeration, MODERATION } from '../openai/moderation.ts';
import { ANNOTATED, buildAnnotation } from './annotations.ts';
import { completionId } from './build-response.ts';
import { buildFinishReason } from './finish.ts';
import { buildDataUrl } from '../openai/media.ts';
import { ownImage, unsaidAudio } from './media.ts';
import { buildOwnDetail, buildReasoningDetail, type PlacedReasoning } from './reasoning.ts';
import { buildCallSeal, clientCallId, legacyNames } from './tool-call.ts';
import { sealOf, TextJoiner } from '../shared/joined-texts.ts';
import { servedTier } from '../shared/settings/service-tier.ts';
import { buildUsage, COUNTS_WITHOUT_FIELD } from './usage.ts';
import { ID, ownFields } from './wire.ts';

interface OpenTool {
  index: number;
  kind: 'function' | 'custom';
  hasArguments: boolean;
  /** Everything in a fragment's chunk before the fragment, which alone is written anew each time. */
  prefix: string;
  /** The text after the fragment. */
  end: string;
  /** The fragments so far, if the call is sent whole. */
  kept?: KeptText;
}

/** The text after the changing part of a chunk. */
interface ChunkEnds {
  chunk: string;
  delta: string;
  toolDelta: string;
  functionDelta: string;
}

const ENDS = chunkEnds('}\n\n');
/** OpenAI sends `usage: null` in every chunk of a stream that will end with counts. */
const ENDS_WITHOUT_USAGE_YET = chunkEnds(',"usage":null}\n\n');

function chunkEnds(chunk: string): ChunkEnds {
  const delta = `},"logprobs":null,"finish_reason":null}]${chunk}`;
  return { chunk, delta, toolDelta: `}}]${delta}`, functionDelta: `}${delta}` };
}

export function createStreamEncoder(context: AnswerContext): StreamEncoder {
  return new ChunkEncoder(context);
}

class ChunkEncoder implements StreamEncoder {
  private readonly context: AnswerContext;
  private started = false;
  /** UTF-16 units so far over all text blocks, since annotations count from the start of the content. */
  private contentLength = 0;
  /** Everything in a delta's chunk before the text; null before the first of its kind. */
  private contentPrefix: string | null = null;
  private reasoningPrefix: string | null = null;
  private refusalPrefix: string | null = null;
  private readonly ends: ChunkEnds;
  private reasoningCount = 0;
  private reasoning: { part: ReasoningPart; text: KeptText } | undefined;
  private tools: Map<number, OpenTool> | null = null;
  private toolCount = 0;
  private readonly legacy: ReadonlySet<string>;
  private sentLegacy = false;
  /** Calls that are sent once all are complete. */
  private whole: { call(input: string): JsonObject; input: KeptText }[] | null = null;
  private head = '';
  /** The `created` time in chunks that the client already has. */
  private created: number | undefined;
  private usage: Usage | undefined;
  private tier: string | undefined;
  /** The entries that were sent, with the length of the content before each. */
  private entries: { part: ReasoningPart; at: number }[] | null = null;
  private textBase = 0;
  private readonly joiner = new TextJoiner();
  private readonly thoughts = new TextJoiner();
  /** Annotations of texts that have ended. OpenAI's JavaScript SDK keeps only the last list, so it is sent once if possible. */
  private annotations: JsonObject[] | null = null;
  private sentAnnotations = 0;
  private imageCount = 0;
  private sentAudio = false;
  private citations: Citation[] | null = null;
  private readonly losses: AnswerLosses;
  /** Whether the counts come with the reason to finish, unasked, as from Mistral and OpenRouter, and no other chunk mentions them. */
  private readonly countsAtEnd: boolean;

  constructor(context: AnswerContext) {
    this.context = context;
    this.countsAtEnd = context.readsMistrals === true || context.readsOpenRouters === true;
    this.ends = context.includeUsage && !this.countsAtEnd ? ENDS_WITHOUT_USAGE_YET : ENDS;
    this.losses = new AnswerLosses(ID, context);
    this.legacy = legacyNames(context.tools);
  }

  encode(event: StreamEvent): string {
    if (this.started || event.type === 'error') return this.encodeBody(event);
    const first = event.type === 'start' ? this.begin(event.id, event.model) : this.begin(null, null);
    return first + this.encodeBody(event);
  }

  ping(): string {
    if (this.context.refusesComments !== true) return commentFor(this.context);
    const chunk = { ...this.envelope(null, null), choices: [] };
    return `data: ${JSON.stringify(chunk)}\n\n`;
  }

  follow({ data }: SseEvent): void {
    this.created ??= asNumber(parseObject(data)?.created);
  }

  private begin(id: string | null, model: string | null): string {
    this.started = true;
    const envelope = {
      id: id ?? completionId(this.context),
      object: 'chat.completion.chunk',
      created: this.created ?? this.context.created,
      model: model ?? this.context.model,
      // For Cerebras' SDK, which is among those that read Mistral's streams.
      ...(this.context.readsMistrals === true && { system_fingerprint: '' }),
    };
    this.head = flatText('data: ', JSON.stringify(envelope).slice(0, -1), ',"choices":[');
    return this.chunk({ role: 'assistant', content: '' });
  }

  private envelope(id: string | null, model: string | null): JsonObject {
    return {
      id: id ?? completionId(this.context),
      object: 'chat.completion.chunk',
      created: this.created ?? this.context.created,
      model: model ?? this.context.model,
    };
  }

  private deltaPrefix(field: string): string {
    return flatText(this.head, `{"index":0,"delta":{"${field}":`);
  }

  /** @param beside further JSON fields, beginning with `,`. */
  private chunk(delta: JsonObject, finishReason: string | null = null, beside = ''): string {
    const choice = { index: 0, delta, logprobs: null, finish_reason: finishReason };
    return `${this.head}${JSON.stringify(choice)}]${beside}${this.ends.chunk}`;
  }

  private encodeBody(event: StreamEvent): string {
    switch (event.type) {
      case 'start':
        return '';
      case 'text-start':
        this.joiner.begin(event);
        this.textBase = this.contentLength;
        return '';
      case 'text-delta': {
        if (event.text === '' && event.logprobs === undefined) return '';
        const text = this.joiner.join(event.text);
        this.textBase += text.length - event.text.length;
        this.contentLength += text.length;
        if (event.logprobs !== undefined) return this.spelled('content', text, event.logprobs);
        this.contentPrefix ??= this.deltaPrefix('content');
        return this.contentPrefix + JSON.stringify(text) + this.ends.delta;
      }
      case 'citation':
        this.context.kept?.(sizeOf(event));
        this.citations ??= [];
        this.citations.push(event.citation);
        return '';
      case 'text-end':
        this.endText();
        return '';
      case 'refusal-delta':
        if (event.logprobs !== undefined) return this.spelled('refusal', event.text, event.logprobs);
        if (event.text === '') return '';
        this.refusalPrefix ??= this.deltaPrefix('refusal');
        return this.refusalPrefix + JSON.stringify(event.text) + this.ends.delta;
      case 'reasoning-start':
        this.context.kept?.(sizeOf(event));
        this.reasoning = { part: { type: 'reasoning', text: '' }, text: createKeptText() };
        this.reasoningCount++;
        this.thoughts.setApart();
        if (event.redacted !== undefined) this.reasoning.part.redacted = event.redacted;
        return '';
      case 'reasoning-delta':
        if (event.text === '') return '';
        this.context.kept?.(event.text.length);
        this.reasoning?.text.add(event.text);
        return this.thought(event.text);
      case 'reasoning-signature':
        this.context.kept?.(sizeOf(event));
        if (this.reasoning !== undefined) this.reasoning.part.signature = event.signature;
        return '';
      case 'reasoning-end':
        return this.endReasoning(event.block);
      case 'tool-start':
        this.context.kept?.(sizeOf(event));
        return this.startTool(event);
      case 'tool-delta':
        return this.toolDelta(event.block, event.arguments);
      case 'tool-end': {
        const tool = this.tools?.get(event.block);
        // Clients parse a function's arguments, and '' is not JSON.
        const isEmpty = tool?.kind === 'function' && !tool.hasArguments;
        return isEmpty ? this.toolDelta(event.block, '{}') : '';
      }
      case 'media':
        return this.encodeMedia(event);
      case 'usage':
        this.usage = mergeUsage(this.usage ?? NO_USAGE, event.usage);
        this.tier = event.usage.tier ?? this.tier;
        return '';
      case 'extension':
        return this.encodeExtension(event);
      case 'finish':
        this.losses.finish(event.finish);
        if (this.usage !== undefined) this.losses.usage(this.usage, COUNTS_WITHOUT_FIELD);
        return `${this.sendAnnotations()}${this.wholeCalls()}${this.allEntries()}${this.lastChunk(event.finish)}${this.usageChunk()}data: [DONE]\n\n`;
      case 'error':
        return this.error(event.error);
      case 'server-tool-result':
        // Results of provider-run tools have no form here.
        this.losses.serverResult(event.part);
        return '';
      case 'refusal-start':
      case 'refusal-end':
        return '';
    }
  }

  private error(error: GatewayError): string {
    const built = buildError(error);
    if (this.context.readsErrorChunks !== true) return `data: ${JSON.stringify(built)}\n\n`;
    if (!this.started) this.begin(null, null);
    const fields = JSON.stringify(withNumericCode(built, error)).slice(1, -1);
    return this.chunk({ content: '' }, 'error', `,${fields}`);
  }

  /** Text with the log probabilities of its tokens. */
  private spelled(field: 'content' | 'refusal', text: string, tokens: readonly TokenLogprob[]): string {
    const logprobs = { content: null, refusal: null, [field]: buildLogprobs(tokens, null) };
    const choice = { index: 0, delta: { [field]: text }, logprobs, finish_reason: null };
    return `${this.head}${JSON.stringify(choice)}]${this.ends.chunk}`;
  }

  private endText(): void {
    const { citations } = this;
    if (citations === null) return;
    this.citations = null;
    for (const citation of citations) {
      const annotation = buildAnnotation(citation, this.textBase, this.contentLength - this.textBase);
      if (annotation === undefined) {
        this.losses.lost('citations');
        continue;
      }
      this.losses.citation(citation, ANNOTATED);
      this.annotations ??= [];
      this.annotations.push(annotation);
    }
  }

  /** Sent before the first call, while readers still know the text; otherwise at the end. */
  private sendAnnotations(): string {
    const { annotations, sentAnnotations } = this;
    if (annotations === null) return '';
    this.annotations = null;
    this.sentAnnotations += annotations.length;
    // A second list is merged with the first by indexes, without which OpenAI's Python SDK fails.
    const placed = (annotation: JsonObject, at: number) => ({ ...annotation, index: sentAnnotations + at });
    return this.chunk({ annotations: sentAnnotations === 0 ? annotations : annotations.map(placed) });
  }

  private endReasoning(block: number): string {
    if (this.reasoning === undefined) return '';
    const { part, text } = this.reasoning;
    this.reasoning = undefined;
    this.joiner.endThoughts(block, { ...sealOf(part), length: text.length });
    const isOwn = this.context.readsReasoningDetails === true;
    if (part.signature === undefined && part.redacted === undefined)
      return isOwn && text.length > 0 ? this.lastReasoningPiece(part) : '';
    part.text = text.text();
    this.entries ??= [];
    const index = this.entries.push({ part, at: this.contentLength }) - 1;
    if (isOwn) return this.lastReasoningPiece(part);
    const entry = buildReasoningDetail({ part, afterText: this.contentLength > 0 }, index);
    return this.chunk({ reasoning_details: [entry] });
  }

  /** A piece of thinking, as part of the single text that clients have for all of it. */
  private thought(text: string): string {
    const piece = this.thoughts.join(text);
    if (this.context.readsReasoningDetails === true) return this.reasoningPiece(piece, text);
    this.reasoningPrefix ??= this.deltaPrefix('reasoning_content');
    return this.reasoningPrefix + JSON.stringify(piece) + this.ends.delta;
  }

  /**
   * A piece in OpenRouter's form, whose clients join the pieces of an entry: its text as it comes, and in the last piece its signature, if
   * any.
   */
  private reasoningPiece(reasoning: string, text: string): string {
    const detail = buildReasoningDetail(this.placed({ type: 'reasoning', text }), this.reasoningCount - 1);
    return this.chunk({ reasoning, reasoning_details: [detail] });
  }

  /** The only piece with a `format`: some clients keep that of an entry's first piece, others join those of all. */
  private lastReasoningPiece(part: ReasoningPart): string {
    const detail = buildOwnDetail(this.placed({ ...part, text: '' }), this.reasoningCount - 1);
    return this.chunk({ reasoning_details: [detail] });
  }

  private placed(part: ReasoningPart): PlacedReasoning {
    return { part, afterText: this.contentLength > 0 };
  }

  /**
   * OpenAI's JavaScript SDK keeps the last list that it received, so the whole list comes at the end. The Python SDK joins entries of the
   * same index, even their strings, so entries that were already sent get another index here.
   */
  private allEntries(): string {
    const { entries, contentLength } = this;
    if (entries === null || this.context.readsReasoningDetails === true) return '';
    const placed = entries.map(({ part, at }) => ({ part, afterText: at > 0 && at === contentLength }));
    // OpenRouter's provider of the AI SDK joins the texts of all entries, which then do not match a signature.
    const isSent = entries.length === 1 && entries.every(({ at }) => at === 0 || at === contentLength);
    const again = (each: PlacedReasoning, at: number) => buildReasoningDetail(each, entries.length + at);
    return isSent ? '' : this.chunk({ reasoning_details: placed.map(again) });
  }

  private startTool(event: Extract<StreamEvent, { type: 'tool-start' }>): string {
    const { name, kind, signature } = event;
    // Calls of tools that the provider ran are complete, but a client would try to answer them.
    if (kind === 'server') {
      this.losses.serverCall(event, false);
      return '';
    }
    this.losses.foreign(event.extension);
    const annotations = this.sendAnnotations();
    if (this.legacy.has(name)) return annotations + this.startLegacy(event);
    const index = this.toolCount++;
    const [field, input] = kind === 'custom' ? ['custom', 'input'] : ['function', 'arguments'];
    const tool: OpenTool = {
      index,
      kind,
      hasArguments: false,
      prefix: flatText(
        this.head,
        `{"index":0,"delta":{"tool_calls":[{"index":${index},"${field}":{"${input}":`,
      ),
      end: this.ends.toolDelta,
    };
    this.tools ??= new Map();
    this.tools.set(event.block, tool);
    const id = clientCallId(event.id, signature);
    const seal = buildCallSeal(event, index === 0, this.entries ?? []);
    const call = (said: string) => ({ index, id, type: kind, [field]: { name, [input]: said }, ...seal });
    if (this.context.readsMistrals !== true) return annotations + this.chunk({ tool_calls: [call('')] });
    tool.kept = createKeptText();
    this.whole ??= [];
    this.whole.push({ call, input: tool.kept });
    return annotations;
  }

  private wholeCalls(): string {
    if (this.whole === null) return '';
    return this.chunk({ tool_calls: this.whole.map(({ call, input }) => call(input.text())) });
  }

  /** A call in the form of `functions`; a message can only have one. */
  private startLegacy({ block, name, signature }: Extract<StreamEvent, { type: 'tool-start' }>): string {
    if (signature !== undefined) this.losses.lost('thought_signature');
    if (this.sentLegacy) {
      this.losses.lost('tool_calls');
      return '';
    }
    this.sentLegacy = true;
    const prefix = flatText(this.head, '{"index":0,"delta":{"function_call":{"arguments":');
    const end = this.ends.functionDelta;
    this.tools ??= new Map();
    this.tools.set(block, { index: 0, kind: 'function', hasArguments: false, prefix, end });
    return this.chunk({ function_call: { name, arguments: '' } });
  }

  private toolDelta(block: number, fragment: string): string {
    const tool = this.tools?.get(block);
    if (tool === undefined || fragment === '') return '';
    tool.hasArguments = true;
    if (tool.kept !== undefined) {
      this.context.kept?.(fragment.length);
      tool.kept.add(fragment);
      return '';
    }
    return tool.prefix + JSON.stringify(fragment) + tool.end;
  }

  private encodeMedia(event: Extract<StreamEvent, { type: 'media' }>): string {
    const { mediaType, data, extension } = event;
    const type = mediaTypeOf(event);
    this.losses.foreignMedia(type, extension);
    if (type === 'audio') {
      const own = ownFields(extension);
      // Clients join repeated fields, so the others are sent once.
      const unsaid = this.sentAudio ? {} : unsaidAudio(this.context);
      this.sentAudio = true;
      return this.chunk({ audio: { ...unsaid, ...own, data } });
    }
    const url = buildDataUrl(mediaType, data);
    return this.chunk({ images: [{ type: 'image_url', image_url: { url }, index: this.imageCount++ }] });
  }

  private encodeExtension(event: Extract<StreamEvent, { type: 'extension' }>): string {
    const image = ownImage(event.dialect, event.name, event.value.value ?? null);
    if (image !== undefined) return this.chunk({ images: [{ ...image, index: this.imageCount++ }] });
    if (event.name === MODERATION) {
      const extension = { dialect: event.dialect, fields: { [MODERATION]: event.value } };
      const moderation = buildModeration(ID, extension, this.losses);
      return moderation === undefined ? '' : `${this.head}],"moderation":${JSON.stringify(moderation)}}\n\n`;
    }
    if (event.dialect !== ID || event.name !== 'logprobs') {
      this.losses.lost(event.name);
      return '';
    }
    const choice = { index: 0, delta: {}, logprobs: event.value, finish_reason: null };
    return `${this.head}${JSON.stringify(choice)}]${this.ends.chunk}`;
  }

  private lastChunk(finish: Finish): string {
    const served = servedTier('service_tier', this.tier);
    // In a chunk without choices, they would make the AI SDK fail.
    const { usage } = this;
    const counts = usage !== undefined && this.countsAtEnd ? { usage: buildUsage(usage) } : {};
    const beside = JSON.stringify({ ...served, ...counts }).slice(1, -1);
    return this.chunk({}, buildFinishReason(finish, this.sentLegacy), beside && `,${beside}`);
  }

  private usageChunk(): string {
    if (!this.context.includeUsage || this.countsAtEnd || this.usage === undefined) return '';
    const fields = { usage: buildUsage(this.usage), ...servedTier('service_tier', this.tier) };
    return `${this.head}],${JSON.stringify(fields).slice(1)}\n\n`;
  }
}
