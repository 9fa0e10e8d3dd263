// Takes an answer through the transformers of one try: each receives events in sequence order, and its output is put in order again before
// the next one, or an encoder, gets it.
import type { StreamEvent } from '../../model/events.ts';
import type { AnswerContext, AnswerStep, Transformer } from '../../transformers/transformer.ts';
import { Sequencer } from '../pumps/sequence.ts';
import { transformerFailed } from './request.ts';

type Events = readonly StreamEvent[];

export interface AnswerChain {
  /** What comes out for these events. Throws, or rejects with, the GatewayError of a step that failed. */
  push(events: Events): Events | Promise<Events>;
  /** Whether the terminal event has come out: then nothing more is needed from the provider. */
  ended(): boolean;
  close(): void;
}

/** A single step has the interface of a chain. */
type Stage = AnswerChain;

/** @param steps in the order in which they apply to answers. */
export function createAnswerChain(steps: readonly Transformer[], context: AnswerContext): AnswerChain {
  const stages: Stage[] = [];
  let closed = false;
  const close = () => {
    // A stream that breaks off is stopped from several sides, but each step is to be closed once.
    if (closed) return;
    closed = true;
    for (const stage of stages) stage.close();
  };
  for (const step of steps) {
    try {
      const answer = step.answer?.(context);
      if (answer !== undefined) stages.push(createStage(step.name, answer, context));
    } catch (thrown) {
      close();
      throw transformerFailed(step.name, context.provider, thrown);
    }
  }
  const last = stages.at(-1);

  function run(events: Events, from: number): Events | Promise<Events> {
    let flowing = events;
    for (let index = from; index < stages.length; index++) {
      if (flowing.length === 0) return flowing;
      const given = stages[index]?.push(flowing) ?? flowing;
      if (given instanceof Promise) return given.then((rest) => run(rest, index + 1));
      flowing = given;
    }
    return flowing;
  }

  return {
    push: (events) => run(events, 0),
    ended: () => last?.ended() ?? false,
    close,
  };
}

/** Events that tell which model answered and what was used. */
export function isAccounting(event: StreamEvent): boolean {
  return event.type === 'start' || event.type === 'usage';
}

function createStage(name: string, step: AnswerStep, { provider }: AnswerContext): Stage {
  let ordered: StreamEvent[] = [];
  const sequencer = new Sequencer({ see: (event) => void ordered.push(event) });

  /**
   * A step may end an answer early or change its finish; it can neither hide an ending nor invent one. Which model answered and what
   * was used remain as they came, whatever the step makes of those events.
   */
  function order(given: Events, came: Events): Events {
    const last = came.at(-1);
    const failed = last?.type === 'error';
    const stated = came.filter(isAccounting);
    const state = (event: StreamEvent | undefined) => event !== undefined && sequencer.push(event);
    if (stated[0]?.type === 'start') state(stated.shift());
    for (const event of given) {
      if (event.type === 'error' || (failed && event.type === 'finish')) continue;
      if (event.type === 'finish') for (const rest of stated.splice(0)) state(rest);
      if (!isAccounting(event)) sequencer.push(event);
      else if (event.type === 'usage') state(stated.shift());
    }
    for (const rest of stated) state(rest);
    if (failed || last?.type === 'finish') sequencer.push(last);
    const events = ordered;
    ordered = [];
    return events;
  }

  return {
    ended: () => sequencer.ended(),
    close: () => step.close?.(),
    push(events) {
      if (sequencer.ended()) return [];
      try {
        const given = step.push(events);
        if (!(given instanceof Promise)) return order(given, events);
        return given.then(
          (later) => order(later, events),
          (thrown) => {
            throw transformerFailed(name, provider, thrown);
          },
        );
      } catch (thrown) {
        throw transformerFailed(name, provider, thrown);
      }
    },
  };
}
