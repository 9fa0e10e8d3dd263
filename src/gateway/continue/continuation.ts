// Continues a streamed answer that broke off within the same message, with the next target (docs/adr/0009).
import type { StreamEncoder } from '../../dialects/dialect.ts';
import { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import { sameTarget, type Target } from '../../routing/targets.ts';
import type { SseEvent } from '../../sse/event.ts';
import type { Exchange } from '../attempts/try-context.ts';
import { noteFailure } from '../attempts/fallback.ts';
import type { Observation } from '../record/observer.ts';
import type { Plan } from '../attempts/plan.ts';
import type { Follower, Pump } from '../pumps/pump.ts';
import { BreakablePump } from '../pumps/wrapped-pump.ts';
import { nextOf, type Relay } from '../pumps/relay.ts';
import { Sequencer } from '../pumps/sequence.ts';
import { createByteRenderer } from '../pumps/translate.ts';
import { openNext, type Part, type Render } from './next-part.ts';
import { isPlainQuestion, repeatedTurn } from './request.ts';
import { createTranscript } from './transcript.ts';

/** Follows the attempt that serves first, and takes over if it breaks off. */
export interface Continuation {
  /** For a passthrough. */
  follower: Follower;
  watched(pump: Pump<Uint8Array>): Pump<Uint8Array>;
  render: Render;
  relay(first: Relay<Uint8Array>): Relay<Uint8Array>;
}

interface Beginning {
  plan: Plan;
  seen: Observation;
  /** Renders the events of a translation. */
  render: Render;
  /** Creates an encoder of the client's dialect. */
  createEncoder(): StreamEncoder;
}

/** Undefined where no target could continue any answer. */
export function createContinuation(exchange: Exchange, beginning: Beginning): Continuation | undefined {
  const { host, record, route, question, client } = exchange;
  const { plan: firstPlan, seen: firstSeen } = beginning;
  const { target, losses, transformers } = firstPlan;
  const first: Part = { target, seen: firstSeen, losses, transformers, rest: after(target) };
  if (first.rest.length === 0 || !isPlainQuestion(question)) return undefined;
  let part = first;
  let over = false;
  const turn = repeatedTurn(firstPlan, question);
  const transcript = createTranscript(() => part.seen.malformedEvents > 0, turn);
  const sequencer = new Sequencer({
    see: (event) => transcript.note(event),
    kept(units) {
      firstSeen.keptUnits += units;
    },
  });
  const passes = firstPlan.passesAnswer && firstPlan.answerSteps.length === 0;
  const encoder = passes ? beginning.createEncoder() : undefined;
  let last: SseEvent | undefined;
  let encode: Render | undefined = encoder === undefined ? beginning.render : undefined;

  function after(served: Target): readonly Target[] {
    const { targets } = route;
    return targets.slice(targets.findIndex((target) => sameTarget(target, served)) + 1);
  }

  /** Whether another target is to continue `of`; then the error is kept from the client. */
  function keeps(of: Part, error: GatewayError): boolean {
    if (of.broken !== undefined) return true;
    if (of.seen.firstContentAt === null || of.rest.length === 0) return false;
    if (error.rule.blame !== 'provider' || transcript.obstacle() !== undefined) return false;
    // Where a transformer makes text of thinking, half a thought would become part of the answer.
    if (of === first && of.seen.isThinking) return false;
    of.broken = error;
    return true;
  }

  function renderFirst(events: readonly StreamEvent[]): Uint8Array | undefined {
    const shown: StreamEvent[] = [];
    for (const event of events) {
      if (event.type === 'error' && keeps(first, event.error)) break;
      transcript.note(event);
      shown.push(event);
    }
    return shown.length === 0 ? undefined : beginning.render(shown);
  }

  /** Continues encoding from what the client has, even if that came without an encoder. */
  function encodeOn(events: readonly StreamEvent[]): Uint8Array | undefined {
    if (encode === undefined && encoder !== undefined) {
      for (const event of transcript.replay()) encoder.encode(event);
      if (last !== undefined) encoder.follow?.(last);
      encode = createByteRenderer(() => encoder);
    }
    return encode?.(events);
  }

  /** Notes that the serving part has broken off: its attempt failed, and what it reported so far may be billed. */
  function settle(broken: Part, error: GatewayError, outcome: GatewayError | 'abandoned'): void {
    const attempt = record.attempts.find((each) => each.error === null);
    if (attempt !== undefined) {
      noteFailure(attempt, broken, error, record);
      attempt.durationMs = host.monotonic() - record.startedAt - (attempt.startedMs ?? 0);
    }
    record.lease?.end(outcome);
  }

  async function goOn(broken: Part, error: GatewayError): Promise<Relay<Uint8Array> | undefined> {
    settle(broken, error, error);
    // Before the transcript grows: a fresh encoder has to replay exactly what the client has so far.
    encodeOn([]);
    const earlier = [...record.parts, broken.seen];
    // Until another target continues, none serves: if the client leaves meanwhile, the row has the earlier parts.
    Object.assign(record, { seen: null, parts: earlier, serving: false });
    try {
      const opened = await openNext(exchange, {
        broken,
        error,
        earlier,
        transcript,
        turn,
        encode: encodeOn,
        keeps,
        after,
      });
      record.serving = true;
      part = opened.part;
      return opened.relay;
    } catch {
      if (client.aborted) throw client.reason;
      record.parts = earlier.slice(0, -1);
      return undefined;
    }
  }

  /** No target continues: the client gets one error, and the row describes the part that broke off. */
  function fail(broken: Part, error: GatewayError): Uint8Array | undefined {
    over = true;
    const { target: served, seen, losses, transformers } = broken;
    Object.assign(record, { target: served, seen, losses, transformers, serving: true });
    return encodeOn([{ type: 'error', error }]);
  }

  return {
    watched: (pump) => new BreakablePump(pump, () => first.broken !== undefined),
    render: renderFirst,
    follower: {
      see: (event) => sequencer.push(event),
      passed(event) {
        last = event;
        encoder?.follow?.(event);
      },
      keeps: (error) => keeps(first, error),
    },
    relay(opened) {
      let current = opened;
      async function advance(): Promise<Uint8Array | undefined> {
        while (!over) {
          // Read even from a broken part, since what arrived together with the failure may still wait.
          const out = await nextOf(current);
          if (out !== undefined || part.broken === undefined) return out;
          current.cancel();
          const { broken, before } = part;
          if (part.isOther && before !== undefined) {
            const why = `cancelled: its answer does not repeat what the client has of ${before.target.provider.name}'s`;
            settle(part, new GatewayError('cancelled', why), 'abandoned');
            record.parts = record.parts.slice(0, -1);
            return fail(before, broken);
          }
          const relay = await goOn(part, broken);
          if (relay === undefined) return fail(part, broken);
          current = relay;
        }
        return undefined;
      }
      return {
        ready: () => Promise.resolve(),
        cancel: () => current.cancel(),
        encodeFailure: (error) => encodeOn([{ type: 'error', error }]),
        next(taker) {
          advance().then(
            (out) => taker.take(out),
            (thrown) => taker.take(undefined, thrown),
          );
        },
      };
    },
  };
}
