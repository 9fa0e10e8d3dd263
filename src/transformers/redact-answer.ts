// Redacts an answer as it streams. Text that could still be part of a match waits, with the events behind it, at most
// until its block ends; nothing else waits. Where the pieces of a text end does not change the result.
import { GatewayError } from '../model/errors.ts';
import type { StreamEvent } from '../model/events.ts';
import { isObject } from '../model/json/json.ts';
import { sealsText } from '../model/opaque-token.ts';
import type { Program } from './pattern/program.ts';
import type { Replacement } from './pattern/replace.ts';
import { createScanner, type Decision } from './pattern/scanner.ts';
import { type ArgumentsRedactor, createArgumentsRedactor, createTextRedactor } from './redact-arguments.ts';
import { redactCitation } from './redact-citation.ts';
import { redactValue } from './redact-json.ts';
import { type AnswerContext, type AnswerStep, eachEvent } from './transformer.ts';

export interface Redaction {
  program: Program;
  window: number;
  replacement: string;
  /** Also redacts tool call arguments, and the results of tools that ran at the provider. */
  tools: boolean;
  /** For complete texts. */
  replace(text: string): Replacement;
}

/** OpenAI Chat's field for log probabilities that belong to no text, and the name under which they are reported. */
const LOG_PROBABILITIES = 'logprobs';

/** Events that wait between pieces of text: more come only from a provider that sends them without end. */
const MOST_BETWEEN = 10_000;

type TextDelta = Extract<StreamEvent, { type: 'text-delta' | 'refusal-delta' | 'reasoning-delta' }>;

/** A waiting event; text also with its offset. */
interface Waiting {
  event: StreamEvent;
  begin: number;
  length: number;
}

export function createAnswerRedaction(redaction: Redaction, context: AnswerContext): AnswerStep {
  const { program, window, replacement, tools, replace } = redaction;
  const queue: Waiting[] = [];
  /** Those of them that are no text. */
  let between = 0;
  let emit: (event: StreamEvent) => void = () => {};
  /** Lengths of all text so far: received, and passed on. */
  let came = 0;
  let settled = 0;
  /** The open reasoning block is no longer what its signature seals. */
  let sealBroken = false;
  let call: ArgumentsRedactor | undefined;
  /** Up to here text is decided to stay; it is passed on in as few pieces as possible. */
  let kept = 0;
  const scanner = createScanner(program, window, decide);

  const noteMatch = () => context.lost('text (redacted)');

  function clean(text: string): string {
    const { text: result, matches } = replace(text);
    if (matches > 0) noteMatch();
    return result;
  }

  function decide(end: number, decision: Decision): void {
    if (decision === 'keep') {
      kept = end;
      return;
    }
    giveKept();
    give(end, decision);
    kept = end;
  }

  function giveKept(): void {
    if (kept > settled) give(kept, 'keep');
  }

  /** Passes on what waits up to `end`, as decided, and the events behind it. */
  function give(end: number, decision: Decision): void {
    let replacing = decision === 'match';
    if (replacing) noteMatch();
    for (let item = queue[0]; item !== undefined; item = queue[0]) {
      const { event, begin, length } = item;
      if (!isText(event)) {
        queue.shift();
        between--;
        emit(event);
        continue;
      }
      const upTo = Math.min(end, begin + length);
      if (upTo > settled) {
        if (decision === 'keep') emit(slice(event, settled - begin, upTo - begin));
        else {
          if (replacing) emit({ ...event, text: replacement });
          replacing = false;
          sealBroken ||= event.type === 'reasoning-delta';
        }
        settled = upTo;
      }
      if (settled < begin + length) return;
      queue.shift();
    }
  }

  /** Decides all waiting text: what follows is another text. */
  function finishText(): void {
    if (queue.length === 0) return;
    scanner.flush();
    giveKept();
    give(came, 'keep');
  }

  /** Log probabilities would spell out the original text token by token. */
  function withoutLogprobs(event: TextDelta): TextDelta {
    if (!('logprobs' in event)) return event;
    context.lost(LOG_PROBABILITIES);
    const { logprobs: _, ...plain } = event;
    return plain;
  }

  function takeText(delta: TextDelta): void {
    const event = withoutLogprobs(delta);
    const { length } = event.text;
    if (length === 0) return;
    queue.push({ event, begin: came, length });
    came += length;
    scanner.feed(event.text);
    giveKept();
  }

  function takeBetween(event: StreamEvent): void {
    if (queue.length === 0) {
      emit(event);
      return;
    }
    if (between === MOST_BETWEEN) throw tooManyBetween();
    between++;
    queue.push({ event, begin: came, length: 0 });
  }

  function startCall({ block, kind }: Extract<StreamEvent, { type: 'tool-start' }>): void {
    if (!tools) return;
    const create = kind === 'custom' ? createTextRedactor : createArgumentsRedactor;
    call = create(
      { program, window, replacement },
      (text) => emit({ type: 'tool-delta', block, arguments: text }),
      noteMatch,
    );
  }

  function take(event: StreamEvent): void {
    switch (event.type) {
      case 'text-delta':
      case 'refusal-delta':
      case 'reasoning-delta':
        takeText(event);
        return;
      case 'citation':
        takeBetween({ ...event, citation: redactCitation(event.citation, clean) });
        return;
      case 'extension':
        if (event.name === LOG_PROBABILITIES) context.lost(event.name);
        else takeBetween(event);
        return;
      case 'usage':
        // It has no place in the text.
        emit(event);
        return;
      case 'reasoning-start':
        sealBroken = false;
        emit(event);
        return;
      case 'reasoning-signature':
        finishText();
        if (sealBroken && sealsText(event.signature)) context.lost('reasoning signature');
        else emit(event);
        return;
      case 'tool-start':
        startCall(event);
        emit(event);
        return;
      case 'tool-delta':
        if (call === undefined) emit(event);
        else call.feed(event.arguments);
        return;
      case 'server-tool-result': {
        if (!tools) break;
        const { changed, result } = redactValue(event.part.value, clean);
        emit(changed && isObject(result) ? { ...event, part: { ...event.part, value: result } } : event);
        return;
      }
      default:
    }
    finishText();
    call?.flush();
    emit(event);
  }

  return eachEvent((event, push) => {
    emit = push;
    take(event);
  });
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
