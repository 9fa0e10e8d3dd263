// Function calls of an answer, which come whole, or value by value over many events (`willContinue`).
import { GatewayError } from '../../model/errors.ts';
import type { EventSink } from '../../model/events.ts';
import { asObject, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import { exactText } from '../../model/json/exact-numbers.ts';
import { madeUpCallId } from './call-id.ts';
import { withoutNulls } from '../shared/own-fields.ts';
import { type ArgumentWriter, createArgumentWriter } from './partial-arguments.ts';
import { namelessCall } from '../shared/tools/call-arguments.ts';
import { signatureFromProvider } from './signature.ts';
import { listOf } from './wire.ts';

export class CallDecoder {
  private readonly sink: EventSink;
  private readonly nextBlock: () => number;
  private readonly scope: () => string;
  private count = 0;
  private hasCalled = false;
  private open: { block: number; id: string | undefined; writer: ArgumentWriter } | undefined;

  /** @param scope identifies this answer, for ids that have to be made up. */
  constructor(sink: EventSink, nextBlock: () => number, scope: () => string) {
    this.sink = sink;
    this.nextBlock = nextBlock;
    this.scope = scope;
  }

  newId(): string {
    return madeUpCallId(this.scope(), this.count++);
  }

  /** Whether a function of the client was called. */
  called(): boolean {
    return this.hasCalled;
  }

  /** Ends a call that announced more. */
  close(): void {
    const { open } = this;
    if (open === undefined) return;
    this.open = undefined;
    this.sink.push({ type: 'tool-delta', block: open.block, arguments: open.writer.end() });
    this.sink.push({ type: 'tool-end', block: open.block });
  }

  /** @param part with a `functionCall`. @returns the error that ends the answer, if any. */
  read(part: JsonObject): GatewayError | undefined {
    const call = withoutNulls(asObject(part.functionCall) ?? {});
    const name = asString(call.name);
    const given = asString(call.id) || undefined;
    const { open } = this;
    if (open !== undefined && (!name || (given !== undefined && given === open.id)))
      return this.writeMore(call);
    this.close();
    if (!name) return namelessCall();
    this.hasCalled = true;
    const block = this.nextBlock();
    const signature = signatureFromProvider(part);
    const signed = signature === undefined ? {} : { signature };
    this.sink.push({
      type: 'tool-start',
      block,
      id: given ?? this.newId(),
      name,
      kind: 'function',
      ...signed,
    });
    if (call.willContinue === true || call.partialArgs !== undefined) {
      this.open = { block, id: given, writer: createArgumentWriter() };
      return this.writeMore(call);
    }
    this.sink.push({ type: 'tool-delta', block, arguments: exactText(call.args ?? {}) });
    this.sink.push({ type: 'tool-end', block });
    return undefined;
  }

  private writeMore(call: JsonObject): GatewayError | undefined {
    const { open } = this;
    if (open === undefined) return undefined;
    let text = '';
    for (const partial of listOf(call.partialArgs).filter(isObject)) {
      const more = open.writer.write(partial);
      if (more === undefined) {
        const path = asString(partial.jsonPath) ?? '';
        return new GatewayError(
          'upstream_malformed',
          `the provider streams the arguments of a call out of order (at ${path}); ask again`,
        );
      }
      text += more;
    }
    if (text !== '') this.sink.push({ type: 'tool-delta', block: open.block, arguments: text });
    if (call.willContinue !== true) this.close();
    return undefined;
  }
}
