// Claude on Google Cloud: the path names the model, the body the version, and some of what Anthropic's own servers accept is refused.
// https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai
import { HeaderList } from '../../model/header-list.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { table } from '../../model/table.ts';
import { leaveOutAddresses } from '../claude/addresses.ts';
import { BETA_HEADER, betasOf } from '../claude/betas.ts';
import { BILLING_LINE, billingLine } from '../claude/billing-line.ts';
import { cachedWhole, fittedBreakpoints } from '../claude/breakpoint-fields.ts';
import { leaveOutServerTools, NOT_AT_GOOGLE } from '../claude/server-tools.ts';
import type { Loss } from '../../model/request.ts';
import type { BuiltRequest } from '../dialect.ts';
import { plainBreakpoint } from '../shared/settings/cache-control.ts';
import { LossReport } from '../shared/losses/loss-report.ts';
import { modelInPath } from '../shared/models/model-in-path.ts';
import { ID, VERSION } from './wire.ts';

type Edits = Record<string, JsonValue | undefined>;

const MODELS = '/publishers/anthropic/models';

/** Google Cloud's name for `VERSION`. Later versions have the same name everywhere. */
export const CLOUD_VERSION = 'vertex-2023-10-16';

export const CLOUD_COUNT_PATH = `${MODELS}/count-tokens:rawPredict`;

/** The path below the location of a project. */
export function cloudPath(model: string, stream: boolean): string {
  // The vendor's SDK sends `@` unencoded.
  const name = modelInPath(cloudName(model)).replaceAll('%40', '@');
  return `${MODELS}/${name}:${stream ? 'streamRawPredict' : 'rawPredict'}`;
}

/** There an `@` precedes a model's date: `claude-sonnet-4-5@20250929`. */
function cloudName(model: string): string {
  return model.replace(/-(20\d{6})$/, '@$1');
}

/**
 * Betas that are accepted there, by the names that clients send. Others are refused, but Claude Code sends some to every server:
 * https://github.com/anthropics/claude-code/issues/21625
 */
const BETAS: Record<string, string> = table(
  Object.fromEntries([
    ...[
      'compact-2026-01-12',
      'compact-2026-09-04',
      'computer-use-2025-01-24',
      'computer-use-2025-11-24',
      'context-1m-2025-08-07',
      'context-management-2025-06-27',
      'dangerous-tool-use-2026-09-03',
      'interleaved-thinking-2025-05-14',
      'per-turn-control-2026-07-01',
      'thinking-binding-controls-2026-08-01',
      'thinking-display-updates-2026-08-18',
      'tool-search-tool-2025-10-19',
    ].map((name) => [name, name]),
    ['advanced-tool-use-2025-11-20', 'tool-search-tool-2025-10-19'],
  ]),
);

/** The client's headers, with only the betas that are accepted there, and without the version, which goes into the body. */
export function cloudHeaders(headers: HeaderReader): HeaderReader {
  const kept = HeaderList.of(headers);
  kept.delete('anthropic-version');
  const named = (headers.get(BETA_HEADER) ?? '').split(',').map((name) => name.trim());
  const betas = new Set(named.flatMap((name) => BETAS[name] ?? []));
  kept.delete(BETA_HEADER);
  if (betas.size > 0) kept.set(BETA_HEADER, [...betas].join(','));
  return kept;
}

/** The header with the betas that a request needs there, whether or not its client names them. */
export function cloudBetas(body: JsonObject): Record<string, string> | undefined {
  const tools = (asArray(body.tools) ?? []).map((tool) => asString(asObject(tool)?.type) ?? '');
  // https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/web-search
  const searches = tools.some((type) => type.startsWith('web_search'));
  return betaHeader([...betasOf(body), ...(searches ? ['web-search-2025-03-05'] : [])]);
}

/** The same for a token count, which refuses the search's beta: https://github.com/anthropics/claude-code/issues/12429 */
export function cloudCountBetas(body: JsonObject): Record<string, string> | undefined {
  return betaHeader(betasOf(body));
}

function betaHeader(betas: readonly string[]): Record<string, string> | undefined {
  return betas.length === 0 ? undefined : { [BETA_HEADER]: betas.join(',') };
}

/**
 * The fields of a request that must differ there, with their new values (undefined: the field is removed). Only what clients send unasked
 * is changed; for anything else a client of this dialect gets the refusal.
 * @param headers of the client, which may ask for a later version.
 */
export function cloudEdits(body: JsonObject, headers: HeaderReader | undefined, losses: LossReport): Edits {
  return {
    ...(body.model !== undefined && { model: undefined }),
    anthropic_version: cloudVersion(headers),
    ...acceptedPrompt(body, losses),
  };
}

/** The same for a token count, whose body names the model; with a version it is refused: "is not supported for token counting". */
export function cloudCountEdits(body: JsonObject, model: string): Edits {
  return {
    ...acceptedPrompt(body, new LossReport(ID)),
    model: cloudName(model).replace(/@.*$/, ''),
    anthropic_version: CLOUD_VERSION,
  };
}

function cloudVersion(headers: HeaderReader | undefined): string {
  const asked = headers?.get('anthropic-version') ?? VERSION;
  return asked === VERSION ? CLOUD_VERSION : asked;
}

/** The prompt without the billing line and without breakpoints that are refused there. */
function acceptedPrompt(body: JsonObject, losses: LossReport): Edits {
  const edits: Edits = {};
  if (billingLine(body.system) !== undefined) {
    edits.system = (asArray(body.system) ?? []).slice(1);
    losses.lost(BILLING_LINE);
  }
  if (body.cache_control !== undefined) Object.assign(edits, { cache_control: undefined }, cachedWhole(body));
  const fitted = fittedBreakpoints(edited(body, edits), (breakpoint) => {
    const plain = plainBreakpoint(breakpoint, losses);
    const more = Object.keys(breakpoint).filter((name) => !Object.hasOwn(plain, name));
    for (const name of more) losses.lost(`cache_control.${name}`);
    return more.length === 0 && plain.ttl === breakpoint.ttl ? breakpoint : plain;
  });
  return { ...edits, ...fitted };
}

export function edited(body: JsonObject, edits: Edits): JsonObject {
  const fields = Object.entries({ ...body, ...edits });
  return Object.fromEntries(fields.filter((field): field is [string, JsonValue] => field[1] !== undefined));
}

/**
 * Makes a built request one that is accepted there.
 * @param translated whether what is refused is left out and reported.
 */
export function toCloud({ body: given, losses }: BuiltRequest, translated: boolean): BuiltRequest {
  const body = { ...given };
  const left = new LossReport(ID);
  const refused = translated ? leaveOutRefused(body) : [];
  const headers = cloudBetas(body);
  return {
    body: edited(body, cloudEdits(body, undefined, left)),
    losses: [...losses, ...refused, ...left.list()],
    ...(headers !== undefined && { headers }),
  };
}

/** @param body is modified. */
function leaveOutRefused(body: JsonObject): Loss[] {
  const losses = [...leaveOutServerTools(body, NOT_AT_GOOGLE), ...leaveOutAddresses(body)];
  if (body.service_tier === undefined) return losses;
  delete body.service_tier;
  return [...losses, { feature: 'service_tier', outcome: 'lost' }];
}
