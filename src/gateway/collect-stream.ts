// Some servers stream whatever is asked: what they stream is folded into the whole answer that was wanted.
import type { CreateFraming } from '../dialects/dialect.ts';
import { GatewayError } from '../model/errors.ts';
import { createResponseCollector, responseToEvents } from '../model/replay.ts';
import type { NeutralResponse } from '../model/response.ts';
import type { ThroughputGuard } from '../upstream/throughput.ts';
import { withHintBeside } from './hint-beside.ts';
import { malformedIn } from './malformed-event.ts';
import type { Observer } from './observer.ts';
import type { Pump } from './pump.ts';
import { createRelay, nextOf, type Relay } from './relay.ts';
import type { AttemptContext, Sent } from './send.ts';
import { createTranslatePump } from './translate-pump.ts';

export interface CollectedAnswer {
  /** The provider's own text, where it was one after all; null: it streamed. */
  text: string | null;
  answer: NeutralResponse;
}

export interface CollectOptions {
  createFraming: CreateFraming;
  throughput: ThroughputGuard | undefined;
  /** Of what is no stream, whatever its header says; null: everything is. Throws GatewayError. */
  parse: ((text: string) => NeutralResponse) | null;
}

/** Reads a stream as one is read for a client, within the same limits. Throws GatewayError. */
export async function collectStream(
  context: AttemptContext,
  { response, call }: Sent,
  { createFraming, throughput, parse }: CollectOptions,
): Promise<CollectedAnswer> {
  const { plan, observer, signal, host } = context;
  const { name: provider, timeouts } = plan.target.provider;
  const pump = new CollectingPump(context, createFraming, parse);
  const { body } = response;
  const relay = createRelay({ provider, body, pump, observer, call, idleMs: timeouts.idleMs, throughput });
  try {
    await relay.ready();
    while (!pump.ended() && (await nextOf(relay)) !== undefined);
    while (pump.more() !== undefined);
    const collected = pump.collected();
    call.release();
    letClose(relay);
    return collected;
  } catch (thrown) {
    call.abort();
    throw signal.aborted ? signal.reason : withHintBeside(thrown, response, '', host.now());
  }
}

/** Of an answer that is complete: what is left is that its connection comes free, which nobody waits for. */
function letClose(relay: Relay<true>): void {
  relay.next({
    take(out) {
      if (out !== undefined) letClose(relay);
    },
  });
}

/** Of a stream that has come to its end. Throws GatewayError. */
export function collectText(
  context: AttemptContext,
  createFraming: CreateFraming,
  text: string,
): NeutralResponse {
  const pump = new CollectingPump(context, createFraming, null);
  pump.push(new TextEncoder().encode(text));
  pump.end();
  while (pump.more() !== undefined);
  return pump.collected().answer;
}

/** How JSON and pages begin; no event does. */
const TEXT_BEGINS = new Set(['{', '<'].map((sign) => sign.charCodeAt(0)));
const BLANK = 0x20;
/** A byte order mark, which may come in pieces. */
const MARK: ReadonlySet<number> = new Set([0xef, 0xbb, 0xbf]);
const MORE = { stream: true } as const;

class CollectingPump implements Pump<true> {
  private readonly context: AttemptContext;
  private readonly parse: CollectOptions['parse'];
  private readonly stream: Pump<true>;
  private readonly collector = createResponseCollector();
  private size = 0;
  /** Undefined: blanks and a byte order mark are all that has come. */
  private isText: boolean | undefined = undefined;
  private text = '';
  private readonly decoder = new TextDecoder();
  private parsed: NeutralResponse | undefined = undefined;

  constructor(context: AttemptContext, createFraming: CreateFraming, parse: CollectOptions['parse']) {
    const { plan, maxEvent, observer, redact } = context;
    const { name, quirks } = plan.target.provider;
    this.context = context;
    this.parse = parse;
    if (parse === null) this.isText = false;
    this.stream = createTranslatePump<true>({
      provider: name,
      side: plan.side,
      createFraming,
      observer: untold(observer),
      maxEvent,
      quirks,
      redact,
      render: (events) => {
        for (const event of events) this.collector.push(event);
        return true;
      },
      onMalformed: malformedIn(context, plan),
    });
  }

  push(chunk: Uint8Array): true | undefined {
    const { maxEvent, plan } = this.context;
    this.size += chunk.length;
    if (this.size > maxEvent) throw tooLong(plan.target.provider.name, maxEvent);
    if (this.isText === undefined) {
      const first = chunk.find((byte) => byte > BLANK && !MARK.has(byte));
      if (first !== undefined) this.isText = TEXT_BEGINS.has(first);
    }
    if (this.isText === false) return this.stream.push(chunk);
    this.text += this.decoder.decode(chunk, MORE);
    return undefined;
  }

  more(): true | undefined {
    return this.stream.more?.();
  }

  end(): true | undefined {
    const { isText, parse, context } = this;
    if (isText !== true || parse === null) return this.stream.end();
    this.text += this.decoder.decode();
    this.parsed = parse(this.text);
    for (const event of responseToEvents(this.parsed)) context.observer.see(event);
    return undefined;
  }

  fail(error: GatewayError): true | undefined {
    return this.stream.fail(error);
  }

  ended(): boolean {
    return this.stream.ended();
  }

  tookEvent(): boolean {
    return this.isText === true || this.stream.tookEvent();
  }

  /** When it is over. Throws the GatewayError with which it ended. */
  collected(): CollectedAnswer {
    const { parsed, text } = this;
    if (parsed !== undefined) return { text, answer: parsed };
    const answer = this.collector.response();
    const { observer } = this.context;
    for (const [block, part] of answer.parts.entries())
      if (part.type === 'text') observer.show({ type: 'text-delta', block, text: part.text });
    return { text: null, answer };
  }
}

/** Those who watch are told the answer when it is whole: until then it may fail, and another be asked for all of it. */
function untold(observer: Observer): Observer {
  return {
    seen: observer.seen,
    wantsText: () => false,
    see: (event) => observer.note(event),
    show: (event) => observer.show(event),
    note: (event) => observer.note(event),
    noteMalformed: () => observer.noteMalformed(),
  };
}

/** @param limit in bytes. */
export function tooLong(provider: string, limit: number, cause?: unknown): GatewayError {
  return new GatewayError(
    'upstream_malformed',
    `${provider} sent an answer over the limit: an answer is longer than ${limit} bytes; raise server.max_event if this is legitimate`,
    { cause },
  );
}
