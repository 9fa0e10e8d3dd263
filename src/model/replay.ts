// A whole answer and a stream of events are equivalent: this converts each into the other.
import type {
  Extension,
  MessageStart,
  OpaquePart,
  Part,
  RefusalPart,
  TextPart,
  ToolCallPart,
} from './content.ts';
import { GatewayError } from './errors.ts';
import type { StreamEvent } from './events.ts';
import type { Finish } from './finish.ts';
import { asObject, isObject, type JsonObject } from './json/json.ts';
import type { NeutralResponse } from './response.ts';
import { billOf, countsOf, type StatedUsage, USAGE_COUNTS } from './usage.ts';

/** The events of a stream that would have produced this answer. */
export function responseToEvents(response: NeutralResponse): StreamEvent[] {
  const events: StreamEvent[] = [{ type: 'start', id: response.id, model: response.model }];
  let block = 0;
  for (const part of response.parts) addPart(events, part, block++);
  if (response.extension !== undefined) addExtension(events, response.extension);
  if (response.uncounted === undefined) events.push({ type: 'usage', usage: statedUsage(response) });
  events.push({ type: 'finish', finish: response.finish });
  return events;
}

/** The counts. If one is impossible, those that are 0 may not have been stated, and are left out. */
function statedUsage(response: NeutralResponse): StatedUsage {
  const { usage, oddCounts } = response;
  const bill = billOf(response);
  if (oddCounts === undefined) return { ...usage, ...bill };
  const stated: StatedUsage = { oddCounts, ...bill };
  for (const key of USAGE_COUNTS) if (usage[key] > 0) stated[key] = usage[key];
  return stated;
}

function addExtension(events: StreamEvent[], { dialect, fields }: Extension): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    events.push({ type: 'extension', dialect, name, value: isObject(value) ? value : { value } });
  }
}

function addPart(events: StreamEvent[], part: Part, block: number): void {
  switch (part.type) {
    case 'text':
      events.push(textStart(block, part.message), { type: 'text-delta', block, ...spelled(part) });
      for (const citation of part.citations ?? []) events.push({ type: 'citation', block, citation });
      events.push({ type: 'text-end', block });
      if (part.extension !== undefined) addExtension(events, part.extension);
      return;
    case 'refusal':
      events.push(
        { type: 'refusal-start', block },
        { type: 'refusal-delta', block, ...spelled(part) },
        { type: 'refusal-end', block },
      );
      return;
    case 'reasoning': {
      const start: StreamEvent = { type: 'reasoning-start', block };
      if (part.redacted !== undefined) start.redacted = part.redacted;
      events.push(start);
      if (part.text !== '') events.push({ type: 'reasoning-delta', block, text: part.text });
      if (part.signature !== undefined)
        events.push({ type: 'reasoning-signature', block, signature: part.signature });
      if (part.extension !== undefined) addExtension(events, part.extension);
      events.push({ type: 'reasoning-end', block });
      return;
    }
    case 'tool-call': {
      const { id, name, kind, signature, mcpServer, runsCode, extension } = part;
      const start: StreamEvent = { type: 'tool-start', block, id, name, kind };
      if (signature !== undefined) start.signature = signature;
      if (mcpServer !== undefined) start.mcpServer = mcpServer;
      if (runsCode !== undefined) start.runsCode = runsCode;
      if (extension !== undefined) start.extension = extension;
      events.push(
        start,
        { type: 'tool-delta', block, arguments: part.arguments },
        { type: 'tool-end', block },
      );
      return;
    }
    case 'server-tool-result':
      events.push({ type: 'server-tool-result', block, part });
      return;
    case 'image':
    case 'audio': {
      if (part.source.kind !== 'base64') return;
      const { mediaType, data } = part.source;
      const extension = part.extension === undefined ? {} : { extension: part.extension };
      events.push({ type: 'media', block, mediaType, data, ...extension });
      return;
    }
    case 'opaque':
      events.push({
        type: 'extension',
        dialect: part.dialect,
        name: part.name,
        value: { value: part.value },
      });
      return;
    case 'tool-result':
    case 'document':
      return;
  }
}

/** Without fields that say nothing, since each text of each stream has such an event. */
export function textStart(block: number, message: MessageStart | undefined): StreamEvent {
  return message === undefined ? { type: 'text-start', block } : { type: 'text-start', block, message };
}

type Spelled = Pick<TextPart | RefusalPart, 'text' | 'logprobs'>;

function spelled({ text, logprobs }: Spelled): Spelled {
  return logprobs === undefined ? { text } : { text, logprobs };
}

function add(part: TextPart | RefusalPart, { text, logprobs }: Spelled): void {
  part.text += text;
  if (logprobs === undefined) return;
  part.logprobs ??= [];
  for (const token of logprobs) part.logprobs.push(token);
}

export interface ResponseCollector {
  push(event: StreamEvent): void;
  /** The answer. Throws the stream's own error, or `upstream_truncated` if no terminal event came. */
  response(): NeutralResponse;
}

/** Collects a stream, whatever the order of its blocks, into the whole answer. */
export function createResponseCollector(): ResponseCollector {
  /** By block; an event without a block is its own key. */
  const parts = new Map<number | StreamEvent, Part>();
  let extension: Extension | undefined;
  let id: string | null = null;
  let model: string | null = null;
  let stated: StatedUsage = {};
  let finish: Finish | undefined;
  let error: GatewayError | undefined;

  function part<T extends Part['type']>(block: number, type: T): Extract<Part, { type: T }> | undefined {
    const found = parts.get(block);
    return found?.type === type ? (found as Extract<Part, { type: T }>) : undefined;
  }

  return {
    push(event) {
      switch (event.type) {
        case 'start':
          id = event.id;
          model = event.model;
          break;
        case 'text-start':
          parts.set(event.block, {
            type: 'text',
            text: '',
            ...(event.message !== undefined && { message: event.message }),
          });
          break;
        case 'text-delta': {
          const text = part(event.block, 'text');
          if (text !== undefined) add(text, event);
          break;
        }
        case 'citation': {
          const text = part(event.block, 'text');
          if (text === undefined) break;
          text.citations ??= [];
          text.citations.push(event.citation);
          break;
        }
        case 'refusal-start':
          parts.set(event.block, { type: 'refusal', text: '' });
          break;
        case 'refusal-delta': {
          const refusal = part(event.block, 'refusal');
          if (refusal !== undefined) add(refusal, event);
          break;
        }
        case 'reasoning-start':
          parts.set(event.block, {
            type: 'reasoning',
            text: '',
            ...(event.redacted === undefined ? {} : { redacted: event.redacted }),
          });
          break;
        case 'reasoning-delta': {
          const reasoning = part(event.block, 'reasoning');
          if (reasoning !== undefined) reasoning.text += event.text;
          break;
        }
        case 'reasoning-signature': {
          const reasoning = part(event.block, 'reasoning');
          if (reasoning !== undefined) reasoning.signature = event.signature;
          break;
        }
        case 'tool-start': {
          const { id: callId, name, kind, signature, mcpServer, runsCode, extension } = event;
          const call: ToolCallPart = { type: 'tool-call', id: callId, name, kind, arguments: '' };
          if (signature !== undefined) call.signature = signature;
          if (mcpServer !== undefined) call.mcpServer = mcpServer;
          if (runsCode !== undefined) call.runsCode = runsCode;
          if (extension !== undefined) call.extension = extension;
          parts.set(event.block, call);
          break;
        }
        case 'tool-delta': {
          const call = part(event.block, 'tool-call');
          if (call !== undefined) call.arguments += event.arguments;
          break;
        }
        case 'server-tool-result':
          parts.set(event.block, event.part);
          break;
        case 'media': {
          const { mediaType, data } = event;
          const type = mediaType.startsWith('audio/') ? 'audio' : 'image';
          const more = event.extension === undefined ? {} : { extension: event.extension };
          parts.set(event.block, { type, source: { kind: 'base64', mediaType, data }, ...more });
          break;
        }
        case 'usage':
          stated = { ...stated, ...knownCounts(event.usage) };
          break;
        case 'finish':
          finish ??= event.finish;
          break;
        case 'error':
          error ??= event.error;
          break;
        case 'text-end':
        case 'refusal-end':
        case 'reasoning-end':
        case 'tool-end':
          break;
        case 'extension': {
          const opaque = opaquePart(event);
          const last = event.name.startsWith('reasoning.') ? [...parts.values()].at(-1) : undefined;
          if (opaque !== undefined) parts.set(event, opaque);
          else if (last?.type === 'reasoning') last.extension = withFields(last.extension, event);
          // An answer has fields of one dialect; those of a second become a separate part.
          else if (extension !== undefined && extension.dialect !== event.dialect)
            parts.set(event, {
              type: 'opaque',
              dialect: event.dialect,
              name: event.name,
              value: event.value,
            });
          else extension = withFields(extension, event);
          break;
        }
      }
    },
    response() {
      if (error !== undefined) throw error;
      if (finish === undefined)
        throw new GatewayError('upstream_truncated', 'the stream ended before the answer was complete');
      const more = extension === undefined ? {} : { extension };
      return { id, model, parts: [...parts.values()], finish, ...countsOf(stated), ...more };
    },
  };
}

/** The report without undefined counts, which must not erase known ones. */
function knownCounts(report: StatedUsage): StatedUsage {
  const counts: StatedUsage = billOf(report);
  for (const key of USAGE_COUNTS) if (report[key] !== undefined) counts[key] = report[key];
  if (report.oddCounts !== undefined) counts.oddCounts = true;
  return counts;
}

type ExtensionEvent = Extract<StreamEvent, { type: 'extension' }>;

/** The part that the event represents, in the form in which `addPart` writes it; undefined if it is not a part. */
function opaquePart({ dialect, name, value }: ExtensionEvent): OpaquePart | undefined {
  const inner = value.value;
  return inner === undefined ? undefined : { type: 'opaque', dialect, name, value: inner };
}

/** Several events with one name are merged, like the pieces of a stream. */
function withFields(known: Extension | undefined, { dialect, name, value }: ExtensionEvent): Extension {
  const all: JsonObject = { ...asObject(known?.fields[name]) };
  for (const [field, piece] of Object.entries(value)) {
    const before = all[field];
    all[field] = Array.isArray(before) && Array.isArray(piece) ? [...before, ...piece] : piece;
  }
  return { dialect, fields: { ...known?.fields, [name]: all } };
}
