// A try whose answer goes through transformers: the provider's events, transformed, in the form that the client reads.
import type { CreateFraming } from '../../dialects/dialect.ts';
import { toGatewayError } from '../../model/errors.ts';
import { isContent, type StreamEvent } from '../../model/events.ts';
import type { OpenStream } from '../attempts/attempt.ts';
import type { AttemptContext } from '../attempts/send.ts';
import { describeLoss } from '../record/describe-row.ts';
import { createObserver, noteAnswerLoss, type Observer, UNWATCHED } from '../record/observer.ts';
import { keptTooMuch, type Pump } from '../pumps/pump.ts';
import { readingOf } from '../pumps/reading.ts';
import { redactError } from '../../model/redact/redact-error.ts';
import { nextOf, type Relay } from '../pumps/relay.ts';
import { type AnswerChain, createAnswerChain, isAccounting } from './answer.ts';
import { TranslatePump } from '../pumps/translate.ts';

type Events = readonly StreamEvent[];
type Open = (
  context: AttemptContext,
  createPump: (createFraming: CreateFraming) => Pump<Events>,
  render: (events: Events) => Events,
) => Promise<OpenStream<Events>>;

const asTheyAre = (events: Events): Events => events;

/** Opens a stream and waits until the first content that the transformers let through. */
export async function openTransformed<Out>(
  context: AttemptContext,
  open: Open,
  render: (events: Events) => Out | undefined,
): Promise<OpenStream<Out>> {
  const { host, observer } = context;
  const chain = chainOf(context);
  const upstream = { ...context, observer: watchUpstream(observer, host.monotonic) };
  const pump = (createFraming: CreateFraming) =>
    new TranslatePump<Events>({ ...readingOf(upstream), createFraming, render: asTheyAre });
  try {
    const opened = await open(upstream, pump, asTheyAre);
    noteRewritten(context);
    const relay = transformRelay(opened.relay, chain, context, render);
    await relay.ready();
    return { ...opened, relay };
  } catch (thrown) {
    chain.close();
    throw thrown;
  }
}

/** Notes that the provider's own bytes, which would have passed, were rewritten: what only those bytes express is lost. */
export function noteRewritten({ plan, observer }: AttemptContext): void {
  if (!plan.passesAnswer) return;
  noteAnswerLoss(observer.seen, describeLoss({ feature: 'answer', how: 'rewritten after transformers' }));
}

export function chainOf({ plan, observer }: AttemptContext): AnswerChain {
  const { provider, model } = plan.target;
  const lost = (feature: string) => noteAnswerLoss(observer.seen, feature);
  return createAnswerChain(plan.answerSteps, { provider: provider.name, model, lost });
}

/**
 * An observer of the provider's own events: usage, model and timing are the provider's, whatever becomes of its
 * answer. Watchers do not see its text.
 */
export function watchUpstream(client: Observer, monotonic: () => number): Observer {
  const own = createObserver(monotonic, UNWATCHED, client.seen.timing);
  const see = (event: StreamEvent) => {
    own.see(event);
    client.seen.isThinking = own.seen.isThinking;
    // The client's observer takes these from the provider itself.
    if (isAccounting(event)) client.show(event);
  };
  return {
    seen: own.seen,
    wantsText: () => false,
    show: (event) => own.show(event),
    noteMalformed() {
      own.noteMalformed();
      client.noteMalformed();
    },
    see,
    note: see,
  };
}

function transformRelay<Out>(
  inner: Relay<Events>,
  chain: AnswerChain,
  { plan, observer, redact, maxEvent, beginning }: AttemptContext,
  render: (events: Events) => Out | undefined,
): Relay<Out> {
  const joined = beginning === undefined ? asTheyAre : joinTo(beginning);
  const provider = plan.target.provider.name;
  const held: Out[] = [];
  let over = false;

  function stop(): void {
    over = true;
    chain.close();
    inner.cancel();
  }

  function show(events: Events): Out | undefined {
    for (const event of events) if (!isAccounting(event)) observer.show(event);
    return events.length === 0 ? undefined : render(events);
  }

  function failed(thrown: unknown): Out | undefined {
    stop();
    if (observer.seen.error !== null || observer.seen.finish !== null) return undefined;
    return show([{ type: 'error', error: redactError(toGatewayError(thrown), redact) }]);
  }

  async function read(): Promise<Out | undefined> {
    while (!over) {
      const events = await nextOf(inner);
      if (events === undefined) {
        stop();
        return undefined;
      }
      try {
        const tooMuch = keptTooMuch(provider, maxEvent, observer.seen);
        if (tooMuch !== undefined) throw tooMuch;
        const out = show(await chain.push(joined(events)));
        // An answer that a transformer ended early is not read further.
        if (chain.ended()) stop();
        if (out !== undefined) return out;
      } catch (thrown) {
        return failed(thrown);
      }
    }
    return undefined;
  }

  return {
    async ready() {
      const { seen } = observer;
      while (!over && seen.firstContentAt === null && seen.error === null) {
        const out = await read();
        if (out !== undefined) held.push(out);
      }
      if (seen.error !== null && seen.firstContentAt === null) {
        stop();
        throw seen.error;
      }
    },
    next(taker) {
      const ready = held.shift();
      if (ready !== undefined || over) taker.take(ready);
      else
        read().then(
          (out) => taker.take(out),
          (thrown) => taker.take(undefined, thrown),
        );
    },
    cancel: stop,
  };
}

/**
 * Puts the beginning of an answer before the first content of its rest: into its text, or as a block of its own if the rest does not begin
 * with text.
 */
function joinTo(beginning: string): (events: Events) => Events {
  let isJoined = false;
  let next = 0;
  let shift = 0;
  return (events) =>
    events.flatMap((event): StreamEvent[] => {
      const isBlock = 'block' in event;
      if (isJoined || !isRest(event)) {
        if (isBlock) next = Math.max(next, event.block + 1);
        return [isBlock && shift > 0 ? { ...event, block: event.block + shift } : event];
      }
      isJoined = true;
      if (event.type === 'text-delta') return [{ ...event, text: beginning + event.text }];
      shift = 1;
      return [
        { type: 'text-start', block: next },
        { type: 'text-delta', block: next, text: beginning },
        { type: 'text-end', block: next },
        isBlock ? { ...event, block: event.block + shift } : event,
      ];
    });
}

/** Thinking is not part of the answer that has begun. */
function isRest(event: StreamEvent): boolean {
  return isContent(event) && !event.type.startsWith('reasoning');
}
