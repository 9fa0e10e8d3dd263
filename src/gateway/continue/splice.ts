// Makes the events of a target that continues another's answer continue the client's stream: no second start, repeated text left out, block
// numbers continued, usage added up.
import { type StreamEvent, TEXT_EVENTS } from '../../model/events.ts';
import { addUsage, mergeUsage, NO_USAGE, type Usage } from '../../model/usage.ts';
import type { PrefixReader } from '../pumps/prefix.ts';
import type { Transcript } from './transcript.ts';

export interface Splice {
  /** Takes the next event, in sequence order; never an error. Returns false if the answer is a different one. */
  push(event: Exclude<StreamEvent, { type: 'error' }>): boolean;
}

/**
 * @param transcript what the client has; `emit` adds to it.
 * @param before usage of the earlier parts.
 * @param reportLoss called with what the client does not get.
 */
export function createSplice(
  transcript: Transcript,
  reader: PrefixReader,
  before: Usage,
  emit: (event: StreamEvent) => void,
  reportLoss: (feature: string) => void,
): Splice {
  let usage: Usage = NO_USAGE;
  /** The client's number for the current block. */
  let block: number | undefined;
  /** Whether there was thinking, which is not part of the answer: output of nothing else does not continue it. */
  let thought = false;
  let hasContent = false;

  function closeOpen(): void {
    const open = transcript.open();
    if (open !== undefined) emit({ type: TEXT_EVENTS[open.kind].end, block: open.block });
    block = undefined;
  }

  function text(added: string): boolean {
    const fresh = reader.read(added);
    if (fresh === undefined) return false;
    if (fresh === '') return true;
    if (block === undefined) {
      const open = transcript.open();
      // It is never open thinking, which would be an obstacle to continuing.
      if (open?.kind === 'text') block = open.block;
      else {
        block = transcript.nextBlock();
        emit({ type: 'text-start', block });
      }
    }
    emit({ type: 'text-delta', block, text: fresh });
    return true;
  }

  return {
    push(event) {
      switch (event.type) {
        case 'start':
        case 'text-start':
          return true;
        case 'text-delta':
          hasContent = true;
          // The client has the other target's half of this text.
          if (event.logprobs !== undefined) reportLoss('logprobs');
          return text(event.text);
        case 'text-end':
          // If the text only repeated, no block has begun.
          if (block !== undefined) closeOpen();
          return true;
        case 'reasoning-start':
          // It would follow the text before which it belongs.
          reportLoss('reasoning');
          thought = true;
          return true;
        case 'reasoning-delta':
        case 'reasoning-signature':
        case 'reasoning-end':
          return true;
        case 'usage':
          usage = mergeUsage(usage, event.usage);
          emit({ type: 'usage', usage: addUsage(before, usage) });
          return true;
        case 'finish':
          if (!reader.complete() || (thought && !hasContent)) return false;
          closeOpen();
          emit(event);
          return true;
        case 'citation':
          // Its offsets count from the start of a text whose first half came from another target.
          reportLoss('citations');
          return true;
        case 'extension':
          if (reader.complete()) emit(event);
          return true;
        default: {
          if (!reader.complete()) return false;
          hasContent = true;
          if (block === undefined) {
            closeOpen();
            block = transcript.nextBlock();
          }
          emit({ ...event, block });
          if (isLastOfBlock(event)) block = undefined;
          return true;
        }
      }
    },
  };
}

/** Media and results are blocks that consist of one event. */
function isLastOfBlock({ type }: StreamEvent): boolean {
  return type.endsWith('-end') || type === 'media' || type === 'server-tool-result';
}
