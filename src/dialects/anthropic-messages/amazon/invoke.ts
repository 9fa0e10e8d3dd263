// Clients of Claude by InvokeModel: version and betas are in the body, and each binary message of a stream holds one of Claude's events.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
import { toBase64 } from '../../../model/base64.ts';
import { GatewayError } from '../../../model/errors.ts';
import type { HeaderReader } from '../../../model/headers.ts';
import { type JsonObject, parseObject } from '../../../model/json/json.ts';
import type { Usage } from '../../../model/usage.ts';
import type { Envelope, EnvelopedAnswers, OpenedRequest } from '../../envelope.ts';
import { METRICS } from '../../aws/read-bill.ts';
import { ANSWERS, countsOf, loadMessages } from './answers.ts';
import { embedRoute } from './embed.ts';
import { forwardedInvocation } from './forwarded.ts';
import { openHeaders } from './headers.ts';

function open(body: JsonObject, given: HeaderReader): OpenedRequest {
  if (typeof body.anthropic_version !== 'string') {
    throw new GatewayError(
      'invalid_request',
      'anthropic_version: a string is required, e.g. "bedrock-2023-05-31": whatever the model, this path takes requests in the form of Claude’s; other forms need a provider that is Amazon Bedrock, or /converse',
    );
  }
  const opened = openHeaders(body, given);
  if (body.stream !== undefined) opened.edits.stream = undefined;
  return opened;
}

/** The type of a stream's chunks. Amazon always states it, and Anthropic's SDK for Java reads no stream without it. */
const CHUNK_TYPE = { 'x-amzn-bedrock-content-type': 'application/json' };

const answers: EnvelopedAnswers = {
  ...ANSWERS,
  async loadStreamForm(facts) {
    const messages = await loadMessages((writer, type, data) =>
      writer.event('chunk', chunkOf(type === 'message_stop' ? withMetrics(data, facts().usage) : data)),
    );
    return { ...messages, headers: CHUNK_TYPE };
  },
};

const textEncoder = new TextEncoder();

function chunkOf(data: string): string {
  return `{"bytes":"${toBase64(textEncoder.encode(data))}"}`;
}

function withMetrics(data: string, usage: Usage | null): string {
  const body = parseObject(data);
  if (body === undefined || usage === null || body[METRICS] !== undefined) return data;
  return JSON.stringify({ ...body, [METRICS]: countsOf(usage) });
}

/** What Amazon's SDK for JavaScript sends. As with JSON, web pages cannot send it without a preflight. */
const BODY_TYPE = 'application/octet-stream';

const EMBED: Envelope = {
  bodyType: BODY_TYPE,
  open: (body, given) => ({ headers: openHeaders(body, given).headers, edits: {} }),
  answers,
};

export const INVOKE: Envelope = {
  bodyType: BODY_TYPE,
  forwards: forwardedInvocation,
  asks: (body, route) => embedRoute(body, route, EMBED),
  open,
  answers,
  wire: 'bedrock-invoke',
};

export const INVOKE_STREAM: Envelope = {
  bodyType: BODY_TYPE,
  forwards: forwardedInvocation,
  answers,
  wire: 'bedrock-invoke',
  open(body, headers) {
    const opened = open(body, headers);
    return { ...opened, edits: { ...opened.edits, stream: true } };
  },
};
