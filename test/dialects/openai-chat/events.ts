// Runs a decoder or encoder over whole inputs, and folds the events for comparison.
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import type { AnswerContext } from '../../../src/dialects/dialect.ts';
import type { Part } from '../../../src/model/content.ts';
import type { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { Finish } from '../../../src/model/finish.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../../src/model/usage.ts';
import type { SseEvent } from '../../../src/sse/event.ts';
import { createFrameSplitter } from '../../../src/sse/frame-splitter.ts';
import { parseFrame } from '../../../src/sse/parse-frame.ts';

/** A token of this dialect's own. */
export const own = (text: string) => ownToken('openai-chat', text);

export const CONTEXT: AnswerContext = {
  requestId: 'req1',
  model: 'served-model',
  created: 1_700_000_000,
  includeUsage: true,
};

export function sseEvents(body: Uint8Array | string): SseEvent[] {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const splitter = createFrameSplitter(32_000_000);
  const frames = [...splitter.push(bytes).frames, splitter.flush()];
  return frames.map(parseFrame).filter((event) => event !== undefined);
}

export function decode(events: readonly SseEvent[]): StreamEvent[] {
  const decoded: StreamEvent[] = [];
  const decoder = openaiChat.provider.createStreamDecoder(decoded);
  for (const event of events) decoder.decode(event);
  decoder.end();
  return decoded;
}

/** Chunks as objects, with or without a closing [DONE]. */
export function decodeChunks(...chunks: (object | string)[]): StreamEvent[] {
  return decode(
    chunks.map((chunk) => ({ event: '', data: typeof chunk === 'string' ? chunk : JSON.stringify(chunk) })),
  );
}

export function encode(events: readonly StreamEvent[], context: AnswerContext = CONTEXT): string {
  const encoder = openaiChat.client.createStreamEncoder(context);
  return events.map((event) => encoder.encode(event)).join('');
}

export interface FoldedEvents {
  id: string | null;
  model: string | null;
  parts: Part[];
  usage: Usage;
  finish: Finish | null;
  error: GatewayError | null;
}

/** The answer that the events tell, in the order in which its blocks began. Of texts, refusals and thoughts one is open at a time. */
export function foldEvents(events: readonly StreamEvent[]): FoldedEvents {
  const folded: FoldedEvents = {
    id: null,
    model: null,
    parts: [],
    usage: { ...NO_USAGE },
    finish: null,
    error: null,
  };
  const blocks = new Map<number, Part>();
  let running: number | undefined;
  const open = (block: number, part: Part) => {
    if (blocks.has(block)) throw new Error(`block ${block} begins twice`);
    if (running !== undefined) throw new Error(`block ${block} begins within block ${running}`);
    if (part.type === 'text' || part.type === 'refusal' || part.type === 'reasoning') running = block;
    blocks.set(block, part);
    folded.parts.push(part);
  };
  const close = (block: number) => {
    if (running !== block) throw new Error(`block ${block} ends and is not open`);
    running = undefined;
  };
  const at = <T extends Part['type']>(block: number, type: T): Extract<Part, { type: T }> => {
    const part = blocks.get(block);
    if (part?.type !== type) throw new Error(`block ${block} is not an open ${type}`);
    return part as Extract<Part, { type: T }>;
  };
  for (const event of events) {
    if (folded.finish !== null || folded.error !== null) throw new Error(`${event.type} after the end`);
    switch (event.type) {
      case 'start':
        folded.id = event.id;
        folded.model = event.model;
        break;
      case 'text-start':
        open(event.block, { type: 'text', text: '' });
        break;
      case 'text-delta':
        at(event.block, 'text').text += event.text;
        break;
      case 'citation': {
        const part = at(event.block, 'text');
        part.citations = [...(part.citations ?? []), event.citation];
        break;
      }
      case 'refusal-start':
        open(event.block, { type: 'refusal', text: '' });
        break;
      case 'refusal-delta':
        at(event.block, 'refusal').text += event.text;
        break;
      case 'reasoning-start': {
        const part: Part = { type: 'reasoning', text: '' };
        if (event.redacted !== undefined) part.redacted = event.redacted;
        open(event.block, part);
        break;
      }
      case 'reasoning-delta':
        at(event.block, 'reasoning').text += event.text;
        break;
      case 'reasoning-signature': {
        const part = at(event.block, 'reasoning');
        if (part.signature !== undefined) throw new Error(`block ${event.block} is signed twice`);
        part.signature = event.signature;
        break;
      }
      case 'tool-start': {
        const { id, name, kind, signature } = event;
        const part: Part = { type: 'tool-call', id, name, arguments: '', kind };
        if (signature !== undefined) part.signature = signature;
        open(event.block, part);
        break;
      }
      case 'tool-delta':
        at(event.block, 'tool-call').arguments += event.arguments;
        break;
      case 'media': {
        const source = { kind: 'base64', mediaType: event.mediaType, data: event.data } as const;
        open(event.block, { type: event.mediaType.startsWith('audio/') ? 'audio' : 'image', source });
        break;
      }
      case 'usage':
        folded.usage = mergeUsage(folded.usage, event.usage);
        break;
      case 'text-end':
      case 'refusal-end':
      case 'reasoning-end':
        close(event.block);
        break;
      case 'finish':
        if (running !== undefined) throw new Error(`the answer ends within block ${running}`);
        folded.finish = event.finish;
        break;
      case 'error':
        folded.error = event.error;
        break;
      default:
        break;
    }
  }
  return folded;
}

export function textOf(parts: readonly Part[], type: 'text' | 'reasoning' | 'refusal'): string {
  return parts.map((part) => (part.type === type ? part.text : '')).join('');
}

export function callsOf(parts: readonly Part[]): { name: string; arguments: string }[] {
  return parts.flatMap((part) =>
    part.type === 'tool-call' ? [{ name: part.name, arguments: part.arguments }] : [],
  );
}
