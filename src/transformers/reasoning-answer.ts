// Thinking ⇄ tagged text in a stream of events.
import { type StreamEvent, TEXT_EVENTS } from '../model/events.ts';
import { createTagReader, type TagReader, type Tags } from './tagged-text.ts';
import { type AnswerContext, type AnswerStep, eachEvent } from './transformer.ts';

/** Thinking becomes text between the tags. */
export function createTagging(tags: Tags, context: AnswerContext): AnswerStep {
  /** Whether some text of the open thinking block has been sent. */
  let begun = false;
  return eachEvent((event, emit) => {
    switch (event.type) {
      case 'reasoning-start':
        begun = false;
        if (event.redacted !== undefined) context.lost('redacted_thinking');
        return;
      case 'reasoning-delta':
        if (event.text === '') return;
        if (!begun) {
          emit({ type: 'text-start', block: event.block });
          emit({ type: 'text-delta', block: event.block, text: tags.open });
        }
        begun = true;
        emit({ type: 'text-delta', block: event.block, text: event.text });
        return;
      case 'reasoning-signature':
        context.lost('reasoning signature');
        return;
      case 'reasoning-end':
        if (!begun) return;
        emit({ type: 'text-delta', block: event.block, text: tags.close });
        emit({ type: 'text-end', block: event.block });
        return;
      default:
        emit(event);
    }
  });
}

/** Tagged text at the beginning of a block becomes thinking. */
export function createUntagging(tags: Tags, opened: boolean, context: AnswerContext): AnswerStep {
  let emit: (event: StreamEvent) => void = () => {};
  let reader: TagReader | undefined;
  let block = 0;
  /** The kind of block that is open on the client's side. */
  let open: 'text' | 'reasoning' | undefined;
  /** Only the first block of an answer begins inside the tags. */
  let first = true;

  function show(kind: 'text' | 'reasoning' | undefined): void {
    if (open === kind) return;
    if (open !== undefined) emit({ type: TEXT_EVENTS[open].end, block });
    if (kind !== undefined) emit({ type: TEXT_EVENTS[kind].start, block });
    open = kind;
  }

  function take(text: string, inside: boolean): void {
    const kind = inside ? 'reasoning' : 'text';
    show(kind);
    emit({ type: TEXT_EVENTS[kind].delta, block, text });
  }

  function finish(): void {
    reader?.flush();
    reader = undefined;
    show(undefined);
  }

  return eachEvent((event, give) => {
    emit = give;
    switch (event.type) {
      case 'text-start':
        ({ block } = event);
        reader = createTagReader(tags, opened && first, take);
        first = false;
        return;
      case 'text-delta':
        // Tokens do not end where tags do, so their log probabilities cannot be divided.
        if (event.logprobs !== undefined) context.lost('logprobs');
        reader?.feed(event.text);
        return;
      case 'text-end':
        finish();
        return;
      case 'citation':
        show('text');
        emit(event);
        return;
      case 'finish':
        finish();
        emit(event);
        return;
      case 'error':
        // The block stays open: whoever continues the answer must see that it broke off inside it.
        reader?.flush();
        emit(event);
        return;
      default:
        emit(event);
    }
  });
}
