// The decoder's reasoning items: one block each, readable text from the summary or from the raw reasoning,
// the token from the finished item. An item that says nothing is no block.
import type { JsonObject } from '../../model/json.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import type { Blocks } from './decode-items.ts';
import { answerToken, parseAnswerReasoning, SUMMARY_SEPARATOR } from './reasoning.ts';

/** Which of the two tells the text: where a server sends both, the first that spoke is heard. */
type Source = 'summary' | 'content';

export interface ReasoningState {
  kind: 'reasoning';
  type: 'reasoning';
  ended: boolean;
  begin(item: JsonObject): void;
  delta(source: Source, index: number, text: string): void;
  /** Another item begins before this one is done: its token must not come behind that. */
  interrupt(): void;
  /** The whole text of a part: told where no delta was. */
  whole(source: Source, index: number, text: string): void;
  done(item: JsonObject): void;
  end(): void;
}

export function createReasoningState({ emit, next }: Blocks): ReasoningState {
  let block: number | undefined;
  let heard: { source: Source; index: number } | undefined;
  let signed = false;
  let begun: JsonObject = {};

  function open(): number {
    if (block === undefined) {
      block = next();
      emit({ type: 'reasoning-start', block });
    }
    return block;
  }

  function tell(source: Source, index: number, text: string): void {
    if (text === '' || (heard !== undefined && heard.source !== source)) return;
    const isNext = heard !== undefined && heard.index !== index && source === 'summary';
    heard = { source, index };
    emit({ type: 'reasoning-delta', block: open(), text: isNext ? SUMMARY_SEPARATOR + text : text });
  }

  function sign(signature: OpaqueToken): void {
    signed = true;
    emit({ type: 'reasoning-signature', block: open(), signature });
  }

  return {
    kind: 'reasoning',
    type: 'reasoning',
    ended: false,
    begin(item) {
      begun = item;
    },
    interrupt() {
      if (this.ended || signed || heard?.source !== 'content') return;
      const signature = answerToken({ id: begun.id }, true);
      if (signature !== undefined) sign(signature);
    },
    delta(source, index, text) {
      if (!this.ended) tell(source, index, text);
    },
    whole(source, index, text) {
      const wasHeard = heard !== undefined && (heard.source !== source || heard.index >= index);
      if (!this.ended && !wasHeard) tell(source, index, text);
    },
    done(item) {
      const part = parseAnswerReasoning(item);
      if (heard === undefined && part !== undefined && part.text !== '') {
        emit({ type: 'reasoning-delta', block: open(), text: part.text });
      }
      const signature = heard === undefined ? part?.signature : answerToken(item, heard.source === 'content');
      // What is encrypted must go back, however late it comes; an id was told before.
      if (signature !== undefined && (!signed || item.encrypted_content)) sign(signature);
      this.end();
    },
    end() {
      this.ended = true;
      if (block !== undefined) emit({ type: 'reasoning-end', block });
    },
  };
}
