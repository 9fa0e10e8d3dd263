// What a transformer is: a named step that changes requests on their way to a provider, answers on their way back, or both. It is given
// everything it needs, and keeps nothing between exchanges.
import type { StreamEvent } from '../model/events.ts';
import type { HeaderList } from '../model/header-list.ts';
import type { JsonObject, JsonValue } from '../model/json/json.ts';
import type { Loss, NeutralRequest } from '../model/request.ts';

export interface TransformContext {
  /** The provider's name in the configuration. */
  readonly provider: string;
  /** The provider's name for it. */
  readonly model: string;
}

export interface RequestContext extends TransformContext {
  /** Reports something that the step removes from the request: the audit row names it, and `x-sluice-lost` if it is lost. */
  lose(loss: Loss): void;
}

export interface AnswerContext extends TransformContext {
  /** Reports the name of something that the step removes from the answer; repeats are harmless. */
  lost(feature: string): void;
}

/** One answer's way through one transformer. Events come in sequence order, and those returned are put in order again. */
export interface AnswerStep {
  /** Returns what the client gets for these events at once. The last event of an answer is `finish` or `error`. */
  push(events: readonly StreamEvent[]): readonly StreamEvent[] | Promise<readonly StreamEvent[]>;
  /** Called when the answer is over, or no longer wanted. */
  close?(): void;
}

export interface Transformer {
  readonly name: string;
  /** As configured, for commands that print a configuration. */
  readonly options: object;
  /** Returns a changed copy. The given request stays unchanged, since another target may be asked with it. */
  readonly request?:
    | ((request: NeutralRequest, context: RequestContext) => NeutralRequest | Promise<NeutralRequest>)
    | undefined;
  /** Whether `request` may take long: it is then awaited only shortly before the provider is asked. */
  readonly slow?: boolean;
  readonly answer?: ((context: AnswerContext) => AnswerStep) | undefined;
  /** Changes the headers that go to the provider. */
  headers?(headers: HeaderList, context: RequestContext): void;
  /** Returns changes to the top level of the body that goes to the provider; undefined removes a field. */
  fields?(body: JsonObject, context: RequestContext): Record<string, JsonValue | undefined>;
  /** Values of its options that must not show in logs and rows. */
  readonly secrets?: readonly string[];
}

/** Makes a step from a function that handles one event at a time. */
export function eachEvent(
  take: (event: StreamEvent, emit: (event: StreamEvent) => void) => void,
): AnswerStep {
  return {
    push(events) {
      const given: StreamEvent[] = [];
      const emit = (event: StreamEvent) => void given.push(event);
      for (const event of events) take(event, emit);
      return given;
    },
  };
}
