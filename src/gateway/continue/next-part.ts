// Asks the targets after the one that broke off for the rest of its answer, in the way that fallback asks for a whole one.
import type { TurnContinued } from '../../dialects/quirks.ts';
import type { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import type { Loss } from '../../model/request.ts';
import { addUsage, NO_USAGE } from '../../model/usage.ts';
import type { Target } from '../../routing/targets.ts';
import { openStream } from '../attempts/attempt.ts';
import { tryContextOf, type Exchange, planTry } from '../attempts/try-context.ts';
import { firstAnswer, type Try } from '../attempts/fallback.ts';
import { UNWATCHED, noteAnswerLoss, type Observation } from '../record/observer.ts';
import type { Question } from '../attempts/plan.ts';
import { sideOf } from '../attempts/spoken-dialect.ts';
import type { Relay } from '../pumps/relay.ts';
import { readingOf } from '../pumps/reading.ts';
import { TranslatePump } from '../pumps/translate.ts';
import { BreakablePump } from '../pumps/wrapped-pump.ts';
import {
  createRepeatReader,
  createSequelReader,
  createTurnReader,
  type PrefixReader,
} from '../pumps/prefix.ts';
import { withTurn } from './request.ts';
import { createSplice } from './splice.ts';
import type { Transcript } from './transcript.ts';

export type Render = (events: readonly StreamEvent[]) => Uint8Array | undefined;

/** One target's part of the answer. */
export interface Part {
  target: Target;
  seen: Observation;
  losses: readonly Loss[];
  transformers: readonly string[];
  /** The targets that may continue after it. */
  rest: readonly Target[];
  /** Why it broke off, if the client was not told. */
  broken?: GatewayError;
  /** Set if its answer does not repeat what the client has, and so is a different answer. */
  isOther?: true;
  /** The part that this one continues. */
  before?: Part;
}

export interface Break {
  broken: Part;
  error: GatewayError;
  /** Observations of all parts so far, the broken one included. */
  earlier: readonly Observation[];
  transcript: Transcript;
  /** The client's own turn, where the first provider repeated it to the client. */
  turn: string | undefined;
  /** Renders events that follow those that the client has. */
  encode: Render;
  /** Whether yet another target is to continue if this part breaks off. */
  keeps(part: Part, error: GatewayError): boolean;
  /** The targets that may continue after this one. */
  after(target: Target): readonly Target[];
}

export interface NextPart {
  part: Part;
  relay: Relay<Uint8Array>;
}

/** Rejects if none of them answers. */
export function openNext(exchange: Exchange, { broken, ...about }: Break): Promise<NextPart> {
  const { question, dialect } = exchange;
  const text = about.transcript.text();
  // Some providers refuse white space at the end of a turn.
  const begun = text.trimEnd();
  let continued: 'prefilled' | 'repeated';
  return firstAnswer<NextPart>({
    // Without a deadline: the client's applies to the beginning of the answer, which it already has.
    context: { ...tryContextOf(exchange), deadlineMs: Number.POSITIVE_INFINITY, targets: broken.rest },
    begun: ({ attempt }) => {
      attempt.continued = continued;
    },
    plan(target, key) {
      const { model, provider } = target;
      const { quirks, baseUrl } = provider;
      const side = sideOf(target, question.incoming?.asks ?? dialect);
      const goesOn = side.continuesTurn?.(question.neutral(), { model, quirks, baseUrl });
      continued = goesOn !== undefined && begun !== '' ? 'prefilled' : 'repeated';
      const asked = continued === 'prefilled' ? begunBy(question, begun) : question;
      // Watchers do not see repeated text; they see what is new when it is sent.
      const context = planTry({ ...exchange, question: asked }, target, key, UNWATCHED);
      const { plan } = context;
      const { seen } = context.observer;
      const { losses, transformers } = plan;
      const rest = about.after(target);
      const part: Part = { target, seen, losses, transformers, rest, before: broken };
      // Transformers need the beginning too, to find what spans the joint, which the client then does not get unchanged.
      const beginning =
        continued === 'prefilled' && goesOn === 'rest' && plan.answerSteps.length > 0 ? begun : undefined;
      const reader =
        continued === 'prefilled' && beginning === undefined
          ? readerOf(goesOn, text)
          : anewReader(continued === 'prefilled' ? undefined : about.turn, text);
      const render = createJoint(exchange, part, about, reader);
      const run: Try<NextPart>['run'] = async (answered, signal) => {
        const { relay } = await openStream(
          { ...context, signal, answered, beginning },
          (createFraming) =>
            new BreakablePump(
              new TranslatePump({ ...readingOf(context), createFraming, render }),
              () => part.broken !== undefined,
            ),
          render,
        );
        if (signal.aborted) throw signal.reason;
        return { relay, part };
      };
      return { target, key: plan.key, seen, run };
    },
  });
}

function readerOf(goesOn: TurnContinued | undefined, text: string): PrefixReader {
  return goesOn === 'rest' ? createSequelReader(text) : createRepeatReader(text);
}

function anewReader(turn: string | undefined, text: string): PrefixReader {
  return turn === undefined ? createRepeatReader(text) : createTurnReader(turn, text);
}

function begunBy(question: Question, begun: string): Question {
  return { ...question, isChanged: true, begun, neutral: () => withTurn(question.neutral(), begun) };
}

/** Renders the part's events to follow those that the client has. */
function createJoint(
  { record, client }: Exchange,
  part: Part,
  { transcript, encode, keeps, earlier, error }: Omit<Break, 'broken'>,
  reader: PrefixReader,
): Render {
  let out: StreamEvent[] = [];
  const splice = createSplice(
    transcript,
    reader,
    earlier.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE),
    (event) => {
      transcript.note(event);
      if (event.type === 'text-delta') record.live.text(event.text);
      out.push(event);
    },
    (feature) => noteAnswerLoss(part.seen, feature),
  );
  return (events) => {
    // The request ended before this part served: nothing more is read, and its failure is that of the whole answer.
    if (client.aborted && !record.serving) return undefined;
    for (const event of events) {
      if (part.broken !== undefined) break;
      if (event.type !== 'error') {
        if (splice.push(event)) continue;
        part.isOther = true;
        part.broken = error;
      } else if (part.seen.firstContentAt !== null && !keeps(part, event.error)) out.push(event);
    }
    const emitted = out;
    out = [];
    return emitted.length === 0 ? undefined : encode(emitted);
  };
}
