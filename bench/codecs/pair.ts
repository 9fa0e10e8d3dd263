// The gateway's pump between one wire and one client dialect, with everything that reads along.
import { PROVIDER_SIDES, DIALECTS } from '../../src/dialects/registry.ts';
import { createEventFraming } from '../../src/gateway/pumps/event-framing.ts';
import { createObserver, UNWATCHED } from '../../src/gateway/record/observer.ts';
import { PassthroughPump } from '../../src/gateway/pumps/passthrough.ts';
import type { Pump } from '../../src/gateway/pumps/pump.ts';
import { createByteRenderer, TranslatePump } from '../../src/gateway/pumps/translate.ts';
import {
  DIALECT_IDS,
  type DialectId,
  PROVIDER_DIALECT_IDS,
  type ProviderDialectId,
} from '../../src/model/dialect-id.ts';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';
import type { WireStream } from './streams.ts';

export interface Pair {
  wire: ProviderDialectId;
  client: DialectId;
}

export const PAIRS: readonly Pair[] = PROVIDER_DIALECT_IDS.flatMap((wire) =>
  DIALECT_IDS.map((client) => ({ wire, client })),
);

const MAX_EVENT = 32 * 1024 * 1024;

export async function createPairPump({ wire, client }: Pair): Promise<Pump<Uint8Array>> {
  const side = PROVIDER_SIDES[wire];
  const observer = createObserver(() => performance.now(), UNWATCHED);
  const common = {
    provider: wire,
    side,
    observer,
    maxEvent: MAX_EVENT,
    quirks: PROVIDER_KINDS.find(({ dialect }) => dialect === wire)?.quirks ?? {},
    redact: (text: string) => text,
    now: Date.now,
  };
  const createEncoder = () =>
    DIALECTS[client].client.createStreamEncoder({
      requestId: 'r',
      model: 'm',
      created: 1,
      includeUsage: true,
      lost: () => {},
    });
  const fail = (thrown: unknown) => {
    throw thrown;
  };
  if (wire === client) {
    return new PassthroughPump({
      ...common,
      hides: undefined,
      alternatives: 1,
      createEncoder,
      onMalformed: fail,
    });
  }
  return new TranslatePump({
    ...common,
    createFraming: (await side.loadFraming?.()) ?? createEventFraming,
    render: createByteRenderer(createEncoder),
    onMalformed: fail,
  });
}

/** Sends the stream with so many deltas, each as a chunk of its own; returns how many of them gave the client something. */
export function run(
  pump: Pump<Uint8Array>,
  { head, delta, tail }: WireStream,
  deltas: number,
  each: (sent: number) => void = () => {},
): number {
  let given = 0;
  pump.push(head);
  for (let sent = 0; sent < deltas; sent++) {
    if (pump.push(delta) !== undefined) given++;
    each(sent);
  }
  pump.push(tail);
  if (!pump.ended()) pump.end();
  return given;
}
