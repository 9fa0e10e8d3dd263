// Redacts an answer as it streams. Only text that could still be part of a match waits, at most until its block ends
// (`redact-held-text.ts`). The result does not depend on how the text is divided into pieces.
import type { StreamEvent } from '../model/events.ts';
import { isObject } from '../model/json/json.ts';
import { sealsText } from '../model/opaque-token.ts';
import type { Program } from './pattern/program.ts';
import type { Replacement } from './pattern/replace.ts';
import { type ArgumentsRedactor, createArgumentsRedactor, createTextRedactor } from './redact-arguments.ts';
import { redactCitation } from './redact-citation.ts';
import { createHeldText, type TextDelta } from './redact-held-text.ts';
import { redactValue } from './redact-json.ts';
import { type AnswerContext, type AnswerStep, eachEvent } from './transformer.ts';

export interface Redaction {
  program: Program;
  window: number;
  replacement: string;
  /** Also redacts tool call arguments, and the results of tools that ran at the provider. */
  tools: boolean;
  /** Replaces the matches in a complete text. */
  replace(text: string): Replacement;
}

/** OpenAI Chat's field for log probabilities that belong to no text, and the name under which they are reported. */
const LOG_PROBABILITIES = 'logprobs';
/** What a model of OpenAI Responses thought word for word, beside the summary. */
const RAW_REASONING = 'reasoning.content';

export function createAnswerRedaction(redaction: Redaction, context: AnswerContext): AnswerStep {
  const { program, window, replacement, tools, replace } = redaction;
  let emit: (event: StreamEvent) => void = () => {};
  /** Whether text of the open reasoning block was changed, so that its signature no longer fits. */
  let sealBroken = false;
  let call: ArgumentsRedactor | undefined;
  const noteMatch = () => context.lost('text (redacted)');
  const held = createHeldText({
    program,
    window,
    replacement,
    emit: (event) => emit(event),
    onMatch: noteMatch,
    onReplaced(event) {
      sealBroken ||= event.type === 'reasoning-delta';
    },
  });

  function clean(text: string): string {
    const { text: result, matches } = replace(text);
    if (matches > 0) noteMatch();
    return result;
  }

  function cleaned(event: Extract<StreamEvent, { type: 'extension' }>): StreamEvent {
    const value = redactValue(event.value, clean).result;
    return isObject(value) ? { ...event, value } : event;
  }

  /** Log probabilities would spell out the original text token by token. */
  function withoutLogprobs(event: TextDelta): TextDelta {
    if (!('logprobs' in event)) return event;
    context.lost(LOG_PROBABILITIES);
    const { logprobs: _, ...plain } = event;
    return plain;
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

  /** What its dialect knows of a call that the provider ran repeats the arguments. */
  function withCleanFields(event: Extract<StreamEvent, { type: 'tool-start' }>): StreamEvent {
    const { kind, id, extension } = event;
    if (!tools || kind !== 'server' || extension === undefined) return event;
    const { changed, result } = redactValue(extension.fields, clean, id);
    return changed && isObject(result) ? { ...event, extension: { ...extension, fields: result } } : event;
  }

  function take(event: StreamEvent): void {
    switch (event.type) {
      case 'text-delta':
      case 'refusal-delta':
      case 'reasoning-delta':
        held.addText(withoutLogprobs(event));
        return;
      case 'citation':
        held.addBetween({ ...event, citation: redactCitation(event.citation, clean) });
        return;
      case 'extension':
        if (event.name === LOG_PROBABILITIES) context.lost(event.name);
        else held.addBetween(event.name === RAW_REASONING ? cleaned(event) : event);
        return;
      case 'usage':
        // The event has no place in the text.
        emit(event);
        return;
      case 'reasoning-start':
        sealBroken = false;
        emit(event);
        return;
      case 'reasoning-signature':
        held.finish();
        if (sealBroken && sealsText(event.signature)) context.lost('reasoning signature');
        else emit(event);
        return;
      case 'tool-start':
        startCall(event);
        emit(withCleanFields(event));
        return;
      case 'tool-delta':
        if (call === undefined) emit(event);
        else call.feed(event.arguments);
        return;
      case 'server-tool-result': {
        if (!tools) break;
        const { value, callId, output } = event.part;
        const { changed, result } = redactValue(value, clean, callId);
        const part = { ...event.part, ...(changed && isObject(result) && { value: result }) };
        if (output !== undefined) part.output = { ...output, text: clean(output.text) };
        emit({ ...event, part });
        return;
      }
      default:
    }
    held.finish();
    call?.flush();
    emit(event);
  }

  return eachEvent((event, push) => {
    emit = push;
    take(event);
  });
}
