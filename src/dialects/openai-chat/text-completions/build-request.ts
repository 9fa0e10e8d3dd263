// NeutralRequest → a request for a text completion, so that what transformers change finds its place in the client's text.
import type { JsonObject } from '../../../model/json/json.ts';
import type { NeutralRequest } from '../../../model/request.ts';
import type { BuildOptions, BuiltRequest } from '../../dialect.ts';
import type { Quirks } from '../../quirks.ts';
import { LossReport } from '../../shared/losses/loss-report.ts';
import { reportUnsupported } from '../../shared/losses/unsupported-settings.ts';
import { put } from '../../shared/own-fields.ts';
import { ID, ownFields } from '../wire.ts';

/** The inverse of `parseRequest`: anything else that a transformer adds, such as instructions, is reported as lost. */
export function buildRequest(request: NeutralRequest, { model, quirks }: BuildOptions): BuiltRequest {
  const losses = new LossReport(ID);
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
  put(body, 'suffix', suffix?.join(''));
  put(body, 'max_tokens', request.maxOutputTokens);
  put(body, 'temperature', request.temperature);
  put(body, 'top_p', request.topP);
  if (quirks.extraFields?.includes('top_k')) put(body, 'top_k', request.topK);
  else if (request.topK !== undefined) losses.lost('top_k');
  if (takesPenalties(quirks)) {
    put(body, 'frequency_penalty', request.frequencyPenalty);
    put(body, 'presence_penalty', request.presencePenalty);
  } else reportUnsupported(request, ['frequencyPenalty', 'presencePenalty'], losses);
  put(body, 'seed', request.seed);
  put(body, 'user', request.user);
  put(body, 'stop', request.stopSequences);
  if (request.stream) body.stream = true;
  if (request.includeUsage === true) body.stream_options = { include_usage: true };
  return { body: { ...body, ...kept }, losses: losses.list() };
}

/**
 * Servers that fill gaps through chat completions accept none (Mistral's FimCompletionRequest: https://docs.mistral.ai/api/endpoint/fim).
 */
function takesPenalties({ textCompletions }: Quirks): boolean {
  return textCompletions === false || textCompletions?.answersInChat !== true;
}
