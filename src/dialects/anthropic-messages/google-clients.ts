// Clients of Claude on Google Cloud (`@anthropic-ai/vertex-sdk`, `AnthropicVertex`, Claude Code): the path names the model, the body
// the version and sometimes the betas. https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai
import { asArray, asString, type JsonObject } from '../../model/json/json.ts';
import type { ClientRoute } from '../dialect.ts';
import type { Envelope } from '../envelope.ts';
import { publisherPath, withoutGooglesKeys } from '../shared/google-clients.ts';
import { BETA_HEADER } from '../claude/betas.ts';
import { CLOUD_VERSION } from './cloud.ts';
import { VERSION } from './wire.ts';

const COUNT = 'count-tokens';

export function routeOfGoogles(path: string): ClientRoute | undefined {
  const asked = publisherPath(path);
  if (asked?.publisher !== 'anthropic') return undefined;
  const { model, method } = asked;
  if (method === 'streamRawPredict')
    return { operation: 'generate', modelForBody: model, ownsQuery: true, envelope: STREAMED };
  if (method !== 'rawPredict') return undefined;
  if (model === COUNT) return { operation: 'count-tokens', stream: false, ownsQuery: true, envelope: PLAIN };
  return { operation: 'generate', modelForBody: model, ownsQuery: true, envelope: PLAIN };
}

/** What the body says is moved to the headers in which Anthropic's own servers read it. */
const PLAIN: Envelope = {
  open(body, given) {
    const headers = withoutGooglesKeys(given);
    const version = asString(body.anthropic_version);
    if (version !== undefined)
      headers.set('anthropic-version', version === CLOUD_VERSION ? VERSION : version);
    const betas = betasIn(body, headers.get(BETA_HEADER));
    if (betas !== undefined) headers.set(BETA_HEADER, betas);
    return {
      edits: {
        ...(body.anthropic_version !== undefined && { anthropic_version: undefined }),
        ...(body.anthropic_beta !== undefined && { anthropic_beta: undefined }),
      },
      headers,
    };
  },
};

/** A body that does not say whether to stream gets what the path says. */
const STREAMED: Envelope = {
  open(body, given) {
    const opened = PLAIN.open(body, given);
    if (body.stream === undefined) opened.edits.stream = true;
    return opened;
  },
};

/** The header's betas, then those that only the body names; undefined if the body names none. */
function betasIn({ anthropic_beta: named }: JsonObject, header: string | null): string | undefined {
  const list = (asArray(named) ?? asString(named)?.split(',') ?? []).flatMap((name) => asString(name) ?? []);
  if (list.length === 0) return undefined;
  const all = [...(header ?? '').split(','), ...list].map((name) => name.trim()).filter(Boolean);
  return [...new Set(all)].join(',');
}
