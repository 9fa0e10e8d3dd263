// The provider's event stream as neutral events. https://docs.anthropic.com/en/docs/build-with-claude/streaming
//
// What has no neutral word becomes an `extension` whose value is the wire event itself (unknown blocks with
// their deltas, unknown deltas, unknown events), or the field's value (`container`, `stop_details`,
// `context_management` of a message_delta), so that the encoder of this dialect can replay it.
import type { StreamEvent } from '../../model/events.ts';
import {
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
  parseObject,
} from '../../model/json.ts';
import { ownToken } from '../../model/opaque-token.ts';
import type { SseEvent } from '../../sse/event.ts';
import { MalformedEvent, type Quirks, type StreamDecoder } from '../dialect.ts';
import { madeUpId } from './author.ts';
import { parseCitation } from './citations.ts';
import { fromBody } from './errors.ts';
import { parseFinish } from './finish.ts';
import { toolUseExtension } from './parse-content.ts';
import { parseUsage } from './usage.ts';
import { ID, isEmpty, isServerToolResult, SERVER_TOOL_BLOCKS } from './wire.ts';

interface OpenBlock {
  kind: 'text' | 'reasoning' | 'tool' | 'silent' | 'unknown';
  /** The wire's name of the block. */
  type: string;
  /** Neutral block number. */
  block: number;
  /** What the block began with, until deltas say it again or the block ends; all of a signature. */
  held: string;
  /** A delta has brought a signature. */
  signed: boolean;
}

const KIND_OF_DELTA: Record<string, OpenBlock['kind']> = {
  text_delta: 'text',
  citations_delta: 'text',
  thinking_delta: 'reasoning',
  signature_delta: 'reasoning',
  input_json_delta: 'tool',
};

export function createStreamDecoder(emit: (event: StreamEvent) => void, quirks?: Quirks): StreamDecoder {
  const open = new Map<number, OpenBlock>();
  let nextBlock = 0;
  let started = false;
  let messageId: string | null = null;
  let ended = false;
  let stopReason: JsonValue | undefined;
  let stopSequence: JsonValue | undefined;

  function decode({ event, data }: SseEvent): void {
    if (ended || event === 'ping') return;
    const wire = parseObject(data);
    if (wire === undefined) {
      // An error is an error in whatever words.
      if (event === 'error') fail({ message: data.slice(0, 500) });
      else malformed(`event "${event}" holds no JSON object`);
      return;
    }
    const type = asString(wire.type) ?? event;
    switch (type) {
      case 'content_block_delta':
        blockDelta(wire);
        break;
      case 'content_block_start':
        blockStart(wire);
        break;
      case 'content_block_stop':
        blockStop(wire);
        break;
      case 'message_start':
        messageStart(asObject(wire.message) ?? malformed('message_start without a message'));
        break;
      case 'message_delta':
        messageDelta(wire);
        break;
      case 'message_stop':
        messageStop();
        break;
      case 'ping':
        break;
      case 'error':
        fail(wire);
        break;
      case '':
        // An error that some servers send without the envelope.
        if (!isObject(wire.error)) malformed('an event without a type');
        fail(wire);
        break;
      default:
        extend(type, wire);
    }
  }

  function extend(name: string, value: JsonObject): void {
    emit({ type: 'extension', dialect: ID, name, value });
  }

  function fail(wire: JsonObject): void {
    ended = true;
    emit({ type: 'error', error: fromBody(wire, undefined, quirks) });
  }

  function start(id: string | null, model: string | null): void {
    started = true;
    messageId = id;
    emit({ type: 'start', id, model });
  }

  function messageStart(message: JsonObject): void {
    if (started) malformed('a second message_start');
    start(asString(message.id) ?? null, asString(message.model) ?? null);
    reportUsage(asObject(message.usage));
  }

  function messageDelta(wire: JsonObject): void {
    const delta = asObject(wire.delta) ?? {};
    stopReason = delta.stop_reason ?? stopReason;
    stopSequence = delta.stop_sequence ?? stopSequence;
    reportUsage(asObject(wire.usage));
    for (const name of ['container', 'stop_details']) {
      const value = asObject(delta[name]);
      if (value !== undefined) extend(name, value);
    }
    const management = asObject(wire.context_management);
    if (management !== undefined) extend('context_management', management);
  }

  function messageStop(): void {
    // A block that max_tokens cuts short gets no stop of its own (recorded).
    for (const index of [...open.keys()]) close(index);
    ended = true;
    emit({ type: 'finish', finish: parseFinish(stopReason, stopSequence) });
  }

  function reportUsage(wire: JsonObject | undefined): void {
    if (wire === undefined) return;
    const usage = parseUsage(wire);
    if (Object.keys(usage).length > 0) emit({ type: 'usage', usage });
  }

  function blockStart(wire: JsonObject): void {
    const index = asNumber(wire.index) ?? malformed('content_block_start without an index');
    const content = asObject(wire.content_block) ?? malformed('content_block_start without a block');
    const type = asString(content.type) ?? malformed('a content block without a type');
    if (open.has(index)) malformed(`content block ${index} is already open`);
    if (!started) start(null, null);
    const block = nextBlock++;
    const opened: OpenBlock = { kind: 'silent', type, block, held: '', signed: false };
    if (type === 'text') openText(content, opened);
    else if (type === 'thinking') openThinking(content, opened);
    else if (type === 'redacted_thinking') {
      emit({ type: 'reasoning-start', block, redacted: ownToken(ID, asString(content.data) ?? '') });
      opened.kind = 'reasoning';
    } else if (type === 'tool_use' || SERVER_TOOL_BLOCKS.has(type)) openTool(content, opened);
    else if (isServerToolResult(type)) {
      const callId = asString(content.tool_use_id) ?? '';
      const part = { type: 'server-tool-result', callId, dialect: ID, value: content } as const;
      emit({ type: 'server-tool-result', block, part });
    } else {
      opened.kind = 'unknown';
      extend(type, wire);
    }
    open.set(index, opened);
  }

  function openText(content: JsonObject, opened: OpenBlock): void {
    const { block } = opened;
    opened.kind = 'text';
    emit({ type: 'text-start', block });
    const text = asString(content.text);
    if (text) emit({ type: 'text-delta', block, text });
    if (!Array.isArray(content.citations)) return;
    for (const citation of content.citations.filter(isObject)) {
      emit({ type: 'citation', block, citation: parseCitation(citation) });
    }
  }

  function openThinking(content: JsonObject, opened: OpenBlock): void {
    const { block } = opened;
    opened.kind = 'reasoning';
    emit({ type: 'reasoning-start', block });
    const text = asString(content.thinking);
    if (text) emit({ type: 'reasoning-delta', block, text });
    opened.held = asString(content.signature) ?? '';
  }

  function openTool(content: JsonObject, opened: OpenBlock): void {
    opened.kind = 'tool';
    const kind = SERVER_TOOL_BLOCKS.has(opened.type) ? 'server' : 'function';
    emit({
      type: 'tool-start',
      block: opened.block,
      id: asString(content.id) || madeUpId(messageId, opened.block),
      name: asString(content.name) ?? '',
      kind,
      ...toolUseExtension(content, kind),
    });
    const input = asObject(content.input);
    if (input !== undefined && !isEmpty(input)) opened.held = JSON.stringify(input);
  }

  function blockDelta(wire: JsonObject): void {
    const opened = open.get(asNumber(wire.index) ?? -1);
    const delta = asObject(wire.delta);
    if (opened === undefined || delta === undefined) {
      malformed(`content_block_delta for block ${String(wire.index)}, which is not open`);
    }
    const { kind, block } = opened;
    const type = asString(delta.type) ?? 'content_block_delta';
    const wanted = KIND_OF_DELTA[type];
    if (kind === 'unknown') extend(opened.type, wire);
    else if (wanted === undefined) extend(type, wire);
    else if (wanted !== kind) malformed(`a ${type} in a block of type ${opened.type}`);
    else if (type === 'text_delta') text('text-delta', block, delta.text);
    else if (type === 'thinking_delta') text('reasoning-delta', block, delta.thinking);
    else if (type === 'citations_delta') {
      const citation = asObject(delta.citation) ?? malformed('a citations_delta without a citation');
      emit({ type: 'citation', block, citation: parseCitation(citation) });
    } else if (type === 'input_json_delta') {
      const fragment = asString(delta.partial_json) ?? malformed('an input_json_delta without text');
      if (fragment === '') return;
      opened.held = '';
      emit({ type: 'tool-delta', block, arguments: fragment });
    } else {
      const signature = asString(delta.signature) ?? malformed('a signature_delta without a signature');
      if (signature === '') return;
      opened.held = opened.signed ? opened.held + signature : signature;
      opened.signed = true;
    }
  }

  function text(type: 'text-delta' | 'reasoning-delta', block: number, value: JsonValue | undefined): void {
    const fragment = asString(value) ?? malformed(`a ${type} without text`);
    if (fragment !== '') emit({ type, block, text: fragment });
  }

  function blockStop(wire: JsonObject): void {
    const index = asNumber(wire.index) ?? -1;
    const opened = open.get(index) ?? malformed(`content_block_stop for block ${index}, which is not open`);
    if (opened.kind === 'unknown') extend(opened.type, wire);
    close(index);
  }

  function close(index: number): void {
    const opened = open.get(index);
    if (opened === undefined) return;
    open.delete(index);
    const { kind, block, held } = opened;
    if (kind === 'text') emit({ type: 'text-end', block });
    if (kind === 'reasoning') {
      if (held !== '') emit({ type: 'reasoning-signature', block, signature: ownToken(ID, held) });
      emit({ type: 'reasoning-end', block });
    }
    if (kind === 'tool') {
      if (held !== '') emit({ type: 'tool-delta', block, arguments: held });
      emit({ type: 'tool-end', block });
    }
  }

  // message_stop is the only proper ending: at EOF there is nothing left to say.
  return { decode, end() {} };
}

function malformed(what: string): never {
  throw new MalformedEvent(what);
}
