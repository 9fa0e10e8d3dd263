// Text of a streamed answer that could still be part of a match: it waits, with the events after it, until that is decided.
import { GatewayError } from '../model/errors.ts';
import type { StreamEvent } from '../model/events.ts';
import type { Program } from './pattern/program.ts';
import { createScanner, type Decision } from './pattern/scanner.ts';

export type TextDelta = Extract<StreamEvent, { type: 'text-delta' | 'refusal-delta' | 'reasoning-delta' }>;

interface HeldTextOptions {
  program: Program;
  window: number;
  /** The text that is put in place of a match. */
  replacement: string;
  emit(event: StreamEvent): void;
  /** Called when a match was replaced. */
  onMatch(): void;
  /** Called when the text of this event is no longer the provider's. */
  onReplaced(event: TextDelta): void;
}

interface HeldText {
  /** Adds text that continues the text before it. */
  addText(event: TextDelta): void;
  /** Adds an event between two pieces of text, where it stays. Throws GatewayError `upstream_malformed` when too many wait. */
  addBetween(event: StreamEvent): void;
  /** Decides all text that waits, since the text after it is a different one. */
  finish(): void;
}

/** The most events that may wait between pieces of text; only a provider that sends them without end sends more. */
const MOST_BETWEEN = 10_000;

/** A waiting event, with its offset if it is text. */
interface Waiting {
  event: StreamEvent;
  begin: number;
  length: number;
}

export function createHeldText(options: HeldTextOptions): HeldText {
  const { program, window, replacement, emit, onMatch, onReplaced } = options;
  const queue: Waiting[] = [];
  /** The number of these that are not text. */
  let between = 0;
  /** How much text was received, and how much was passed on. */
  let received = 0;
  let passedOn = 0;
  /** Text up to here is to be kept; it is passed on in as few pieces as possible. */
  let kept = 0;
  const scanner = createScanner(program, window, decide);

  function decide(end: number, decision: Decision): void {
    if (decision === 'keep') {
      kept = end;
      return;
    }
    passOnKept();
    passOn(end, decision);
    kept = end;
  }

  function passOnKept(): void {
    if (kept > passedOn) passOn(kept, 'keep');
  }

  /** Passes on the text that waits up to `end`, as decided, and the events after it. */
  function passOn(end: number, decision: Decision): void {
    let replacing = decision === 'match';
    if (replacing) onMatch();
    for (let item = queue[0]; item !== undefined; item = queue[0]) {
      const { event, begin, length } = item;
      if (!isText(event)) {
        queue.shift();
        between--;
        emit(event);
        continue;
      }
      const upTo = Math.min(end, begin + length);
      if (upTo > passedOn) {
        if (decision === 'keep') emit(slice(event, passedOn - begin, upTo - begin));
        else {
          if (replacing) emit({ ...event, text: replacement });
          replacing = false;
          onReplaced(event);
        }
        passedOn = upTo;
      }
      if (passedOn < begin + length) return;
      queue.shift();
    }
  }

  return {
    addText(event) {
      const { length } = event.text;
      if (length === 0) return;
      queue.push({ event, begin: received, length });
      received += length;
      scanner.feed(event.text);
      passOnKept();
    },
    addBetween(event) {
      if (queue.length === 0) {
        emit(event);
        return;
      }
      if (between === MOST_BETWEEN) throw tooManyBetween();
      between++;
      queue.push({ event, begin: received, length: 0 });
    },
    finish() {
      if (queue.length === 0) return;
      scanner.flush();
      passOnKept();
      passOn(received, 'keep');
    },
  };
}

function tooManyBetween(): GatewayError {
  const problem = `the provider sent more than ${MOST_BETWEEN} citations within a text that may have to be redacted`;
  return new GatewayError('upstream_malformed', problem);
}

function isText(event: StreamEvent): event is TextDelta {
  return event.type === 'text-delta' || event.type === 'refusal-delta' || event.type === 'reasoning-delta';
}

function slice(event: TextDelta, from: number, to: number): TextDelta {
  return to - from === event.text.length ? event : { ...event, text: event.text.slice(from, to) };
}
