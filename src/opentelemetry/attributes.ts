// The attributes of a row in the GenAI semantic conventions. They contain nothing of prompts or answers.
// https://github.com/open-telemetry/semantic-conventions-genai/blob/v0.1.0/docs/gen-ai/client-inference.md
import type { LedgerRow, RowOperation } from '../ledger/rows/row.ts';
import { totalInputTokens } from '../model/usage.ts';
import { serverAttributes } from './connection-data.ts';
import type { Attributes } from './serializers.ts';

export const OPERATION_NAMES: Record<RowOperation, string> = {
  generate: 'chat',
  complete: 'text_completion',
  embed: 'embeddings',
  'count-tokens': 'count_tokens',
  compact: 'compact',
  infer: 'generate_content',
  forward: 'forward',
};

/** The convention's name of a provider, by its name in the configuration. */
export type SystemOf = (provider: string) => string;

/** A provider's address, by its name in the configuration; undefined where it has none with a host. */
export type AddressOf = (provider: string) => string | undefined;

/** The attributes of the request as a whole. */
export function requestAttributes(row: LedgerRow, systemOf: SystemOf): Attributes {
  const { usage, timing } = row;
  return defined({
    'gen_ai.operation.name': OPERATION_NAMES[row.operation],
    'gen_ai.provider.name': row.provider === null ? undefined : systemOf(row.provider),
    'gen_ai.request.model': row.requestedModel,
    // Set only for requests that asked for a stream.
    'gen_ai.request.stream': row.streamed || undefined,
    'gen_ai.response.model': row.status === 'success' || row.usageKnown ? row.model : undefined,
    'gen_ai.response.time_to_first_chunk':
      row.streamed && row.ttftMs !== null ? row.ttftMs / 1_000 : undefined,
    'gen_ai.response.finish_reasons': row.finishReason === null ? undefined : [row.finishReason],
    ...(row.usageKnown
      ? {
          'gen_ai.usage.input_tokens': totalInputTokens(usage),
          'gen_ai.usage.output_tokens': usage.outputTokens,
          'gen_ai.usage.cache_read.input_tokens': usage.cacheReadTokens,
          'gen_ai.usage.cache_write.input_tokens': usage.cacheWriteTokens,
          // The attribute's name from before the conventions had releases of their own.
          'gen_ai.usage.cache_creation.input_tokens': usage.cacheWriteTokens,
          'gen_ai.usage.reasoning.output_tokens': usage.reasoningTokens,
          // Zero also means that the provider reports nothing about audio.
          'gen_ai.usage.audio.input_tokens': usage.audioInputTokens || undefined,
          'gen_ai.usage.audio.output_tokens': usage.audioOutputTokens || undefined,
        }
      : {}),
    // This belongs to no convention, but tools that show costs read it (Langfuse, OpenLIT). Without it they estimate from the counts, which
    // do not show the tier or one-hour cache writes.
    'gen_ai.usage.cost': row.costUsd,
    'error.type': row.errorCode,
    'http.response.status_code': row.httpStatus === 0 ? undefined : row.httpStatus,
    'sluice.request_id': row.requestId,
    'sluice.provider': row.provider,
    'sluice.client_dialect': row.clientDialect,
    'sluice.agent': row.agentType,
    'sluice.project': row.projectId,
    'sluice.status': row.status,
    'sluice.streamed': row.streamed,
    'sluice.cost_usd': row.costUsd,
    'sluice.time_to_first_token_ms': row.ttftMs,
    'sluice.queued_ms': row.queuedMs,
    'sluice.provider_ms': timing.providerMs,
    'sluice.gateway_ms': timing.gatewayMs,
    'sluice.stalls': timing.gaps === null ? undefined : timing.stalls,
  });
}

/** The attributes of one try at one provider. */
export function tryAttributes(
  row: LedgerRow,
  attempt: LedgerRow['attempts'][number],
  { systemOf, addressOf }: { systemOf: SystemOf; addressOf: AddressOf },
): Attributes {
  const address = addressOf(attempt.provider);
  return defined({
    'gen_ai.operation.name': OPERATION_NAMES[row.operation],
    'gen_ai.provider.name': systemOf(attempt.provider),
    'gen_ai.request.model': attempt.model,
    'gen_ai.request.stream': row.streamed || undefined,
    ...(address === undefined ? {} : serverAttributes(address)),
    'error.type': attempt.error,
    'http.response.status_code': attempt.status,
    'sluice.provider': attempt.provider,
    'sluice.provider_ms': attempt.providerMs,
    'sluice.cost_usd': attempt.costUsd,
  });
}

function defined(given: Record<string, Attributes[string] | null>): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== null && value !== undefined) attributes[name] = value;
  }
  return attributes;
}
