// Request fields that OpenAI's two dialects share. https://platform.openai.com/docs/api-reference/responses/create
import { asBoolean, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { NeutralRequest, OutputFormat } from '../../model/request.ts';
import { isEmpty } from '../shared/own-fields.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { optionalBoolean, optionalObject, optionalString } from '../shared/read-field.ts';

/** OpenAI refuses a longer `user`; Claude Code's ids have at least 150 characters. */
const MAX_USER_LENGTH = 64;

/** Fields about the cache, besides the key, which builders of other dialects read. */
const CACHE_SETTINGS = ['prompt_cache_retention', 'prompt_cache_options'];

/** The fields that `readSettings` reads. */
export const SETTINGS = [
  ...['parallel_tool_calls', 'user', 'safety_identifier', 'metadata', 'moderation', 'service_tier'],
  ...['prompt_cache_key', ...CACHE_SETTINGS],
];

/** Throws GatewayError `invalid_request` for a field of the wrong type. */
export function readSettings(request: NeutralRequest, body: JsonObject): void {
  const parallelToolCalls = optionalBoolean(body, 'parallel_tool_calls');
  if (parallelToolCalls !== undefined) request.parallelToolCalls = parallelToolCalls;
  // `user` is the older name.
  const user = optionalString(body, 'safety_identifier') ?? optionalString(body, 'user');
  if (user !== undefined) request.user = user;
  const metadata = optionalObject(body, 'metadata');
  if (metadata !== undefined && !isEmpty(metadata)) request.metadata = metadata;
  const moderation = optionalObject(body, 'moderation');
  if (moderation !== undefined) request.moderation = moderation;
  const serviceTier = parseServiceTier(body);
  if (serviceTier !== undefined) request.serviceTier = serviceTier;
  const cacheKey = optionalString(body, 'prompt_cache_key');
  if (cacheKey !== undefined) request.cacheKey = cacheKey;
  const cacheSettings = parseCacheSettings(body);
  if (cacheSettings !== undefined) request.cacheSettings = cacheSettings;
}

/** Whether `user` differs from `safety_identifier`: no other dialect can express both. */
export function hasSecondUser({ user, safety_identifier: identifier }: JsonObject): boolean {
  return typeof user === 'string' && typeof identifier === 'string' && user !== identifier;
}

export function buildUser(user: string | undefined, losses: LossReport): string | undefined {
  if (user === undefined || user.length <= MAX_USER_LENGTH) return user;
  losses.approximated('user', `only its first ${MAX_USER_LENGTH} characters are sent`);
  return user.slice(0, MAX_USER_LENGTH);
}

/** Models that refuse any verbosity but `medium`. https://github.com/enricoros/big-AGI/issues/947 */
const FIXED_VERBOSITY = /^(gpt-[34]|chatgpt-|o\d|gpt-5(\.[12])?-codex|gpt-5(\.\d)?-chat)/;

/** @param model may have the vendor before its name. */
export function buildVerbosity(
  verbosity: string | undefined,
  model: string,
  losses: LossReport,
): string | undefined {
  if (!FIXED_VERBOSITY.test(model.slice(model.lastIndexOf('/') + 1))) return verbosity;
  if (verbosity !== undefined && verbosity !== 'medium') losses.lost('verbosity');
  return undefined;
}

function parseCacheSettings(body: JsonObject): JsonObject | undefined {
  const settings: JsonObject = {};
  for (const name of CACHE_SETTINGS) {
    const value = body[name];
    if (value !== undefined && value !== null) settings[name] = value;
  }
  return isEmpty(settings) ? undefined : settings;
}

/** Groq's name of the usual tier, which LangChain's ChatGroq always sends. https://console.groq.com/docs/service-tiers */
export const ON_DEMAND = 'on_demand';

/** `fast` is an alias of `priority`; answers state the latter. https://developers.openai.com/api/docs/guides/fast-mode */
function parseServiceTier(body: JsonObject): string | undefined {
  const tier = optionalString(body, 'service_tier');
  if (tier === ON_DEMAND) return undefined;
  return tier === 'fast' ? 'priority' : tier;
}

export const SERVICE_TIERS: ReadonlySet<string> = new Set(['default', 'flex', 'scale', 'priority']);
/** Of Responses alone. */
export const RESPONSES_TIERS: ReadonlySet<string> = new Set([...SERVICE_TIERS, 'ultrafast']);

/** @param described the object that holds the schema's name, description and strictness. */
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

/** The fields of `body` that are not in `known`, except those with a default value: dropping these loses nothing. */
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
