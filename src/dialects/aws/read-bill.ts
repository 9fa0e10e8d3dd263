// What InvokeModel states about an answer, whatever the form of the model's own body: counts, in headers or in the last message of a
// stream, and exceptions. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
import { fromBase64 } from '../../model/base64.ts';
import type { GatewayError } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { asObject, asString, type JsonObject, parseObject } from '../../model/json/json.ts';
import { CountReader, type StatedUsage } from '../../model/usage.ts';
import type { AnswerReader } from '../forwarded-path.ts';
import { loadEventStream, messageTaker } from './event-stream.ts';
import { EXCEPTION, parseException } from './exceptions.ts';

/** The field of a stream's last event that has the counts. */
export const METRICS = 'amazon-bedrock-invocationMetrics';

export const EVENT_STREAM = 'application/vnd.amazon.eventstream';

/** For an answer that begins with these headers. */
export async function loadBillReader(headers: HeaderReader): Promise<AnswerReader> {
  if (headers.get('content-type')?.startsWith(EVENT_STREAM) === true) return await loadStreamReader();
  const usage = usageIn({
    inputTokenCount: countOf(headers, 'input-token-count'),
    outputTokenCount: countOf(headers, 'output-token-count'),
    cacheReadInputTokenCount: countOf(headers, 'cache-read-input-token-count'),
    cacheWriteInputTokenCount: countOf(headers, 'cache-write-input-token-count'),
  });
  return { take() {}, result: () => ({ usage }) };
}

async function loadStreamReader(): Promise<AnswerReader> {
  const create = await loadEventStream();
  const framing = create(LONGEST_MESSAGE);
  let usage: StatedUsage | undefined;
  let error: GatewayError | undefined;
  let isReadable = true;
  const taker = messageTaker(({ event, data }) => {
    if (event.startsWith(EXCEPTION)) error = parseException(event, data);
    else usage = metricsIn(data) ?? usage;
    return undefined;
  });
  return {
    take(bytes) {
      if (!isReadable) return;
      try {
        // A copy, since unfinished messages are kept until the rest arrives.
        framing.push(bytes.slice(), taker);
      } catch {
        // The answer passes all the same; only its counts remain unknown.
        isReadable = false;
      }
    },
    result: () => ({ usage, error }),
  };
}

/** In bytes; longer messages pass unread. */
const LONGEST_MESSAGE = 32 * 1024 * 1024;

const textDecoder = new TextDecoder();

function metricsIn(data: string): StatedUsage | undefined {
  const encoded = asString(parseObject(data)?.bytes);
  if (encoded === undefined) return undefined;
  let text: string;
  try {
    text = textDecoder.decode(fromBase64(encoded));
  } catch {
    return undefined;
  }
  // Only the last message has counts.
  const metrics = text.includes(METRICS) ? asObject(parseObject(text)?.[METRICS]) : undefined;
  return metrics && usageIn(metrics);
}

function usageIn(counts: JsonObject | Record<string, number | undefined>): StatedUsage | undefined {
  const reader = new CountReader();
  const stated: StatedUsage = {};
  for (const [name, field] of COUNTS) {
    const count = reader.read(counts[field]);
    if (count !== undefined) stated[name] = count;
  }
  return Object.keys(stated).length === 0 ? undefined : reader.stated(stated);
}

const COUNTS = [
  ['inputTokens', 'inputTokenCount'],
  ['outputTokens', 'outputTokenCount'],
  ['cacheReadTokens', 'cacheReadInputTokenCount'],
  ['cacheWriteTokens', 'cacheWriteInputTokenCount'],
] as const;

function countOf(headers: HeaderReader, name: string): number | undefined {
  const text = headers.get(`x-amzn-bedrock-${name}`);
  return text === null || text === '' ? undefined : Number(text);
}
