// Function calls of an answer: whole, or value by value over many events (`willContinue`).
import { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import { asObject, asString, isObject, type JsonObject } from '../../model/json.ts';
import { madeUpCallId } from './call-id.ts';
import { type ArgumentWriter, createArgumentWriter } from './partial-arguments.ts';
import { signatureFromProvider } from './signature.ts';
import { listOf } from './wire.ts';

export interface CallDecoder {
  /** @param part that holds a `functionCall`. Gives the error that ends the answer, where there is one. */
  read(part: JsonObject): GatewayError | undefined;
  /** Ends a call that more was to follow. */
  close(): void;
  newId(): string;
  /** Whether a function of the client was called. */
  called(): boolean;
}

/** @param scope what tells this answer from others, for ids that have to be made up. */
export function createCallDecoder(
  emit: (event: StreamEvent) => void,
  nextBlock: () => number,
  scope: () => string,
): CallDecoder {
  let count = 0;
  let called = false;
  let open: { block: number; id: string | undefined; writer: ArgumentWriter } | undefined;

  const newId = () => madeUpCallId(scope(), count++);

  function close(): void {
    if (open === undefined) return;
    const { block, writer } = open;
    open = undefined;
    emit({ type: 'tool-delta', block, arguments: writer.end() });
    emit({ type: 'tool-end', block });
  }

  function writeMore(call: JsonObject): GatewayError | undefined {
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
    if (text !== '') emit({ type: 'tool-delta', block: open.block, arguments: text });
    if (call.willContinue !== true) close();
    return undefined;
  }

  return {
    newId,
    close,
    called: () => called,
    read(part) {
      const call = asObject(part.functionCall) ?? {};
      const name = asString(call.name);
      const given = asString(call.id) || undefined;
      if (open !== undefined && (!name || (given !== undefined && given === open.id))) return writeMore(call);
      close();
      if (!name) {
        const problem = 'the provider sent a tool call without the name of the tool; ask again';
        return new GatewayError('upstream_malformed', problem);
      }
      called = true;
      const block = nextBlock();
      const signature = signatureFromProvider(part);
      const signed = signature === undefined ? {} : { signature };
      emit({ type: 'tool-start', block, id: given ?? newId(), name, kind: 'function', ...signed });
      if (call.willContinue === true || call.partialArgs !== undefined) {
        open = { block, id: given, writer: createArgumentWriter() };
        return writeMore(call);
      }
      emit({ type: 'tool-delta', block, arguments: JSON.stringify(call.args ?? {}) });
      emit({ type: 'tool-end', block });
      return undefined;
    },
  };
}
