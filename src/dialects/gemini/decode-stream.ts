// The provider's event stream as neutral events. There is no closing event: the answer is complete at EOF if a `finishReason` came. Usage,
// sources and even text may follow the reason (older models state one in each event), so it is held back.
import type { EventSink } from '../../model/events.ts';
import { readJson } from '../../model/json/exact-numbers.ts';
import { isObject, type JsonObject } from '../../model/json/json.ts';
import type { SseEvent } from '../../sse/event.ts';
import { MalformedEvent, malformedData, type StreamDecoder } from '../dialect.ts';
import type { Quirks } from '../quirks.ts';
import { ChunkDecoder } from './decode-chunk.ts';

export function createStreamDecoder(sink: EventSink, _quirks?: Quirks, alternatives?: number): StreamDecoder {
  return new ChunksDecoder(sink, alternatives);
}

class ChunksDecoder extends ChunkDecoder implements StreamDecoder {
  decode({ data }: SseEvent, body?: JsonObject): void {
    if (this.ended() || data === '[DONE]') return;
    const value = body ?? parse(data);
    // Errors are sometimes wrapped in an array.
    for (const chunk of Array.isArray(value) ? value : [value]) {
      if (!isObject(chunk)) throw new MalformedEvent('the chunk is not an object');
      this.read(chunk);
    }
  }
}

function parse(data: string): unknown {
  try {
    return readJson(data);
  } catch {
    throw malformedData('not JSON', data);
  }
}
