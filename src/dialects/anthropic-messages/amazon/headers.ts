// Headers of Amazon's clients, and what they put into the body where others use headers.
import { HeaderList } from '../../../model/header-list.ts';
import type { HeaderReader } from '../../../model/headers.ts';
import { asArray, asString, type JsonObject } from '../../../model/json/json.ts';
import { BETA_HEADER } from '../../claude/betas.ts';
import type { OpenedRequest } from '../../envelope.ts';

/** Amazon's headers, and those about the connection to it. The client's credentials are for Amazon: no other provider may get them. */
const OF_AMAZON = /^(x-amz|amz-sdk-|authorization$|x-api-key$|api-key$|x-goog-api-key$|accept$)/;

/** Headers that ask for what only Amazon has: guardrails and their trace, latency, tiers. */
const FEATURE = /^x-amzn-bedrock-(?!accept$|content-type$)/;

const VERSION_HEADER = 'anthropic-version';

/** Moves version and betas from the body into headers. */
export function openHeaders(
  { anthropic_version: version, anthropic_beta: named }: JsonObject,
  given: HeaderReader,
): OpenedRequest {
  const headers = new HeaderList();
  const vendorHeaders = new HeaderList();
  given.forEach((value, name) => {
    if (!OF_AMAZON.test(name)) headers.set(name, value);
    else if (FEATURE.test(name)) vendorHeaders.set(name, value);
  });
  // Only a date means something elsewhere: Amazon's own version has no equivalent.
  const dated = asString(version);
  if (dated !== undefined && /^\d{4}-/.test(dated)) headers.set(VERSION_HEADER, dated);
  const sent = (headers.get(BETA_HEADER) ?? '').split(',').map((name) => name.trim());
  const betas = new Set([...sent, ...(asArray(named) ?? []).map((name) => asString(name) ?? '')]);
  betas.delete('');
  if (betas.size > 0) headers.set(BETA_HEADER, [...betas].join(','));
  return {
    edits: {
      ...(version !== undefined && { anthropic_version: undefined }),
      ...(named !== undefined && { anthropic_beta: undefined }),
    },
    headers,
    vendorHeaders,
  };
}
