// The provider's event stream as neutral events. https://docs.anthropic.com/en/docs/build-with-claude/streaming
//
// What has no neutral form becomes an `extension`, so that the encoder of this dialect can replay it: its value is the wire event itself
// (unknown blocks with their deltas, unknown deltas, unknown events), or a field's value (`container`, `stop_details`, `context_management`
// of a message_delta).
import { ENTRY_SIZE, type EventSink } from '../../model/events.ts';
import { GatewayError } from '../../model/errors.ts';
import { exactText, readObject } from '../../model/json/exact-numbers.ts';
import {
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
  parseObject,
} from '../../model/json/json.ts';
import { isUnsealed, ownToken } from '../../model/opaque-token.ts';
import { table } from '../../model/table.ts';
import type { SseEvent } from '../../sse/event.ts';
import { parseErrorBody } from '../shared/answer-list.ts';
import { MalformedEvent, type StreamDecoder } from '../dialect.ts';
import type { Quirks } from '../quirks.ts';
import { madeUpId } from './author.ts';
import { parseCitation } from './citations.ts';
import { errorInBody, fromBody } from './errors.ts';
import { parseFinish } from './finish.ts';
import { codeRunIn } from './code-runs.ts';
import { mcpServerIn } from './mcp.ts';
import { outputOf, toolUseExtension } from './parse-content.ts';
import { parseUsage } from './usage.ts';
import { isEmpty, withoutFields } from '../shared/own-fields.ts';
import { ID, isServerToolResult, SERVER_TOOL_BLOCKS } from './wire.ts';

interface OpenBlock {
  kind: 'text' | 'reasoning' | 'tool' | 'silent' | 'unknown';
  /** The block's type on the wire. */
  type: string;
  /** The neutral block number. */
  block: number;
  /** The block's initial content, until deltas repeat it or the block ends; for signatures, the whole content. */
  held: string;
  /** Whether a delta has brought a signature. */
  signed: boolean;
}

/** Fields of the message's start. Those that are reported only at the end mean nothing there. */
const MESSAGE_FIELDS = [
  ...['id', 'type', 'role', 'model', 'content', 'stop_reason', 'stop_sequence', 'usage'],
  ...['container', 'stop_details', 'context_management'],
];
const LAST_DELTA_FIELDS = ['stop_reason', 'stop_sequence', 'container', 'stop_details'];
const LAST_EVENT_FIELDS = ['type', 'delta', 'usage', 'context_management'];
const TEXT_FIELDS = ['type', 'text', 'citations', 'cache_control'];
const THINKING_FIELDS = ['type', 'thinking', 'signature', 'cache_control'];

const KIND_OF_DELTA: Record<string, OpenBlock['kind']> = table({
  text_delta: 'text',
  citations_delta: 'text',
  thinking_delta: 'reasoning',
  signature_delta: 'reasoning',
  input_json_delta: 'tool',
});

export function createStreamDecoder(sink: EventSink, quirks?: Quirks): StreamDecoder {
  return new MessageDecoder(sink, quirks);
}

/** A class, since each stream holds one, and as closures it would be twenty objects. */
class MessageDecoder implements StreamDecoder {
  strangers = 0;
  private readonly sink: EventSink;
  private readonly quirks: Quirks | undefined;
  private readonly open = new Map<number, OpenBlock>();
  private nextBlock = 0;
  private started = false;
  private messageId: string | null = null;
  private ended = false;
  private stopReason: JsonValue | undefined = undefined;
  private stopSequence: JsonValue | undefined = undefined;
  /** Whether the client is to call a function. */
  private called = false;
  /** The kind of the last delta. */
  private delta: 'text-delta' | 'reasoning-delta' | 'tool-delta' = 'text-delta';
  private deltaBlock = 0;

  constructor(sink: EventSink, quirks: Quirks | undefined) {
    this.sink = sink;
    this.quirks = quirks;
  }

  decode({ event, data }: SseEvent): void {
    if (this.ended || event === 'ping') return;
    const wire = parseObject(data);
    if (wire === undefined) {
      const listed = parseErrorBody(data);
      // What reads like an error is one, whatever its form.
      if (listed !== undefined && errorInBody(listed) !== undefined) this.fail(listed);
      else if (event === 'error') this.fail({ message: data.slice(0, 500) });
      else malformed(`event "${event}" holds no JSON object`);
      return;
    }
    const type = asString(wire.type) ?? event;
    switch (type) {
      case 'content_block_delta':
        this.blockDelta(wire);
        break;
      case 'content_block_start':
        this.blockStart(wire, data);
        break;
      case 'content_block_stop':
        this.blockStop(wire);
        break;
      case 'message_start':
        this.messageStart(asObject(wire.message) ?? malformed('message_start without a message'));
        break;
      case 'message_delta':
        this.messageDelta(wire);
        break;
      case 'message_stop':
        this.messageStop();
        break;
      case 'ping':
        break;
      case 'error':
        this.fail(wire);
        break;
      case '':
        // Some servers send an error without the envelope.
        if (errorInBody(wire) === undefined) malformed('an event without a type');
        this.fail(wire);
        break;
      default:
        this.strangers++;
        this.extend(type, wire);
    }
  }

  repeat(text: string): boolean {
    const { delta: type, deltaBlock: block } = this;
    this.sink.push(type === 'tool-delta' ? { type, block, arguments: text } : { type, block, text });
    return true;
  }

  private extend(name: string, value: JsonObject): void {
    this.sink.push({ type: 'extension', dialect: ID, name, value });
  }

  /** Keeps block fields that only this dialect knows, as in a whole answer. */
  private extendBy(content: JsonObject, known: readonly string[]): void {
    for (const [name, value] of Object.entries(withoutFields(content, known)))
      if (value !== undefined && value !== null) this.extend(name, { value });
  }

  /** Keeps unknown message fields. An object is passed as text, since encoders would take it for a block. */
  private extendMessage(fields: JsonObject, known: readonly string[]): void {
    for (const [name, value] of Object.entries(withoutFields(fields, known))) {
      if (value === undefined || (typeof value === 'object' && isEmpty(value ?? {}))) continue;
      this.extend(name, { value: typeof value === 'object' ? JSON.stringify(value) : value });
    }
  }

  private fail(wire: JsonObject): void {
    this.ended = true;
    this.sink.push({ type: 'error', error: fromBody(wire, undefined, this.quirks) });
  }

  private start(id: string | null, model: string | null): void {
    this.started = true;
    this.messageId = id;
    this.sink.push({ type: 'start', id, model });
  }

  private messageStart(message: JsonObject): void {
    if (this.started) malformed('a second message_start');
    this.start(asString(message.id) ?? null, asString(message.model) ?? null);
    this.extendMessage(message, MESSAGE_FIELDS);
    this.reportUsage(asObject(message.usage));
  }

  private messageDelta(wire: JsonObject): void {
    const delta = asObject(wire.delta) ?? {};
    this.stopReason = delta.stop_reason ?? this.stopReason;
    this.stopSequence = delta.stop_sequence ?? this.stopSequence;
    this.reportUsage(asObject(wire.usage));
    for (const name of ['container', 'stop_details']) {
      const value = asObject(delta[name]);
      if (value !== undefined) this.extend(name, value);
    }
    const management = asObject(wire.context_management);
    if (management !== undefined) this.extend('context_management', management);
    this.extendMessage(delta, LAST_DELTA_FIELDS);
    this.extendMessage(wire, LAST_EVENT_FIELDS);
  }

  private messageStop(): void {
    if (!this.started && this.nextBlock === 0 && this.stopReason === undefined) {
      this.ended = true;
      const message = 'the provider ended its stream (message_stop) before it began an answer';
      this.sink.push({ type: 'error', error: new GatewayError('upstream_malformed', message) });
      return;
    }
    // A block that max_tokens cut short is not closed by the provider (recorded).
    for (const index of [...this.open.keys()]) this.close(index);
    this.ended = true;
    this.sink.push({ type: 'finish', finish: parseFinish(this.stopReason, this.stopSequence, this.called) });
  }

  private reportUsage(wire: JsonObject | undefined): void {
    if (wire === undefined) return;
    const usage = parseUsage(wire);
    if (Object.keys(usage).length > 0) this.sink.push({ type: 'usage', usage });
  }

  /** @param data the event's data, of which `wire` was parsed. */
  private blockStart(wire: JsonObject, data: string): void {
    const index = asNumber(wire.index) ?? malformed('content_block_start without an index');
    const content = asObject(wire.content_block) ?? malformed('content_block_start without a block');
    const type = asString(content.type) || malformed('a content block without a type');
    if (this.open.has(index)) malformed(`content block ${index} is already open`);
    if (!this.started) this.start(null, null);
    this.sink.kept?.(ENTRY_SIZE);
    const block = this.nextBlock++;
    const opened: OpenBlock = { kind: 'silent', type, block, held: '', signed: false };
    if (type === 'text') this.openText(content, opened);
    else if (type === 'thinking') this.openThinking(content, opened);
    else if (type === 'redacted_thinking') {
      this.sink.push({
        type: 'reasoning-start',
        block,
        redacted: ownToken(ID, asString(content.data) ?? ''),
      });
      opened.kind = 'reasoning';
    } else if (type === 'tool_use' || SERVER_TOOL_BLOCKS.has(type)) this.openTool(content, opened, data);
    else if (isServerToolResult(type)) {
      const callId = asString(content.tool_use_id) ?? '';
      const part = { type: 'server-tool-result', callId, dialect: ID, value: content } as const;
      this.sink.push({ type: 'server-tool-result', block, part: { ...part, ...outputOf(content) } });
    } else {
      opened.kind = 'unknown';
      this.extend(type, wire);
      if (type === 'fallback') this.handOver(content);
    }
    this.open.set(index, opened);
  }

  /**
   * Another model continues because the first one declined. A whole answer names it as the model that served.
   * https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback#server-side-fallback
   */
  private handOver({ to }: JsonObject): void {
    const model = asString(asObject(to)?.model);
    if (model !== undefined) this.start(this.messageId, model);
  }

  private openText(content: JsonObject, opened: OpenBlock): void {
    const { block } = opened;
    opened.kind = 'text';
    this.sink.push({ type: 'text-start', block });
    this.extendBy(content, TEXT_FIELDS);
    const text = asString(content.text);
    if (text) this.sink.push({ type: 'text-delta', block, text });
    if (!Array.isArray(content.citations)) return;
    for (const citation of content.citations.filter(isObject)) {
      this.sink.push({ type: 'citation', block, citation: parseCitation(citation) });
    }
  }

  private openThinking(content: JsonObject, opened: OpenBlock): void {
    const { block } = opened;
    opened.kind = 'reasoning';
    this.sink.push({ type: 'reasoning-start', block });
    this.extendBy(content, THINKING_FIELDS);
    const text = asString(content.thinking);
    if (text) this.sink.push({ type: 'reasoning-delta', block, text });
    opened.held = asString(content.signature) ?? '';
  }

  private openTool(content: JsonObject, opened: OpenBlock, data: string): void {
    opened.kind = 'tool';
    const kind = SERVER_TOOL_BLOCKS.has(opened.type) ? 'server' : 'function';
    if (kind === 'function') this.called = true;
    this.sink.push({
      type: 'tool-start',
      block: opened.block,
      id: asString(content.id) || madeUpId(this.messageId, opened.block),
      name: asString(content.name) ?? '',
      kind,
      ...mcpServerIn(content),
      ...codeRunIn(content),
      ...toolUseExtension(content, kind),
    });
    const input = asObject(content.input);
    if (input === undefined) opened.held = asString(content.input) ?? '';
    if (input === undefined || isEmpty(input)) return;
    // Parsed again to keep the spelling of long numbers; only few servers send arguments here.
    opened.held = exactText(asObject(readObject(data)?.content_block)?.input ?? input);
  }

  private blockDelta(wire: JsonObject): void {
    const delta = asObject(wire.delta);
    const index = asNumber(wire.index);
    if (delta === undefined || index === undefined)
      malformed('content_block_delta without an index or a delta');
    const opened = this.open.get(index) ?? this.openFor(index, delta);
    const { kind, block } = opened;
    const type = asString(delta.type) ?? 'content_block_delta';
    const wanted = KIND_OF_DELTA[type];
    if (kind === 'unknown') this.extend(opened.type, wire);
    else if (wanted === undefined) this.extend(type, wire);
    else if (wanted !== kind) malformed(`a ${type} in a block of type ${opened.type}`);
    else if (type === 'text_delta') this.text('text-delta', block, delta.text);
    else if (type === 'thinking_delta') this.text('reasoning-delta', block, delta.thinking);
    else if (type === 'citations_delta') {
      const citation = asObject(delta.citation) ?? malformed('a citations_delta without a citation');
      this.sink.push({ type: 'citation', block, citation: parseCitation(citation) });
    } else if (type === 'input_json_delta') {
      const fragment = asString(delta.partial_json ?? '') ?? malformed('an input_json_delta without text');
      if (fragment === '') return;
      opened.held = '';
      this.delta = 'tool-delta';
      this.deltaBlock = block;
      this.sink.push({ type: 'tool-delta', block, arguments: fragment });
    } else {
      const signature = asString(delta.signature) ?? malformed('a signature_delta without a signature');
      if (signature === '') return;
      this.sink.kept?.(signature.length);
      opened.held = opened.signed ? opened.held + signature : signature;
      opened.signed = true;
    }
  }

  /** Opens the block of a delta whose start was missing, or could not be read. */
  private openFor(index: number, { type, partial_json }: JsonObject): OpenBlock {
    const problem = `content_block_delta for block ${index}, which is not open`;
    if (type !== 'text_delta' && type !== 'thinking_delta' && type !== 'input_json_delta') malformed(problem);
    if (!this.started) this.start(null, null);
    const block = this.nextBlock++;
    if (type === 'input_json_delta') {
      // Arguments of a call that never began belong nowhere, so the answer is broken.
      this.sink.push({ type: 'tool-delta', block, arguments: asString(partial_json) ?? '' });
      malformed(problem);
    }
    const isText = type === 'text_delta';
    this.sink.push({ type: isText ? 'text-start' : 'reasoning-start', block });
    const opened: OpenBlock = {
      kind: isText ? 'text' : 'reasoning',
      type: isText ? 'text' : 'thinking',
      block,
      held: '',
      signed: false,
    };
    this.open.set(index, opened);
    return opened;
  }

  private text(type: 'text-delta' | 'reasoning-delta', block: number, value: JsonValue | undefined): void {
    const fragment = asString(value) ?? malformed(`a ${type} without text`);
    if (fragment === '') return;
    this.delta = type;
    this.deltaBlock = block;
    this.sink.push({ type, block, text: fragment });
  }

  private blockStop(wire: JsonObject): void {
    const index = asNumber(wire.index) ?? -1;
    const opened =
      this.open.get(index) ?? malformed(`content_block_stop for block ${index}, which is not open`);
    if (opened.kind === 'unknown') this.extend(opened.type, wire);
    this.close(index);
  }

  private close(index: number): void {
    const opened = this.open.get(index);
    if (opened === undefined) return;
    this.open.delete(index);
    const { kind, block, held } = opened;
    if (kind === 'text') this.sink.push({ type: 'text-end', block });
    if (kind === 'reasoning') {
      const isSigned = held !== '' && !isUnsealed(held);
      if (isSigned) this.sink.push({ type: 'reasoning-signature', block, signature: ownToken(ID, held) });
      this.sink.push({ type: 'reasoning-end', block });
    }
    if (kind === 'tool') {
      if (held !== '') this.sink.push({ type: 'tool-delta', block, arguments: held });
      this.sink.push({ type: 'tool-end', block });
    }
  }

  // message_stop is the only proper ending, so at EOF nothing can be added.
  end(): void {}
}

function malformed(what: string): never {
  throw new MalformedEvent(what);
}
