// Removes the client's own last turn from answers that repeat it, since clients of other dialects have it already.
import type { ProviderSide } from '../../dialects/dialect.ts';
import type { Part } from '../../model/content.ts';
import type { EventSink } from '../../model/events.ts';
import { createRepeatReader } from './prefix.ts';

/** The provider's side with answers that continue where `prefill` ends; an answer that does not begin with `prefill` stays as it is. */
export function withoutPrefill(side: ProviderSide, prefill: string): ProviderSide {
  return {
    ...side,
    parseResponse(body) {
      const response = side.parseResponse(body);
      return { ...response, parts: cutWhole(response.parts, prefill) };
    },
    createStreamDecoder: (sink, quirks) => side.createStreamDecoder(createCut(sink, prefill), quirks),
  };
}

function cutWhole(parts: readonly Part[], prefill: string): Part[] {
  const reader = createRepeatReader(prefill);
  const first = parts.find((part) => part.type === 'text');
  return parts.map((part) => {
    if (part !== first || part.type !== 'text') return part;
    const fresh = reader.read(part.text);
    if (fresh === undefined || !reader.complete()) return part;
    // Log probabilities do not say which tokens belong to the prefill.
    const { logprobs: _, ...plain } = part;
    return { ...plain, text: fresh };
  });
}

/** Holds the first text back as long as it repeats the prefill. */
function createCut(sink: EventSink, prefill: string): EventSink {
  const reader = createRepeatReader(prefill);
  let held = '';
  let done = false;
  let block = 0;
  const release = () => {
    done = true;
    if (held !== '' && !reader.complete()) sink.push({ type: 'text-delta', block, text: held });
    held = '';
  };
  return {
    push(event) {
      if (done) {
        sink.push(event);
        return;
      }
      switch (event.type) {
        case 'text-delta': {
          block = event.block;
          held += event.text;
          const fresh = reader.read(event.text);
          if (fresh === undefined) {
            release();
            return;
          }
          if (fresh !== '') {
            done = true;
            sink.push({ type: 'text-delta', block, text: fresh });
          }
          return;
        }
        case 'text-end':
        case 'finish':
        case 'error':
          release();
          break;
      }
      sink.push(event);
    },
  };
}
