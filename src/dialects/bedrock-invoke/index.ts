// Amazon Bedrock's InvokeModel, for providers only: another dialect's body and events, in an envelope.
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
import { fromBase64, toBase64 } from '../../model/base64.ts';
import { asString, parseObject } from '../../model/json/json.ts';
import { tierIn } from '../../model/usage.ts';
import { AMAZON_TIERS } from '../aws/service-tiers.ts';
import { createTokenCount } from '../aws/count-tokens.ts';
import { loadEventStream, messageTaker } from '../aws/event-stream.ts';
import { errorInBody, EXCEPTION, isOwnFailure, parseError, parseException } from '../aws/exceptions.ts';
import { createModelList } from '../aws/list-models.ts';
import { leaveOutAddresses } from '../claude/addresses.ts';
import { BILLING_LINE, takeOutBillingLine } from '../claude/billing-line.ts';
import { betasOf, interleavingBeta } from '../claude/betas.ts';
import { cachedWhole } from '../claude/breakpoint-fields.ts';
import { traitsOf } from '../claude/models.ts';
import { leaveOutServerTools, NOT_AT_AMAZON, withoutSearch } from '../claude/server-tools.ts';
import { type BuiltRequest, type CreateFraming, MalformedEvent, type ProviderSide } from '../dialect.ts';
import { fitBreakpoints } from './breakpoints.ts';
import { LossReport } from '../shared/losses/loss-report.ts';
import { buildServiceTier } from '../shared/settings/service-tier.ts';
import { modelInPath } from '../shared/models/model-in-path.ts';
import { bearerKey } from '../shared/bearer-key.ts';

/** In requests and answers, since the bodies contain only Anthropic's fields. */
const TIER_HEADER = 'x-amzn-bedrock-service-tier';

/** @param inner the dialect inside the envelope: Anthropic's models take Anthropic's own requests. */
export function createBedrockInvoke(inner: ProviderSide): ProviderSide {
  const buildRequest: ProviderSide['buildRequest'] = (request, options) => {
    const billing = takeOutBillingLine(request.extension);
    const { serviceTier, ...rest } = request;
    const known = { ...rest, ...billing, tools: request.tools.map(withoutSearch) };
    const built = inner.buildRequest(known, options);
    const interleaving = interleavingBeta(built.body, request.reasoning, traitsOf(options.model));
    const { body, losses } = enveloped(built, interleaving);
    const more = new LossReport('bedrock-invoke');
    const tier = buildServiceTier(serviceTier, AMAZON_TIERS, more);
    if (billing !== undefined) more.lost(BILLING_LINE);
    return {
      body,
      losses: [...losses, ...more.list()],
      ...(tier !== undefined && { headers: { [TIER_HEADER]: tier } }),
    };
  };
  return {
    endpoint: (model, stream) =>
      `/model/${modelInPath(model)}/invoke${stream ? '-with-response-stream' : ''}`,
    headers: bearerKey,
    buildRequest,
    parseResponse: inner.parseResponse,
    accountIn: inner.accountIn,
    billIn: (headers) => tierIn(headers.get(TIER_HEADER) ?? undefined),
    loadFraming,
    createStreamDecoder(sink, quirks) {
      const decoder = inner.createStreamDecoder(sink, quirks);
      let failed = false;
      return {
        decode(event) {
          if (failed) return;
          if (!event.event.startsWith(EXCEPTION)) {
            decoder.decode(event);
            return;
          }
          failed = true;
          sink.push({ type: 'error', error: parseException(event.event, event.data) });
        },
        get strangers() {
          return decoder.strangers ?? 0;
        },
        end() {
          if (!failed) decoder.end();
        },
      };
    },
    classify: (event) => (event.event.startsWith(EXCEPTION) ? 'terminal' : inner.classify(event)),
    ...(inner.continuesTurn === undefined ? {} : { continuesTurn: inner.continuesTurn }),
    parseError,
    isOwnFailure,
    errorInBody: (body, quirks) => errorInBody(body) ?? inner.errorInBody(body, quirks),
    passthrough: {
      edits: () => ({}),
      ...(inner.passthrough.refuses !== undefined && { refuses: inner.passthrough.refuses }),
    },
    ...(inner.toolNames === undefined ? {} : { toolNames: inner.toolNames }),
    ...(inner.argumentNames === undefined ? {} : { argumentNames: inner.argumentNames }),
    countTokens: createTokenCount((request, options) => {
      const { body, losses } = buildRequest(request, options);
      const bytes = new TextEncoder().encode(JSON.stringify(body));
      return { input: { invokeModel: { body: toBase64(bytes) } }, losses };
    }),
    models: createModelList((id) => id.includes('anthropic.claude')),
  };
}

/** The path states model and streaming; version and betas, which are headers elsewhere, are in the body. */
function enveloped({ body, losses }: BuiltRequest, moreBetas: readonly string[]): BuiltRequest {
  const { model, stream: _stream, ...whole } = body;
  const { cache_control: _, ...rest } = { ...whole, ...cachedWhole(whole) };
  const lost = [...leaveOutServerTools(rest, NOT_AT_AMAZON), ...leaveOutAddresses(rest)];
  lost.push(...fitBreakpoints(rest, String(model)));
  const betas = [...betasOf(rest), ...moreBetas];
  const head = {
    anthropic_version: 'bedrock-2023-05-31',
    ...(betas.length > 0 && { anthropic_beta: betas }),
  };
  return { body: { ...head, ...rest }, losses: [...losses, ...lost] };
}

/** Each message contains an event of the inner dialect in base64. */
async function loadFraming(): Promise<CreateFraming> {
  const create = await loadEventStream();
  return (maxEvent) => {
    const framing = create(maxEvent);
    return {
      push: (chunk, taker) =>
        framing.push(
          chunk,
          messageTaker((event) => taker.take(event.event === 'chunk' ? innerEvent(event.data) : event)),
        ),
      flush: (taker) => framing.flush(taker),
    };
  };
}

const textDecoder = new TextDecoder();

function innerEvent(data: string): { event: string; data: string } {
  const bytes = asString(parseObject(data)?.bytes);
  if (bytes === undefined) throw new MalformedEvent('a chunk of the event stream has no bytes');
  try {
    return { event: '', data: textDecoder.decode(fromBase64(bytes)) };
  } catch {
    throw new MalformedEvent('the bytes of a chunk are not base64');
  }
}
