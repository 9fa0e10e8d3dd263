// What all answers to Amazon's clients have in common: exceptions, counts, binary messages.
import { asObject, asString, type JsonObject, parseObject } from '../../../model/json/json.ts';
import type { Usage } from '../../../model/usage.ts';
import { loadMessageWriter, type MessageWriter } from '../../aws/event-stream.ts';
import { EVENT_STREAM } from '../../aws/read-bill.ts';
import { EXCEPTION, exceptionOf } from '../../aws/exceptions.ts';
import type { EnvelopedAnswers, StreamForm } from '../../envelope.ts';
import { buildError, fromBody, statusOf, statusOfType } from '../errors.ts';

export const ANSWERS: Omit<EnvelopedAnswers, 'loadStreamForm'> = {
  buildError: (error, requestId) => ({
    message: asString(asObject(buildError(error, requestId).error)?.message) ?? '',
  }),
  statusOf: (error) => exceptionOf(statusOf(error)).status,
  errorHeaders: (error) => ({ 'x-amzn-errortype': exceptionOf(statusOf(error)).name }),
  usageHeaders(usage) {
    const counts = Object.entries(countsOf(usage)).map(([name, count]) => [
      // `inputTokenCount` → `input-token-count`
      `x-amzn-bedrock-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      String(count),
    ]);
    return Object.fromEntries(counts);
  },
  requestIdHeader: 'x-amzn-requestid',
  buildTokenCount: (tokens) => ({ inputTokens: tokens }),
};

/** The counts under Amazon's names. Some clients read them only there. */
export function countsOf(usage: Usage): Record<string, number> {
  return {
    inputTokenCount: usage.inputTokens,
    outputTokenCount: usage.outputTokens,
    cacheReadInputTokenCount: usage.cacheReadTokens,
    cacheWriteInputTokenCount: usage.cacheWriteTokens,
  };
}

/**
 * The form of a stream of binary messages.
 * @param write makes the messages for an event that is neither a keep-alive nor an error; `type`: Anthropic's name of the event, or
 * Amazon's.
 * @param unknown an exception without a place in these streams: some clients ignore it, and others show it without its message.
 */
export async function loadMessages(
  write: (writer: MessageWriter, type: string | undefined, data: string) => Uint8Array,
  unknown?: string,
): Promise<StreamForm> {
  const writer = await loadMessageWriter();
  // SDKs ignore events that they do not know, wherever they come; some take Anthropic's own ping for content.
  const ping = writer.event('ping', '{}');
  return {
    contentType: EVENT_STREAM,
    ping,
    write({ event, data }) {
      if (event.startsWith(EXCEPTION)) return writer.exception(event.slice(EXCEPTION.length), data);
      const type = event || asString(parseObject(data)?.type);
      switch (type) {
        case 'ping':
          return ping;
        case 'error':
          return exceptionMessage(writer, parseObject(data) ?? {}, unknown);
        default:
          return write(writer, type, data);
      }
    },
  };
}

function exceptionMessage(writer: MessageWriter, body: JsonObject, unknown?: string): Uint8Array {
  const error = fromBody(body, undefined);
  const status = statusOfType(asString(asObject(body.error)?.type)) ?? statusOf(error);
  const { inStream } = exceptionOf(status);
  const name = inStream === unknown ? exceptionOf(500).inStream : inStream;
  return writer.exception(name, JSON.stringify({ message: error.message }));
}
