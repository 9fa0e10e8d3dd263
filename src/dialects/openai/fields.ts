// Fields of a request that OpenAI's two dialects spell alike.
// https://platform.openai.com/docs/api-reference/responses/create
import { asBoolean, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { OutputFormat } from '../../model/request.ts';
import { isEmpty } from '../shared/own-fields.ts';
import type { LossReport } from '../shared/loss-report.ts';
import { optionalString } from '../shared/read-field.ts';

/** OpenAI refuses a longer `user`; Claude Code's ids have 150 characters and more. */
const MAX_USER_LENGTH = 64;

/** Who the end user is: `user` is the older name of that. Throws GatewayError `invalid_request` where it is no text. */
export function parseUser(body: JsonObject): string | undefined {
  return optionalString(body, 'safety_identifier') ?? optionalString(body, 'user');
}

/** `user` says something else than `safety_identifier` does: no other dialect can say both. */
export function hasSecondUser({ user, safety_identifier: identifier }: JsonObject): boolean {
  return typeof user === 'string' && typeof identifier === 'string' && user !== identifier;
}

export function buildUser(user: string | undefined, losses: LossReport): string | undefined {
  if (user === undefined || user.length <= MAX_USER_LENGTH) return user;
  losses.approximated('user', `only its first ${MAX_USER_LENGTH} characters are sent`);
  return user.slice(0, MAX_USER_LENGTH);
}

/** Besides the key, which other dialects' builders look at. */
export const CACHE_SETTINGS = ['prompt_cache_retention', 'prompt_cache_options'];

export function parseCacheSettings(body: JsonObject): JsonObject | undefined {
  const settings: JsonObject = {};
  for (const name of CACHE_SETTINGS) {
    const value = body[name];
    if (value !== undefined && value !== null) settings[name] = value;
  }
  return isEmpty(settings) ? undefined : settings;
}

/** `fast` is another word for `priority`, which answers have. https://developers.openai.com/api/docs/guides/fast-mode */
export function parseServiceTier(body: JsonObject): string | undefined {
  const tier = optionalString(body, 'service_tier');
  return tier === 'fast' ? 'priority' : tier;
}

const SERVICE_TIERS = new Set(['default', 'flex', 'scale', 'priority']);

export function buildServiceTier(tier: string | undefined, losses: LossReport): string | undefined {
  // `auto` is the default, and not every server knows the field.
  if (tier === undefined || tier === 'auto') return undefined;
  if (SERVICE_TIERS.has(tier)) return tier;
  // Anthropic's word for "no priority capacity".
  if (tier === 'standard_only') {
    losses.approximated('service_tier', '`standard_only` is sent as `default`');
    return 'default';
  }
  losses.lost('service_tier');
  return undefined;
}

/** @param described where the schema's name, description and strictness stand. */
export function schemaFormat(schema: JsonObject, described: JsonObject | undefined): OutputFormat {
  const name = asString(described?.name);
  const description = asString(described?.description);
  const strict = asBoolean(described?.strict);
  return {
    type: 'json-schema',
    schema,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(strict !== undefined && { strict }),
  };
}

/** The fields of `body` that are not in `known`, without what only spells out a default: dropping that loses nothing. */
export function otherFields(
  body: JsonObject,
  known: ReadonlySet<string>,
  isDefault: (name: string, value: JsonValue) => boolean,
): JsonObject {
  const fields: JsonObject = {};
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined || value === null || known.has(name)) continue;
    if (!isDefault(name, value)) fields[name] = value;
  }
  return fields;
}
