// A stream of text and one of a tool call in every wire that providers speak, as the bytes of single events: those of
// the dialects that clients speak as this project writes them, the others as their tests do.
import { DIALECTS } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId, type ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { StreamEvent } from '../../src/model/events.ts';
import { chunked } from '../../test/support/bedrock-wires.ts';
import { inEnvelope, PROVIDER_WIRES } from '../../test/support/provider-wires.ts';

export interface WireStream {
  head: Uint8Array;
  /** One event, to be sent as often as wanted. */
  delta: Uint8Array;
  tail: Uint8Array;
}

/** Wires that say what another one says, in an envelope. */
const ENVELOPES: Partial<Record<ProviderDialectId, { of: DialectId; wrap(events: string): string }>> = {
  'code-assist': { of: 'gemini', wrap: inEnvelope },
  'bedrock-invoke': { of: 'anthropic-messages', wrap: chunked },
};

const textEncoder = new TextEncoder();
const isClientDialect = (wire: ProviderDialectId): wire is DialectId =>
  (DIALECT_IDS as readonly string[]).includes(wire);

/** Text, so much of it in each event. */
export function textStream(wire: ProviderDialectId, text: string): WireStream {
  const { bytes, start, text: say, textEnd } = PROVIDER_WIRES[wire];
  const written = writtenBy(
    wire,
    [{ type: 'text-start', block: 0 }],
    { type: 'text-delta', block: 0, text },
    { type: 'text-end', block: 0 },
  );
  return written ?? joined(bytes, start + say('a'), say(text), textEnd);
}

/**
 * One call of a tool whose argument is a text that comes in such fragments. Undefined for wires that send the
 * arguments of a call whole.
 */
export function callStream(wire: ProviderDialectId, fragment: string): WireStream | undefined {
  if (wire === 'gemini' || wire === 'ollama-chat' || wire === 'code-assist') return undefined;
  const delta: StreamEvent = { type: 'tool-delta', block: 0, arguments: fragment };
  const start: StreamEvent[] = [
    { type: 'tool-start', block: 0, id: 'call_1', name: 'write', kind: 'function' },
    { ...delta, arguments: '{"text":"' },
  ];
  const written = writtenBy(
    wire,
    start,
    delta,
    { ...delta, arguments: '"}' },
    { type: 'tool-end', block: 0 },
  );
  if (written !== undefined) return written;
  const { bytes, start: head, callStart, callArguments, callEnd } = PROVIDER_WIRES[wire];
  return joined(
    bytes,
    head + callStart(0) + callArguments(0, '{"text":"'),
    callArguments(0, fragment),
    callArguments(0, '"}') + callEnd,
  );
}

/** As the wire's own dialect writes the events; undefined where it is no client's dialect. */
function writtenBy(
  wire: ProviderDialectId,
  before: StreamEvent[],
  delta: StreamEvent,
  ...after: StreamEvent[]
): WireStream | undefined {
  const envelope = ENVELOPES[wire];
  const dialect = envelope?.of ?? wire;
  if (!isClientDialect(dialect)) return undefined;
  const { client } = DIALECTS[dialect];
  const encoder = client.createStreamEncoder({ requestId: 'r', model: 'm', created: 1, includeUsage: true });
  const write = (events: StreamEvent[]) => events.map((event) => encoder.encode(event)).join('');
  const wrap = envelope?.wrap ?? ((events: string) => events);
  const head = write([{ type: 'start', id: 'a', model: 'm' }, ...before]);
  const repeated = write([delta]);
  const tail = write([
    ...after,
    { type: 'usage', usage: { inputTokens: 7, outputTokens: 9 } },
    { type: 'finish', finish: { unified: after.length > 1 ? 'tool_use' : 'end_turn', raw: null } },
  ]);
  return joined(PROVIDER_WIRES[wire].bytes, wrap(head), wrap(repeated), wrap(tail));
}

function joined(
  bytes: ((pieces: string) => Uint8Array) | undefined,
  head: string,
  delta: string,
  tail: string,
): WireStream {
  const encode = bytes ?? ((text: string) => textEncoder.encode(text));
  return { head: encode(head), delta: encode(delta), tail: encode(tail) };
}
