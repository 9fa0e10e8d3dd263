// Amazon Bedrock's Converse, for providers (its clients are those of ../anthropic-messages/amazon): `POST /model/{id}/converse` and `/converse-stream`.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
import { ARGUMENT_NAMES } from '../claude/argument-names.ts';
import { holdsRefused } from '../claude/refused-history.ts';
import { loadEventStream } from '../aws/event-stream.ts';
import { errorInBody, EXCEPTION, isOwnFailure, parseError } from '../aws/exceptions.ts';
import { createModelList } from '../aws/list-models.ts';
import type { ProviderSide } from '../dialect.ts';
import { buildRequest } from './build-request.ts';
import { countTokens } from './count-tokens.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { embeddings } from './embeddings.ts';
import { accountIn, parseResponse } from './parse-response.ts';
import { modelInPath } from '../shared/models/model-in-path.ts';
import { bearerKey } from '../shared/bearer-key.ts';

export const bedrockConverse: ProviderSide = {
  endpoint: (model, stream) => `/model/${modelInPath(model)}/converse${stream ? '-stream' : ''}`,
  headers: bearerKey,
  buildRequest,
  parseResponse,
  accountIn,
  loadFraming: loadEventStream,
  createStreamDecoder,
  classify: ({ event }) => (event === 'metadata' || event.startsWith(EXCEPTION) ? 'terminal' : 'other'),
  parseError,
  isOwnFailure,
  errorInBody,
  // A request that passes unchanged is read as Messages.
  passthrough: { edits: () => ({}), refuses: holdsRefused },
  toolNames: { signs: /[^a-zA-Z0-9_-]/, longest: 64 },
  argumentNames: ARGUMENT_NAMES,
  countTokens,
  embeddings,
  models: createModelList(() => true),
};
