// Clients of Claude at Amazon Bedrock (InvokeModel, CountTokens): the path names the model and whether to stream, the body the
// version and the betas; answers stream as binary messages, and errors are Amazon's exceptions.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
import { GatewayError } from '../../model/errors.ts';
import { HeaderList } from '../../model/header-list.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { asArray, asObject, asString, type JsonObject, parseObject } from '../../model/json/json.ts';
import type { Usage } from '../../model/usage.ts';
import { loadMessageWriter } from '../aws/event-stream.ts';
import { EXCEPTION, exceptionOf } from '../aws/exceptions.ts';
import type { ClientRoute } from '../dialect.ts';
import type { Envelope, EnvelopedAnswers, OpenedRequest, StreamForm } from '../envelope.ts';
import { NOT_COUNTED } from './count-tokens.ts';
import { buildError, fromBody, statusOf, statusOfType } from './errors.ts';

/** The model may be an ARN, encoded or not. */
const PATH = /^\/model\/(.+)\/(invoke|invoke-with-response-stream|count-tokens)$/;

export function routeOfAmazons(path: string): ClientRoute | undefined {
  const [, name = '', method] = PATH.exec(path) ?? [];
  const model = decoded(name);
  if (model === '') return undefined;
  if (method === 'count-tokens')
    return {
      operation: 'count-tokens',
      modelForBody: model,
      ownsQuery: true,
      stream: false,
      envelope: COUNT,
    };
  const stream = method !== 'invoke';
  const envelope = stream ? STREAMED : WHOLE;
  return { operation: 'generate', modelForBody: model, ownsQuery: true, stream, envelope };
}

/** '' where the encoding is invalid. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return '';
  }
}

/** Amazon's, and what is about the connection to it. The client's credentials are for Amazon: no other may get them. */
const OF_AMAZON = /^(x-amz|amz-sdk-|authorization$|x-api-key$|api-key$|x-goog-api-key$|accept$)/;

/** Those by which a client asks for what only Amazon has: guardrails and their trace, latency, tiers. */
const FEATURE = /^x-amzn-bedrock-(?!accept$|content-type$)/;

const VERSION_FIELD = 'anthropic_version';
const BETA_FIELD = 'anthropic_beta';
const BETA_HEADER = 'anthropic-beta';
const VERSION_HEADER = 'anthropic-version';

function open(body: JsonObject, given: HeaderReader): OpenedRequest {
  const version = asString(body[VERSION_FIELD]);
  if (version === undefined) {
    throw new GatewayError(
      'invalid_request',
      `${VERSION_FIELD}: a string is required, e.g. "bedrock-2023-05-31": whatever the model, this path takes requests in the form of Claude’s`,
    );
  }
  const headers = new HeaderList();
  const vendorHeaders = new HeaderList();
  given.forEach((value, name) => {
    if (!OF_AMAZON.test(name)) headers.set(name, value);
    else if (FEATURE.test(name)) vendorHeaders.set(name, value);
  });
  // Amazon's own version has no other name elsewhere.
  if (/^\d{4}-/.test(version)) headers.set(VERSION_HEADER, version);
  const named = (asArray(body[BETA_FIELD]) ?? []).map((name) => asString(name) ?? '');
  const sent = (headers.get(BETA_HEADER) ?? '').split(',').map((name) => name.trim());
  const betas = new Set([...sent, ...named].filter((name) => name !== ''));
  if (betas.size > 0) headers.set(BETA_HEADER, [...betas].join(','));
  return {
    edits: {
      [VERSION_FIELD]: undefined,
      ...(body[BETA_FIELD] !== undefined && { [BETA_FIELD]: undefined }),
      ...(body.stream !== undefined && { stream: undefined }),
    },
    headers,
    vendorHeaders,
  };
}

const answers: EnvelopedAnswers = {
  buildError: (error, requestId) => ({ message: messageIn(buildError(error, requestId)) }),
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
  loadStreamForm,
};

/** Amazon's SDK for JavaScript says so. Web pages cannot without asking first, as with JSON. */
const bodyType = 'application/octet-stream';

const wire = 'bedrock-invoke';

const WHOLE: Envelope = { bodyType, open, answers, wire };

const STREAMED: Envelope = {
  open(body, headers) {
    const opened = open(body, headers);
    return { ...opened, edits: { ...opened.edits, stream: true } };
  },
  bodyType,
  answers,
  wire,
};

const COUNT: Envelope = {
  unwrap({ input }) {
    const encoded = asString(asObject(asObject(input)?.invokeModel)?.body);
    if (encoded === undefined) {
      const problem =
        'a string is required, the request as InvokeModel takes it, in base64; `converse` is not counted here';
      throw new GatewayError('invalid_request', `input.invokeModel.body: ${problem}`);
    }
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.fromBase64(encoded));
    } catch {
      throw new GatewayError('invalid_request', 'input.invokeModel.body: is not UTF-8 text in base64');
    }
  },
  open(body, headers) {
    const opened = open(body, headers);
    for (const name of NOT_COUNTED) if (Object.hasOwn(body, name)) opened.edits[name] = undefined;
    return opened;
  },
  answers,
};

function messageIn(body: JsonObject): string {
  return asString(asObject(body.error)?.message) ?? '';
}

/** Some clients read the counts of no other place. */
function countsOf(usage: Usage): Record<string, number> {
  return {
    inputTokenCount: usage.inputTokens,
    outputTokenCount: usage.outputTokens,
    cacheReadInputTokenCount: usage.cacheReadTokens,
    cacheWriteInputTokenCount: usage.cacheWriteTokens,
  };
}

async function loadStreamForm(): Promise<StreamForm> {
  const writer = await loadMessageWriter();
  // SDKs pass over an event that they do not know, wherever it comes; some take Anthropic's own ping for content.
  const ping = writer.event('ping', '{}');
  return {
    contentType: 'application/vnd.amazon.eventstream',
    ping,
    write({ event, data }, usage) {
      if (event.startsWith(EXCEPTION)) return writer.exception(event.slice(EXCEPTION.length), data);
      switch (event || asString(parseObject(data)?.type)) {
        case 'ping':
          return ping;
        case 'error': {
          const body = parseObject(data) ?? {};
          const error = fromBody(body, undefined);
          const status = statusOfType(asString(asObject(body.error)?.type)) ?? statusOf(error);
          const { inStream } = exceptionOf(status);
          return writer.exception(inStream, JSON.stringify({ message: error.message }));
        }
        case 'message_stop':
          return writer.event('chunk', chunkOf(withMetrics(data, usage)));
        default:
          return writer.event('chunk', chunkOf(data));
      }
    },
  };
}

const METRICS = 'amazon-bedrock-invocationMetrics';

function withMetrics(data: string, usage: Usage | null): string {
  const body = parseObject(data);
  if (body === undefined || usage === null || body[METRICS] !== undefined) return data;
  return JSON.stringify({ ...body, [METRICS]: countsOf(usage) });
}

const textEncoder = new TextEncoder();

function chunkOf(data: string): string {
  return `{"bytes":"${textEncoder.encode(data).toBase64()}"}`;
}
