// Marks a final turn of the assistant with the fields by which a server is asked to continue it.
import { asArray, asObject, type JsonObject } from '../../model/json/json.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { BuildOptions } from '../dialect.ts';
import type { AskedPrefill } from '../quirks.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import {
  promptToContinue,
  PREFILL,
  prefillOf,
  reportPrefill,
  reportUnknownPrefill,
} from '../shared/turns/prefill.ts';
import { applyEdits } from './adapt.ts';
import { withoutThinking } from './model-thinking.ts';

/** Changes `body`, which must otherwise be complete. Returns the address to send it to, if that differs. */
export function markPrefill(
  request: NeutralRequest,
  body: JsonObject,
  options: BuildOptions,
  losses: LossReport,
): string | undefined {
  const { prefill, restartsPrefill, refusesPrefill } = options.quirks;
  if (refusesPrefill?.test(options.model) === true) endWithUser(request, body, losses);
  else if (prefill === undefined) reportUnknownPrefill(request, losses);
  else if (prefill === 'restarts' || restartsPrefill?.test(options.model) === true)
    reportPrefill(request, losses);
  else if (typeof prefill === 'object' && prefillOf(request) !== undefined)
    return askToContinue(prefill, body, options, losses);
  return undefined;
}

function endWithUser(request: NeutralRequest, body: JsonObject, losses: LossReport): void {
  if (prefillOf(request) === undefined) return;
  body.messages = [...(asArray(body.messages) ?? []), { role: 'user', content: promptToContinue(losses) }];
}

function askToContinue(
  { turn, request, notThinking, at }: AskedPrefill,
  body: JsonObject,
  { model, quirks, baseUrl = '' }: BuildOptions,
  losses: LossReport,
): string | undefined {
  const isThere = at === undefined || at.baseUrl === baseUrl;
  if (!isThere && !at.instead.includes(baseUrl)) {
    losses.approximated(PREFILL, `the last turn is continued only if base_url is ${at.baseUrl}`);
    return undefined;
  }
  const quiet = notThinking === true ? withoutThinking(body, model, quirks) : {};
  if (quiet === undefined) {
    losses.approximated(
      PREFILL,
      'the model thinks, so it does not continue the last turn: its answer starts afresh',
    );
    return undefined;
  }
  if (Object.keys(quiet).length > 0) {
    applyEdits(body, quiet);
    losses.approximated(PREFILL, 'thinking is off for this answer: it rules out continuing the last turn');
  }
  const messages = asArray(body.messages) ?? [];
  body.messages = [...messages.slice(0, -1), { ...asObject(messages.at(-1)), ...turn }];
  Object.assign(body, request);
  return isThere ? undefined : at.baseUrl;
}
