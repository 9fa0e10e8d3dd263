// Neutral events → the event stream that clients of this dialect read.
// https://platform.openai.com/docs/api-reference/responses-streaming
import type { ImagePart } from '../../model/content.ts';
import type { GatewayError } from '../../model/errors.ts';
import { sizeOf, type StreamEvent } from '../../model/events.ts';
import type { Finish } from '../../model/finish.ts';
import {
  asArray,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  parseObject,
} from '../../model/json/json.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../model/usage.ts';
import { table } from '../../model/table.ts';
import { commentFor } from '../shared/keep-alive.ts';
import { AnswerLosses, mediaTypeOf } from '../shared/losses/answer-losses.ts';
import type { SseEvent } from '../../sse/event.ts';
import type { AnswerContext, StreamEncoder } from '../dialect.ts';
import { errorType } from '../openai/errors.ts';
import { buildModeration, MODERATION } from '../openai/moderation.ts';
import { CallWriter } from './encode-call.ts';
import { MessageWriter, type PartEnd } from './encode-message.ts';
import { OutputWriter } from './encode-output.ts';
import { ReasoningWriter } from './encode-reasoning.ts';
import { refusedAnswer, streamErrorCode, withWait } from './errors.ts';
import { LAST_SIGNATURE } from './build-response.ts';
import { buildFinish } from './finish.ts';
import { indexTools } from './namespace.ts';
import { imageItem, itemId } from './output-item.ts';
import { type ResponseHead, responseHead, responseObject, usageFields } from './response-object.ts';
import { PHASE } from './unmapped-fields.ts';
import { COUNTS_WITHOUT_FIELD } from './usage.ts';
import { RAW } from './reasoning.ts';
import { ID } from './wire.ts';

const PART_ENDS: Readonly<Record<string, PartEnd>> = table({
  'response.output_text.done': 'text',
  'response.content_part.done': 'part',
});

export function createStreamEncoder(context: AnswerContext): StreamEncoder {
  return new ResponseEncoder(context);
}

class ResponseEncoder implements StreamEncoder {
  private readonly context: AnswerContext;
  private readonly output = new OutputWriter();
  private readonly losses: AnswerLosses;
  private readonly message: MessageWriter;
  private readonly reasoning: ReasoningWriter;
  /** Null before the first call. */
  private calls: CallWriter | null = null;
  /** Whether the last item is a call that the client answers. */
  private endsWithCall = false;
  private head: ResponseHead | undefined;
  private usage: Usage = NO_USAGE;
  private tier: string | undefined;
  private hasUsage = false;
  private moderation: JsonObject | undefined;
  /** The response as its start was sent to the client, if another encoder or the provider sent it. */
  private begun: JsonObject = {};
  /** Whether the client has events of another encoder or of the provider. */
  private follows = false;
  private partEnd: PartEnd | undefined;

  constructor(context: AnswerContext) {
    const { requestId } = context;
    this.context = context;
    this.losses = new AnswerLosses(ID, context);
    this.message = new MessageWriter(this.output, requestId, this.losses);
    this.reasoning = new ReasoningWriter(this.output, context);
  }

  encode(event: StreamEvent): string {
    if (this.head !== undefined || event.type === 'error') return this.encodeBody(event);
    const first = event.type === 'start' ? this.begin(event.id, event.model) : this.begin(null, null);
    return first + this.encodeBody(event);
  }

  ping(): string {
    return commentFor(this.context);
  }

  /** Adopts the ids and places that the client already has. */
  follow({ data }: SseEvent): void {
    const { output, message, reasoning } = this;
    this.follows = true;
    const event = parseObject(data) ?? {};
    const number = asNumber(event.sequence_number);
    if (number !== undefined) output.numberAfter(number);
    const part = asNumber(event.content_index);
    if (part !== undefined) this.partEnd = PART_ENDS[asString(event.type) ?? ''];
    const isBegun =
      event.type === 'response.content_part.added' && asObject(event.part)?.type !== 'reasoning_text';
    message.adoptPart(isBegun ? part : undefined);
    const isCaughtUp = this.head !== undefined;
    // Until the encoder has caught up with the client, the end is only remembered.
    if (isCaughtUp && this.partEnd !== undefined) message.received(this.partEnd);
    if (isCaughtUp) {
      message.caughtUp();
      reasoning.had = 0;
    }
    const response = asObject(event.response);
    if (response !== undefined) this.begun = response;
    const item = asObject(event.item);
    const place = asNumber(event.output_index);
    if (item === undefined || place === undefined) return;
    output.placeAfter(place);
    const isDone = event.type === 'response.output_item.done';
    if (isDone) output.keep(place, item);
    if (item.type === 'reasoning' && isDone && !isCaughtUp) reasoning.had++;
    if (item.type !== 'message' || isCaughtUp) return;
    if (isDone && saysNothing(item)) message.skip(place);
    else message.adopt(place, asString(item.id) ?? '', isDone);
  }

  private begin(id: string | null, model: string | null): string {
    this.head = responseHead(id, model, this.context);
    const response = responseObject(this.head, this.context, 'in_progress');
    return (
      this.output.event('response.created', { response }) +
      this.output.event('response.in_progress', { response })
    );
  }

  private encodeBody(event: StreamEvent): string {
    // The last event repeats the whole answer.
    this.context.kept?.(sizeOf(event));
    switch (event.type) {
      case 'text-delta':
        if (event.logprobs !== undefined) return this.message.spelled(event.text, event.logprobs);
        return this.message.delta(event.text);
      case 'refusal-delta':
        if (event.logprobs !== undefined) this.losses.lost('logprobs');
        return this.message.delta(event.text);
      case 'reasoning-delta':
        return this.reasoning.delta(event.text);
      case 'tool-delta':
        return this.calls?.delta(event.arguments) ?? '';
      case 'start':
        return '';
      case 'text-start':
        this.endsWithCall = false;
        return (
          this.reasoning.release() +
          (event.message === undefined ? '' : this.endMessage()) +
          this.message.open('text', event.message)
        );
      case 'refusal-start':
        this.endsWithCall = false;
        return this.reasoning.release() + this.message.open('refusal');
      case 'citation':
        this.message.cite(event.citation);
        return '';
      case 'text-end':
        // Another encoder, or the provider, has ended the part for the client as well.
        return this.follows ? this.message.closePart() : this.message.pause();
      case 'refusal-end':
        return this.message.closePart();
      case 'reasoning-start':
        this.reasoning.open(event.redacted);
        return this.endMessage();
      case 'reasoning-signature':
        this.reasoning.sign(event.signature);
        return '';
      case 'reasoning-end':
        return this.reasoning.close();
      case 'tool-start':
        this.calls ??= this.callWriter();
        this.endsWithCall = event.kind !== 'server';
        return this.message.interrupt() + this.reasoning.release() + this.calls.open(event);
      case 'tool-end':
        return this.calls?.close(event.incomplete === true ? 'incomplete' : 'completed') ?? '';
      case 'media':
        return this.media(event);
      case 'usage':
        this.usage = mergeUsage(this.usage, event.usage);
        this.tier = event.usage.tier ?? this.tier;
        this.hasUsage = true;
        return '';
      case 'extension':
        return this.replay(event);
      case 'finish':
        return this.finish(event.finish);
      case 'error':
        return this.fail(event.error);
      case 'server-tool-result':
        this.calls ??= this.callWriter();
        return this.message.interrupt() + this.calls.result(event.part);
    }
  }

  private callWriter(): CallWriter {
    const { requestId, tools } = this.context;
    return new CallWriter(this.output, requestId, indexTools(tools), this.losses, () => this.endMessage());
  }

  private endMessage(): string {
    return this.message.close('completed');
  }

  /** Replays an item for which this dialect's decoder had no neutral form, or findings about the answer. */
  private replay({ dialect, name, value }: Extract<StreamEvent, { type: 'extension' }>): string {
    if (name === MODERATION) {
      this.moderation = buildModeration(ID, { dialect, fields: { [MODERATION]: value } }, this.losses);
      return '';
    }
    if (dialect === ID && name === PHASE) return '';
    const isRaw = dialect === ID && name === RAW;
    if (isRaw && this.reasoning.extend({ dialect, fields: { [RAW]: value } })) return '';
    const item = dialect === ID ? asObject(value.value) : undefined;
    if (item !== undefined) return this.endMessage() + this.wholeItem(item);
    this.losses.lost(name);
    return this.message.interrupt();
  }

  private media(event: Extract<StreamEvent, { type: 'media' }>): string {
    const { mediaType, data, extension } = event;
    const type = mediaTypeOf(event);
    const part: ImagePart = { type: 'image', source: { kind: 'base64', mediaType, data } };
    if (extension !== undefined) part.extension = extension;
    const id = itemId('ig', this.context.requestId, this.output.nextPlace());
    const item = type === 'image' ? imageItem(part, id) : undefined;
    if (item === undefined) {
      this.losses.lost(type);
      return this.message.interrupt();
    }
    this.losses.foreignMedia(type, extension);
    return this.endMessage() + this.wholeItem(item);
  }

  private wholeItem(item: JsonObject): string {
    const before = this.reasoning.release();
    this.endsWithCall = false;
    const place = this.output.place();
    return before + this.output.added(place, item) + this.output.done(place, item);
  }

  /** The last event: the whole response, with its output as it was sent. @param beside further JSON fields, beginning with `,`. */
  private terminal(status: string, fields: JsonObject, beside = ''): string {
    const { head, context, output: written } = this;
    const type = `response.${status}`;
    const own = responseObject(head ?? responseHead(null, null, context), context, status);
    const { output: _, ...rest }: JsonObject = { ...own, ...this.begun, status };
    const counts = this.hasUsage ? usageFields(this.usage, this.tier) : {};
    const response = JSON.stringify({ ...rest, ...counts, ...fields }).slice(0, -1);
    return written.raw(
      type,
      `{"type":"${type}","response":${response},"output":[${written.items()}]}${beside}`,
    );
  }

  private finish(how: Finish): string {
    const { status, details } = buildFinish(how);
    this.calls?.end();
    this.losses.finish(how);
    this.losses.usage(this.usage, COUNTS_WITHOUT_FIELD);
    const sealed = this.endsWithCall ? this.reasoning.release() : '';
    if (this.reasoning.isWaiting()) this.losses.lost(LAST_SIGNATURE);
    const { moderation } = this;
    const fields = { incomplete_details: details, ...(moderation !== undefined && { moderation }) };
    const closed = sealed + this.message.close(status);
    if (how.unified === 'refusal' && this.context.needsFailedResponse === true) {
      return closed + this.terminal('failed', { ...fields, error: refusedAnswer(how) });
    }
    return closed + this.terminal(status, fields);
  }

  /** A response that has begun is reported as failed. Before that there is none to report on, except for clients that need one. */
  private fail(error: GatewayError): string {
    const text = withWait(error);
    const param = error.reason?.param ?? null;
    const isCodex = this.context.needsFailedResponse === true;
    if (this.head !== undefined || isCodex) {
      const beginning = this.head === undefined && !this.follows ? this.begin(null, null) : '';
      const code = streamErrorCode(error, isCodex);
      // OpenAI's servers send an `error` event first. Its SDKs throw for the field `error` of any event, but return a failed response like
      // a finished one, which few programs check. A single event with both ends the stream once.
      const thrown = JSON.stringify({ type: errorType(error), code, message: text, param });
      return beginning + this.terminal('failed', { error: { code, message: text } }, `,"error":${thrown}`);
    }
    const code = error.reason?.code ?? error.code;
    // The documented form is flat, but OpenAI's servers nest it, and clients look for either.
    const nested = { type: errorType(error), code, message: text, param };
    return this.output.event('error', { code, message: text, param, error: nested });
  }
}

function saysNothing({ content }: JsonObject): boolean {
  return (asArray(content) ?? []).every((part) => {
    const { text, refusal } = asObject(part) ?? {};
    return !text && !refusal;
  });
}
