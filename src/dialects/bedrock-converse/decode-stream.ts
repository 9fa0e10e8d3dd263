// The events of a stream → neutral events. `messageStop` says why it ended, `metadata` behind it what it cost.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html
import { GatewayError } from '../../model/errors.ts';
import type { EventSink, StreamEvent } from '../../model/events.ts';
import type { Finish } from '../../model/finish.ts';
import {
  asNumber,
  asObject,
  isObject,
  type JsonObject,
  type JsonValue,
  parseObject,
} from '../../model/json.ts';
import { EXCEPTION, parseException } from '../aws/exceptions.ts';
import { MalformedEvent, malformedData, type StreamDecoder } from '../dialect.ts';
import { createBlockDecoder } from './decode-blocks.ts';
import { readFinish, readUsage } from './read-answer.ts';
import { ID } from './wire.ts';

function objectIn(value: JsonValue | undefined, name: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw new MalformedEvent(`${name} is not an object`);
}

export function createStreamDecoder(sink: EventSink): StreamDecoder {
  const blocks = createBlockDecoder(sink);
  let ended = false;
  let finish: Finish | undefined;
  let costKnown = false;

  function end(event: StreamEvent): void {
    ended = true;
    sink.push(event);
  }

  function stop(stopped: JsonObject): void {
    blocks.closeAll();
    try {
      finish = readFinish(stopped);
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      end({ type: 'error', error: thrown });
      return;
    }
    if (costKnown) end({ type: 'finish', finish });
  }

  function readMetadata({ usage, trace }: JsonObject): void {
    costKnown = true;
    const told = asObject(trace);
    if (told !== undefined) sink.push({ type: 'extension', dialect: ID, name: 'trace', value: told });
    sink.push({ type: 'usage', usage: readUsage(asObject(usage) ?? {}) });
    if (finish !== undefined) end({ type: 'finish', finish });
  }

  return {
    decode({ event, data }) {
      if (ended) return;
      if (event.startsWith(EXCEPTION)) {
        end({ type: 'error', error: parseException(event, data) });
        return;
      }
      const fields = parseObject(data);
      if (fields === undefined) throw malformedData(`${event} is no JSON object`, data);
      const index = asNumber(fields.contentBlockIndex) ?? 0;
      switch (event) {
        case 'messageStart':
          sink.push({ type: 'start', id: null, model: null });
          return;
        case 'contentBlockStart':
          blocks.start(index, objectIn(fields.start, 'start'));
          return;
        case 'contentBlockDelta':
          blocks.delta(index, objectIn(fields.delta, 'delta'));
          return;
        case 'contentBlockStop':
          blocks.close(index);
          return;
        case 'messageStop':
          stop(fields);
          return;
        case 'metadata':
          readMetadata(fields);
      }
    },
    /** Only the cost is missing where the reason to stop was told. */
    end() {
      if (!ended && finish !== undefined) end({ type: 'finish', finish });
    },
  };
}
