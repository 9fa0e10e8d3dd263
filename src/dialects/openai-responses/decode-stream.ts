// Responses events → neutral events. Servers differ in what they leave out and how they number, not in the
// order: an item's deltas come before what repeats them, and the terminal comes last.
// https://platform.openai.com/docs/api-reference/responses-streaming
import { GatewayError } from '../../model/errors.ts';
import type { EventSink } from '../../model/events.ts';
import { asArray, asNumber, asObject, asString, isObject, type JsonObject } from '../../model/json.ts';
import { MalformedEvent, malformedData, type StreamDecoder } from '../dialect.ts';
import { errorOf } from '../openai-errors.ts';
import { argumentText } from './decode-call.ts';
import { createItemDecoder } from './decode-items.ts';
import { errorInBody } from './errors.ts';
import { parseFinish } from './finish.ts';
import { parseUsage } from './usage.ts';
import { ID } from './wire.ts';

export function createStreamDecoder(sink: EventSink): StreamDecoder {
  let started = false;
  let ended = false;
  /** The item that events without a place belong to. */
  let lastIndex = 0;
  /** Deltas of kinds that nobody reads, as told. */
  const said = new Set<string>();
  const items = createItemDecoder((event) => {
    start(undefined);
    sink.push(event);
  });

  function start(response: JsonObject | undefined): void {
    if (started) return;
    started = true;
    sink.push({
      type: 'start',
      id: asString(response?.id) || null,
      model: asString(response?.model) || null,
    });
  }

  function fail(error: GatewayError): void {
    ended = true;
    sink.push({ type: 'error', error });
  }

  /** Which item the event is about. */
  function indexOf(event: JsonObject): number {
    const itemId = asString(event.item_id);
    const index = asNumber(event.output_index) ?? (itemId === undefined ? undefined : items.indexOf(itemId));
    if (index !== undefined) lastIndex = index;
    return index ?? lastIndex;
  }

  /** Where the item is that begins or ends. */
  function placeOf(event: JsonObject, what: 'added' | 'done'): number {
    lastIndex = asNumber(event.output_index) ?? items.placeOf(objectOf(event, 'item'), lastIndex, what);
    return lastIndex;
  }

  function tellNew(name: string): void {
    if (said.has(name)) return;
    said.add(name);
    start(undefined);
    sink.push({ type: 'extension', dialect: ID, name, value: {} });
  }

  function finish(type: string, response: JsonObject): void {
    start(response);
    const usage = parseUsage(response);
    const error = type === 'response.failed' ? failure(response) : errorInBody(response);
    if (error !== undefined) {
      if (usage !== undefined) sink.push({ type: 'usage', usage });
      fail(error);
      return;
    }
    // What was streamed counts, whatever stands in its place here.
    items.finish(asArray(response.output));
    if (usage !== undefined) sink.push({ type: 'usage', usage });
    const calls = items.calls();
    if (calls.some((call) => !call.begun)) {
      fail(
        new GatewayError('upstream_malformed', 'the provider sent a tool call without the name of the tool'),
      );
      return;
    }
    ended = true;
    const status = response.status ?? type.slice('response.'.length);
    sink.push({ type: 'finish', finish: parseFinish({ ...response, status }, calls.length > 0) });
  }

  function failure(response: JsonObject): GatewayError {
    return errorInBody(response) ?? errorOf({ message: 'the response failed' });
  }

  function decodeTyped(type: string, event: JsonObject): void {
    switch (type) {
      case 'response.output_text.delta':
        items.at(indexOf(event), 'message').delta('text', partOf(event), textOf(event, 'delta'));
        return;
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        items.at(indexOf(event), 'call').delta(textOf(event, 'delta'));
        return;
      case 'response.reasoning_summary_text.delta':
        items.at(indexOf(event), 'reasoning').delta('summary', summaryOf(event), textOf(event, 'delta'));
        return;
      case 'response.reasoning_text.delta':
        items.at(indexOf(event), 'reasoning').delta('content', partOf(event), textOf(event, 'delta'));
        return;
      case 'response.refusal.delta':
        items.at(indexOf(event), 'message').delta('refusal', partOf(event), textOf(event, 'delta'));
        return;
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        start(asObject(event.response));
        return;
      case 'response.output_item.added':
        items.added(placeOf(event, 'added'), objectOf(event, 'item'));
        return;
      case 'response.output_item.done':
        items.done(placeOf(event, 'done'), objectOf(event, 'item'));
        return;
      case 'response.output_text.annotation.added':
        items.at(indexOf(event), 'message').annotation(partOf(event), objectOf(event, 'annotation'));
        return;
      case 'response.output_text.done':
        items.at(indexOf(event), 'message').whole('text', partOf(event), textOf(event, 'text'));
        return;
      case 'response.refusal.done':
        items.at(indexOf(event), 'message').whole('refusal', partOf(event), textOf(event, 'refusal'));
        return;
      case 'response.content_part.done': {
        const part = objectOf(event, 'part');
        // Some servers tell reasoning in content parts too; the finished item repeats it.
        if (part.type !== 'reasoning_text') items.at(indexOf(event), 'message').partDone(partOf(event), part);
        return;
      }
      case 'response.reasoning_summary_text.done':
        items.at(indexOf(event), 'reasoning').whole('summary', summaryOf(event), textOf(event, 'text'));
        return;
      case 'response.reasoning_text.done':
        items.at(indexOf(event), 'reasoning').whole('content', partOf(event), textOf(event, 'text'));
        return;
      case 'response.function_call_arguments.done':
        items.at(indexOf(event), 'call').whole(argumentText(event.arguments));
        return;
      case 'response.custom_tool_call_input.done':
        items.at(indexOf(event), 'call').whole(textOf(event, 'input'));
        return;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
      case 'response.done':
        finish(type, objectOf(event, 'response'));
        return;
      case 'error':
      case 'response.error':
        fail(errorInBody(event) ?? errorOf(event));
        return;
      // Beginnings of parts, progress of hosted tools: nothing that is not told later, but for what is said in new words.
      default:
        if (type.endsWith('.delta') && !type.includes('_call')) tellNew(type);
    }
  }

  return {
    decode({ event: name, data }) {
      if (ended || data.trim() === '[DONE]') return;
      let value: unknown;
      try {
        value = JSON.parse(data);
      } catch {
        if (name !== 'error') throw malformedData('not JSON', data);
        fail(errorOf(data));
        return;
      }
      if (!isObject(value)) throw new MalformedEvent('the event is not an object');
      const type = asString(value.type) ?? (name === '' ? undefined : name);
      if (type !== undefined) decodeTyped(type, value);
      else {
        const error = errorInBody(value);
        if (error === undefined) throw new MalformedEvent('the event has no type');
        fail(error);
      }
    },
    // Without a terminal there is nothing to owe: the answer was cut off.
    end() {},
  };
}

function partOf(event: JsonObject): number {
  return asNumber(event.content_index) ?? 0;
}

function summaryOf(event: JsonObject): number {
  return asNumber(event.summary_index) ?? 0;
}

function textOf(event: JsonObject, field: string): string {
  const text = event[field];
  if (typeof text === 'string') return text;
  if (text === undefined || text === null) return '';
  throw new MalformedEvent(`${field} is not text`);
}

function objectOf(event: JsonObject, field: string): JsonObject {
  const value = asObject(event[field]);
  if (value === undefined) throw new MalformedEvent(`${field} is not an object`);
  return value;
}
