// Google Cloud Code Assist, for providers only: another dialect's requests and answers in an envelope. Its vendor does not document it;
// this follows its open-source clients.
import { readObject } from '../../model/json/exact-numbers.ts';
import { asObject, type JsonObject } from '../../model/json/json.ts';
import type { BuildOptions, BuiltRequest, ProviderSide } from '../dialect.ts';
import { bearerKey } from '../shared/bearer-key.ts';
import { createCountTokens } from './count-tokens.ts';
import { providerModels } from './list-models.ts';
import { sessionOf } from './session.ts';

/** @param inner the dialect inside the envelope. */
export function createCodeAssist(inner: ProviderSide): ProviderSide {
  return {
    endpoint: (_model, stream) =>
      `/v1internal:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    headers: bearerKey,
    buildRequest(request, options) {
      const built = inner.buildRequest(request, options);
      return enveloped(built, sessionOf(request), options);
    },
    parseResponse: (body) => inner.parseResponse(opened(body)),
    accountIn: (body) => inner.accountIn(opened(body)),
    createStreamDecoder(sink, quirks) {
      const decoder = inner.createStreamDecoder(sink, quirks);
      return {
        decode(event) {
          const body = readObject(event.data);
          // For anything but an object, the inner decoder reports the better error.
          decoder.decode(event, body && opened(body));
        },
        get strangers() {
          return decoder.strangers ?? 0;
        },
        end: () => decoder.end(),
      };
    },
    ...(inner.listsEvents !== undefined && { listsEvents: inner.listsEvents }),
    classify: inner.classify,
    parseError: inner.parseError,
    errorInBody: (body, quirks) => inner.errorInBody(opened(body), quirks),
    passthrough: { edits: () => ({}) },
    ...(inner.toolNames === undefined ? {} : { toolNames: inner.toolNames }),
    countTokens: createCountTokens(inner),
    models: providerModels,
  };
}

/** Some servers answer without an envelope. */
function opened(body: JsonObject): JsonObject {
  return asObject(body.response) ?? body;
}

function enveloped(
  { body, losses }: BuiltRequest,
  sessionId: string,
  { model, settings = {}, requestId }: BuildOptions,
): BuiltRequest {
  const { project, user_agent: userAgent = 'antigravity' } = settings;
  return {
    body: {
      model,
      ...(project === undefined ? {} : { project }),
      userAgent,
      requestType: 'agent',
      ...(requestId === undefined ? {} : { requestId: `agent-${requestId}` }),
      request: { sessionId, ...body },
    },
    losses,
  };
}
