// Responses events → neutral events. Servers differ in what they omit and how they number, but not in the order: an item's deltas precede
// what repeats them, and the terminal event comes last. https://platform.openai.com/docs/api-reference/responses-streaming
import type { GatewayError } from '../../model/errors.ts';
import type { EventSink } from '../../model/events.ts';
import {
  asArray,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  parseJson,
} from '../../model/json/json.ts';
import type { SseEvent } from '../../sse/event.ts';
import { errorInList, textIn } from '../shared/answer-list.ts';
import { isFirstReport } from '../shared/losses/first-report.ts';
import { MalformedEvent, malformedData, type StreamDecoder } from '../dialect.ts';
import { parseLogprobs } from '../openai/logprobs.ts';
import { errorOf } from '../openai/errors.ts';
import { MODERATION } from '../openai/moderation.ts';
import { argumentText } from '../openai/calls.ts';
import { namelessCall } from '../shared/tools/call-arguments.ts';
import { ItemDecoder } from './decode-items.ts';
import { errorInBody } from './errors.ts';
import { parseFinish } from './finish.ts';
import { unreadOf } from './unmapped-fields.ts';
import { parseUsage } from './usage.ts';
import { ID } from './wire.ts';

/** Pings come from proxies. */
const OWN_EVENT = /^(response\.|keepalive$|ping$)/;

export function createStreamDecoder(sink: EventSink): StreamDecoder {
  return new ResponseDecoder(sink);
}

/** A class, so that each stream holds few objects. */
class ResponseDecoder extends ItemDecoder implements StreamDecoder {
  /** Padding that hides the length of the text. */
  readonly padding = 'obfuscation';
  /** The field that numbers events; its values are not checked. */
  readonly numbers = 'sequence_number';
  strangers = 0;
  private ended = false;
  /** Whether the last event added to what was sent, rather than repeating it. */
  private isDelta = false;
  /** The item to which events without a place belong. */
  private lastIndex = 0;
  /** Kinds of deltas that are not read and were reported. */
  private reported: Set<string> | null = null;

  decode({ event: name, data }: SseEvent): void {
    if (this.ended) return;
    let value: unknown;
    try {
      value = parseJson(data);
    } catch {
      if (data.trim() === '[DONE]') return;
      if (name !== 'error') throw malformedData('not JSON', data);
      this.fail(errorOf(data));
      return;
    }
    const type = isObject(value) ? (asString(value.type) ?? name) : '';
    if (isObject(value) && type !== '') {
      this.decodeTyped(type, value);
      return;
    }
    const error = errorInList(Array.isArray(value) ? value : [value], errorInBody);
    if (error === undefined) throw new MalformedEvent('the event has no type');
    this.fail(error);
  }

  repeat(text: string): boolean {
    return this.isDelta && !this.ended && this.more(text);
  }

  // Without a terminal event the answer was cut off, so there is nothing to complete.
  end(): void {}

  private fail(error: GatewayError): void {
    this.ended = true;
    this.sink.push({ type: 'error', error });
  }

  /** The item that the event is about. */
  private indexOf(event: JsonObject): number {
    const index = asNumber(event.output_index) ?? this.indexOfId(event.item_id);
    if (index !== undefined) this.lastIndex = index;
    return index ?? this.lastIndex;
  }

  /** The place of an item that begins or ends. */
  private itemPlace(event: JsonObject, what: 'added' | 'done'): number {
    this.lastIndex =
      asNumber(event.output_index) ?? this.placeOf(objectOf(event, 'item'), this.lastIndex, what);
    return this.lastIndex;
  }

  private reportNew(name: string, value: JsonObject = {}): void {
    this.reported ??= new Set();
    if (isFirstReport(this.reported, name, this)) this.push({ type: 'extension', dialect: ID, name, value });
  }

  private finish(type: string, response: JsonObject): void {
    this.start(response);
    const usage = parseUsage(response);
    const error = type === 'response.failed' ? failure(response) : errorInBody(response);
    if (error !== undefined) {
      if (usage !== undefined) this.sink.push({ type: 'usage', usage });
      this.fail(error);
      return;
    }
    // What was streamed counts, even if it differs here.
    this.settleAll(asArray(response.output));
    // Of the fields that other dialects have no form for, only the presence matters.
    for (const name of unreadOf(response))
      this.reportNew(name, name === MODERATION ? asObject(response[name]) : undefined);
    if (usage !== undefined) this.sink.push({ type: 'usage', usage });
    const calls = this.calls();
    if (calls.some((call) => !call.begun())) {
      this.fail(namelessCall());
      return;
    }
    this.ended = true;
    const status = response.status ?? type.slice('response.'.length);
    this.sink.push({ type: 'finish', finish: parseFinish({ ...response, status }, calls.length > 0) });
  }

  private decodeTyped(type: string, event: JsonObject): void {
    this.isDelta = type.endsWith('.delta');
    switch (type) {
      case 'response.output_text.delta':
        this.message(this.indexOf(event)).delta(
          'text',
          partOf(event),
          textOf(event, 'delta'),
          parseLogprobs(event.logprobs),
        );
        return;
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        this.call(this.indexOf(event)).delta(textOf(event, 'delta'));
        return;
      case 'response.reasoning_summary_text.delta':
        this.reasoning(this.indexOf(event)).delta('summary', summaryOf(event), textOf(event, 'delta'));
        return;
      case 'response.reasoning_text.delta':
        this.reasoning(this.indexOf(event)).delta('content', partOf(event), textOf(event, 'delta'));
        return;
      case 'response.refusal.delta':
        this.message(this.indexOf(event)).delta('refusal', partOf(event), textOf(event, 'delta'));
        return;
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        this.start(asObject(event.response));
        return;
      case 'response.output_item.added':
        this.added(this.itemPlace(event, 'added'), objectOf(event, 'item'));
        return;
      case 'response.output_item.done':
        this.itemDone(this.itemPlace(event, 'done'), objectOf(event, 'item'));
        return;
      case 'response.output_text.annotation.added':
        this.message(this.indexOf(event)).annotation(partOf(event), objectOf(event, 'annotation'));
        return;
      case 'response.output_text.done':
        this.message(this.indexOf(event)).whole(
          'text',
          partOf(event),
          textOf(event, 'text'),
          parseLogprobs(event.logprobs),
        );
        return;
      case 'response.refusal.done':
        this.message(this.indexOf(event)).whole('refusal', partOf(event), textOf(event, 'refusal'));
        return;
      case 'response.content_part.done': {
        const part = objectOf(event, 'part');
        // Some servers send reasoning in content parts too; the finished item repeats it.
        if (part.type !== 'reasoning_text') this.message(this.indexOf(event)).partDone(partOf(event), part);
        return;
      }
      case 'response.reasoning_summary_text.done':
        this.reasoning(this.indexOf(event)).whole('summary', summaryOf(event), textOf(event, 'text'));
        return;
      case 'response.reasoning_text.done':
        this.reasoning(this.indexOf(event)).whole('content', partOf(event), textOf(event, 'text'));
        return;
      case 'response.function_call_arguments.done':
        this.call(this.indexOf(event)).whole(argumentText(event.arguments));
        return;
      case 'response.custom_tool_call_input.done':
        this.call(this.indexOf(event)).whole(textOf(event, 'input'));
        return;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
      case 'response.done':
        this.finish(type, objectOf(event, 'response'));
        return;
      case 'error':
      case 'response.error':
        this.fail(errorInBody(event) ?? errorOf(event));
        return;
      // Beginnings of parts and progress of hosted tools: everything in them comes again later, unless the event is of a new kind.
      default:
        if (type.endsWith('.delta') && !type.includes('_call')) this.reportNew(type);
        else if (!OWN_EVENT.test(type)) this.strangers++;
    }
  }
}

function failure(response: JsonObject): GatewayError {
  return errorInBody(response) ?? errorOf({ message: 'the response failed' });
}

function partOf(event: JsonObject): number {
  return asNumber(event.content_index) ?? 0;
}

function summaryOf(event: JsonObject): number {
  return asNumber(event.summary_index) ?? 0;
}

function textOf(event: JsonObject, field: string): string {
  return textIn(event[field], field);
}

function objectOf(event: JsonObject, field: string): JsonObject {
  const value = asObject(event[field]);
  if (value === undefined) throw new MalformedEvent(`${field} is not an object`);
  return value;
}
