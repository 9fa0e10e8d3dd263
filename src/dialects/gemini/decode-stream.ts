// The provider's event stream as neutral events. There is no closing event: the answer is whole at EOF, once a
// `finishReason` came; events may follow it, so it waits.
import type { StreamEvent } from '../../model/events.ts';
import { isObject } from '../../model/json.ts';
import { MalformedEvent, type StreamDecoder } from '../dialect.ts';
import { createChunkDecoder } from './decode-chunk.ts';

export function createStreamDecoder(emit: (event: StreamEvent) => void): StreamDecoder {
  const chunks = createChunkDecoder(emit);
  return {
    decode({ data }, body) {
      if (chunks.ended() || data === '[DONE]') return;
      const value = body ?? parse(data);
      // Errors come wrapped in an array at times.
      for (const chunk of Array.isArray(value) ? value : [value]) {
        if (!isObject(chunk)) throw new MalformedEvent('the chunk is not an object');
        chunks.read(chunk);
      }
    },
    end: chunks.end,
  };
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new MalformedEvent(`not JSON: ${data.slice(0, 80)}`);
  }
}
