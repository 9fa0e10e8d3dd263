// The events of a stream → neutral events. `messageStop` says why the answer ended; `metadata` after it has the usage.
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
} from '../../model/json/json.ts';
import type { SseEvent } from '../../sse/event.ts';
import { EXCEPTION, parseException } from '../aws/exceptions.ts';
import { MalformedEvent, malformedData, type StreamDecoder } from '../dialect.ts';
import { isKeepAlive } from '../shared/keep-alive.ts';
import { BlockDecoder } from './decode-blocks.ts';
import { readEdits, readFinish, readUsage, tierOf, unreadOf } from './read-answer.ts';
import { ANTHROPIC, CONTEXT_MANAGEMENT, ID } from './wire.ts';

function objectIn(value: JsonValue | undefined, name: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw new MalformedEvent(`${name} is not an object`);
}

export function createStreamDecoder(sink: EventSink): StreamDecoder {
  return new ConverseDecoder(sink);
}

/** A class, so that a stream needs only a few objects while it lasts. */
class ConverseDecoder extends BlockDecoder implements StreamDecoder {
  private ended = false;
  private finish: Finish | undefined = undefined;
  /** Claude's own fields, from `messageStop`. */
  private ownFields: JsonValue | undefined = undefined;

  decode({ event, data }: SseEvent): void {
    if (this.ended) return;
    if (event.startsWith(EXCEPTION)) {
      this.endWith({ type: 'error', error: parseException(event, data) });
      return;
    }
    const fields = parseObject(data);
    if (fields === undefined) throw malformedData(`${event} is no JSON object`, data);
    const index = asNumber(fields.contentBlockIndex) ?? 0;
    switch (event) {
      case 'contentBlockDelta':
        this.delta(index, objectIn(fields.delta, 'delta'));
        return;
      case 'messageStart':
        this.sink.push({ type: 'start', id: null, model: null });
        return;
      case 'contentBlockStart':
        this.start(index, objectIn(fields.start, 'start'));
        return;
      case 'contentBlockStop':
        this.close(index);
        return;
      case 'messageStop':
        this.stop(fields);
        return;
      case 'metadata':
        this.readMetadata(fields);
        return;
      default:
        if (!isKeepAlive({ event, data })) this.report(event);
    }
  }

  /** If the stop reason has arrived, only the usage is missing. */
  end(): void {
    if (!this.ended && this.finish !== undefined) this.endWith({ type: 'finish', finish: this.finish });
  }

  private endWith(event: StreamEvent): void {
    this.ended = true;
    this.sink.push(event);
  }

  private stop(stopped: JsonObject): void {
    this.closeAll();
    for (const name of unreadOf(stopped)) this.report(name);
    this.ownFields = stopped.additionalModelResponseFields;
    const edits = readEdits(stopped);
    if (edits !== undefined)
      this.sink.push({ type: 'extension', dialect: ANTHROPIC, name: CONTEXT_MANAGEMENT, value: edits });
    try {
      this.finish = readFinish(stopped, this.called);
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      this.endWith({ type: 'error', error: thrown });
      return;
    }
  }

  private readMetadata({ trace, ...metadata }: JsonObject): void {
    for (const name of unreadOf(metadata)) this.report(name);
    const value = asObject(trace);
    if (value !== undefined) this.sink.push({ type: 'extension', dialect: ID, name: 'trace', value });
    const { webSearches } = this;
    this.sink.push({
      type: 'usage',
      usage: {
        ...readUsage(asObject(metadata.usage) ?? {}, this.ownFields),
        ...tierOf(metadata),
        ...(webSearches > 0 && { webSearches }),
      },
    });
    if (this.finish !== undefined) this.endWith({ type: 'finish', finish: this.finish });
  }
}
