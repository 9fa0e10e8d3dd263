// Some servers always stream. Their stream is collected into the whole answer that was requested.
import type { CreateFraming } from '../../dialects/dialect.ts';
import { createResponseCollector, type ResponseCollector } from '../../model/replay.ts';
import type { NeutralResponse } from '../../model/response.ts';
import type { ThroughputGuard } from '../../upstream/throughput.ts';
import { withHintOf } from './retry-hint.ts';
import type { Observer } from '../record/observer.ts';
import { tooLong } from './pump.ts';
import { readingOf } from './reading.ts';
import { nextOf, type Relay, StreamRelay } from './relay.ts';
import type { AttemptContext, Sent } from '../attempts/send.ts';
import type { TextReader } from './unstreamed-answer.ts';
import { TranslatePump } from './translate.ts';
import { WrappedPump } from './wrapped-pump.ts';

export interface CollectedAnswer {
  /** The provider's own text if it did not stream after all; null: it streamed. */
  text: string | null;
  answer: NeutralResponse;
}

export interface CollectOptions {
  createFraming: CreateFraming;
  throughput: ThroughputGuard | undefined;
  /** Reads an answer that is not a stream, whatever its header says. */
  asText(take: (answer: NeutralResponse, text: string) => true): TextReader<true>;
}

/** Reads a stream within the same limits as one for a client. Throws GatewayError. */
export async function collectStream(
  context: AttemptContext,
  { response, call }: Sent,
  { createFraming, throughput, asText }: CollectOptions,
): Promise<CollectedAnswer> {
  const { plan, observer, signal, host } = context;
  const { name: provider, timeouts } = plan.target.provider;
  const pump = new CollectingPump(context, createFraming);
  const { body } = response;
  const { idleMs, silenceMs } = timeouts;
  const reader = asText((answer, text) => pump.takeWhole(answer, text));
  const maxHeld = context.maxEvent;
  const relay = new StreamRelay({
    provider,
    body,
    pump,
    observer,
    call,
    idleMs,
    silenceMs,
    maxHeld,
    throughput,
    asText: reader,
  });
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
    throw signal.aborted
      ? signal.reason
      : withHintOf(thrown, response, observer.seen.errorData ?? '', host.now());
  }
}

/** Lets the connection of a complete answer become free; nothing waits for that. */
function letClose(relay: Relay<true>): void {
  relay.next({
    take(out) {
      if (out !== undefined) letClose(relay);
    },
  });
}

/** Collects a stream that has ended. Throws GatewayError. */
export function collectText(
  context: AttemptContext,
  createFraming: CreateFraming,
  text: string,
): NeutralResponse {
  const pump = new CollectingPump(context, createFraming);
  pump.push(new TextEncoder().encode(text));
  pump.end();
  while (pump.more() !== undefined);
  return pump.collected().answer;
}

class CollectingPump extends WrappedPump<true> {
  private readonly context: AttemptContext;
  private readonly collector: ResponseCollector;
  private size = 0;
  private whole: CollectedAnswer | undefined = undefined;

  constructor(context: AttemptContext, createFraming: CreateFraming) {
    const collector = createResponseCollector();
    super(
      new TranslatePump<true>({
        ...readingOf({ ...context, observer: hiddenUntilWhole(context.observer) }),
        createFraming,
        render(events) {
          for (const event of events) collector.push(event);
          return true;
        },
      }),
    );
    this.context = context;
    this.collector = collector;
  }

  override push(chunk: Uint8Array): true | undefined {
    const { maxEvent, plan } = this.context;
    this.size += chunk.length;
    if (this.size > maxEvent) throw tooLong(plan.target.provider.name, maxEvent);
    return this.stream.push(chunk);
  }

  /** Takes an answer that was not a stream. */
  takeWhole(answer: NeutralResponse, text: string): true {
    this.whole = { text, answer };
    return true;
  }

  /** To be called when the stream is over. Throws the GatewayError with which it ended. */
  collected(): CollectedAnswer {
    if (this.whole !== undefined) return this.whole;
    const { observer } = this.context;
    const collected = this.collector.response();
    // Another model may have gone on where the first one declined.
    const answer = { ...collected, model: observer.seen.model ?? collected.model };
    for (const [block, part] of answer.parts.entries())
      if (part.type === 'text') observer.show({ type: 'text-delta', block, text: part.text });
    return { text: null, answer };
  }
}

/** Watchers see the answer only when it is whole: until then it may fail, and another target may be asked for all of it. */
function hiddenUntilWhole(observer: Observer): Observer {
  return {
    seen: observer.seen,
    wantsText: () => false,
    see: (event) => observer.note(event),
    show: (event) => observer.show(event),
    note: (event) => observer.note(event),
    noteMalformed: () => observer.noteMalformed(),
  };
}
