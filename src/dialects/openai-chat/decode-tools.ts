// Joins the fragments of `delta.tool_calls`, however a server numbers them.
//
// A fragment belongs to the call with its id, unless that call is at another index and the fragment names a tool; otherwise to the call at
// its index. It begins a new call if it names a tool and has a new id (servers that number every call 0), or if it names a tool after the
// arguments at that index are complete (the same, without ids). A new id without a name begins no call (servers that make up an id for
// every fragment). Calls end with the answer, so that a late fragment is never lost; gateway/pumps/sequence.ts closes a call as soon as its
// arguments are complete and something else begins.
import { GatewayError } from '../../model/errors.ts';
import { ENTRY_SIZE, type EventSink } from '../../model/events.ts';
import {
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import { JsonScanner } from '../../model/json/scanner.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import { objectsIn } from '../shared/answer-list.ts';
import type { BlockWriter } from './decode-blocks.ts';
import { argumentText } from '../openai/calls.ts';
import { foreignCallType, thoughtSignature } from './tool-call.ts';
import { synthesizeCallId } from './tool-call-id.ts';

interface OpenCall {
  block: number;
  /** The server's own id; undefined until it sends one. */
  id: string | undefined;
  kind: 'function' | 'custom';
  started: boolean;
  /** Arguments that came before the name. */
  held: string;
  /** Reads the arguments received so far. */
  scanner: JsonScanner;
  signature: OpaqueToken | undefined;
}

const NOTHING_CALLED: JsonObject = {};

export class ToolDecoder {
  private readonly sink: EventSink;
  private readonly blocks: BlockWriter;
  private readonly responseId: () => string | null;
  private readonly calls: OpenCall[] = [];
  private readonly byIndex = new Map<number, OpenCall>();
  /** For each id, the first of the calls that have it. */
  private readonly byId = new Map<string, OpenCall>();
  private legacyCall: OpenCall | undefined = undefined;
  /** Indexes of entries that are not calls, see `foreignCallType`; null before the first. */
  private foreign: Set<number> | null = null;
  /** The call to whose arguments the last delta was limited. */
  private fed: OpenCall | null = null;

  constructor(sink: EventSink, blocks: BlockWriter, responseId: () => string | null) {
    this.sink = sink;
    this.blocks = blocks;
    this.responseId = responseId;
  }

  fragments(value: JsonValue | undefined): void {
    for (const fields of objectsIn(value, 'choices[0].delta.tool_calls')) {
      if (this.isForeign(fields)) continue;
      const custom = asObject(fields.custom);
      const isCustom = fields.type === 'custom' || (custom !== undefined && fields.function === undefined);
      const called = (isCustom ? custom : asObject(fields.function)) ?? NOTHING_CALLED;
      const name = asString(called.name) ?? '';
      const id = asString(fields.id) || undefined;
      const index = typeof fields.index === 'number' ? fields.index : undefined;
      let call = this.find(id, index, name);
      if (call === undefined) {
        call = this.begin(id, isCustom ? 'custom' : 'function');
        if (index !== undefined) this.byIndex.set(index, call);
      }
      call.signature ??= thoughtSignature(fields);
      if (!call.started) call.id ??= id;
      if (id !== undefined && call.id === id && !this.byId.has(id)) this.byId.set(id, call);
      this.fed = name === '' && call.started && (id === undefined || id === call.id) ? call : null;
      this.feed(call, name, argumentText(call.kind === 'custom' ? called.input : called.arguments));
    }
  }

  /** The legacy form: one call without id and index. */
  legacy(value: JsonValue | undefined): void {
    const fields = asObject(value);
    const name = asString(fields?.name) ?? '';
    const fragment = argumentText(fields?.arguments);
    if (this.legacyCall === undefined && name === '' && fragment === '') return;
    this.legacyCall ??= this.begin(undefined, 'function');
    this.feed(this.legacyCall, name, fragment);
  }

  /** More arguments, from a delta that otherwise equals the last one; false if that had more than arguments. */
  repeat(fragment: string): boolean {
    if (this.fed === null) return false;
    this.feed(this.fed, '', fragment);
    return true;
  }

  /** Called if the delta also had other content. */
  rest(): void {
    this.fed = null;
  }

  /** Whether any call began. */
  saw(): boolean {
    return this.calls.length > 0;
  }

  /** Ends all calls; returns an error if one never got its name. */
  finish(): GatewayError | undefined {
    for (const call of this.calls) {
      if (call.started) this.sink.push({ type: 'tool-end', block: call.block });
      else {
        return new GatewayError(
          'upstream_malformed',
          'the provider streamed arguments of a tool call that it never named; ask again',
        );
      }
    }
    return undefined;
  }

  private begin(id: string | undefined, kind: OpenCall['kind']): OpenCall {
    this.blocks.close();
    const call: OpenCall = {
      block: this.blocks.next(),
      id,
      kind,
      started: false,
      held: '',
      scanner: new JsonScanner(),
      signature: undefined,
    };
    this.sink.kept?.(ENTRY_SIZE);
    this.calls.push(call);
    return call;
  }

  private isForeign(fields: JsonObject): boolean {
    const index = asNumber(fields.index);
    if (foreignCallType(fields) !== undefined) {
      this.fed = null;
      this.foreign ??= new Set();
      if (index !== undefined) this.foreign.add(index);
      return true;
    }
    if (this.foreign === null || index === undefined || !this.foreign.has(index)) return false;
    return !isObject(fields.function) && !isObject(fields.custom);
  }

  private find(id: string | undefined, index: number | undefined, name: string): OpenCall | undefined {
    const last = index === undefined ? this.calls.at(-1) : this.byIndex.get(index);
    if (id !== undefined) {
      if (last?.id === id) return last;
      const isKnown = index === undefined || name === '';
      const same = isKnown ? this.byId.get(id) : undefined;
      if (same !== undefined) return same;
      return name === '' ? last : undefined;
    }
    if (name === '') return last;
    return last === undefined || index === undefined || last.scanner.complete() ? undefined : last;
  }

  private feed(call: OpenCall, name: string, fragment: string): void {
    if (!call.started) {
      if (name === '') {
        this.sink.kept?.(fragment.length);
        call.held += fragment;
        return;
      }
      call.started = true;
      this.sink.push({
        type: 'tool-start',
        block: call.block,
        id: call.id ?? synthesizeCallId(this.responseId(), call.block),
        name,
        kind: call.kind,
        ...(call.signature !== undefined && { signature: call.signature }),
      });
      const { held } = call;
      call.held = '';
      if (held !== '') this.feed(call, '', held);
    }
    if (fragment === '') return;
    call.scanner.push(fragment);
    this.sink.push({ type: 'tool-delta', block: call.block, arguments: fragment });
  }
}
