// NeutralRequest → a request for a text completion, so that what transformers change finds its place in the client's text.
import type { JsonObject } from '../../../model/json/json.ts';
import type { NeutralRequest } from '../../../model/request.ts';
import type { BuildOptions, BuiltRequest } from '../../dialect.ts';
import { createLossReport } from '../../shared/losses/loss-report.ts';
import { ID, ownFields } from '../wire.ts';

/** The inverse of `parseRequest`: what a transformer adds besides, such as instructions, is reported as lost. */
export function buildRequest(request: NeutralRequest, { model }: BuildOptions): BuiltRequest {
  const losses = createLossReport(ID);
  const kept = ownFields(request.extension);
  const texts = request.messages.map(({ parts }) =>
    parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
  );
  const prompts = 'prompt' in kept ? undefined : texts.pop();
  const suffix = texts.pop();
  if (request.system.length > 0) losses.lost('system');
  if (texts.length > 0) losses.lost('messages');
  if (request.tools.length > 0) losses.lost('tools');
  const body: JsonObject = { model };
  if (prompts !== undefined) body.prompt = prompts.length === 1 ? (prompts[0] ?? '') : prompts;
  if (suffix !== undefined) body.suffix = suffix.join('');
  if (request.maxOutputTokens !== undefined) body.max_tokens = request.maxOutputTokens;
  if (request.temperature !== undefined) body.temperature = request.temperature;
  if (request.topP !== undefined) body.top_p = request.topP;
  if (request.seed !== undefined) body.seed = request.seed;
  if (request.user !== undefined) body.user = request.user;
  if (request.stopSequences !== undefined) body.stop = request.stopSequences;
  if (request.stream) body.stream = true;
  if (request.includeUsage === true) body.stream_options = { include_usage: true };
  return { body: { ...body, ...kept }, losses: losses.list() };
}
