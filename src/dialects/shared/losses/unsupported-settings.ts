// Settings of a request that a provider's dialect cannot express, named as clients know them.
import type { NeutralRequest } from '../../../model/request.ts';
import type { LossReport } from './loss-report.ts';

const NAMES = {
  topK: 'top_k',
  seed: 'seed',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  stopSequences: 'stop',
  logprobs: 'logprobs',
  parallelToolCalls: 'parallel_tool_calls',
  verbosity: 'verbosity',
  user: 'user',
  metadata: 'metadata',
  serviceTier: 'service_tier',
  cacheKey: 'prompt_cache_key',
  cacheControl: 'cache_control',
  moderation: 'moderation',
} as const satisfies Partial<Record<keyof NeutralRequest, string>>;

type Setting = keyof typeof NAMES;

/** Reports as lost those of `settings` that the request has. Explicit defaults lose nothing. */
export function reportUnsupported(
  request: NeutralRequest,
  settings: readonly Setting[],
  losses: LossReport,
): void {
  for (const setting of settings) if (isSet(request, setting)) losses.lost(NAMES[setting]);
  if (settings.includes('logprobs') && request.logprobs?.top !== undefined) losses.lost('top_logprobs');
  // A dialect without cache keys has no cache settings either.
  if (settings.includes('cacheKey'))
    for (const name of Object.keys(request.cacheSettings ?? {})) losses.lost(name);
}

function isSet(request: NeutralRequest, setting: Setting): boolean {
  switch (setting) {
    case 'frequencyPenalty':
    case 'presencePenalty':
      return (request[setting] ?? 0) !== 0;
    case 'stopSequences':
      return (request.stopSequences ?? []).length > 0;
    case 'parallelToolCalls':
      return request.parallelToolCalls === false;
    case 'serviceTier':
      return (request.serviceTier ?? 'auto') !== 'auto';
    default:
      return request[setting] !== undefined;
  }
}
