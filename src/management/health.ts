// GET /gateway/health: answered from memory alone, without asking a store or a provider.
import type { ResolvedConfig, TlsConfig } from '../config/resolved.ts';
import type { ProviderState } from '../upstream/provider-state.ts';
import type { ManagementDeps, WorkerCount } from './management.ts';
import type { Health } from './shapes.ts';

export async function readHealth(deps: ManagementDeps): Promise<Health> {
  const { providers, disabled, routing, audit, costs, server } = deps.config();
  const [states, running, log, descriptors] = await Promise.all([
    deps.providerStates(providers),
    deps.running.list(),
    deps.log?.(),
    deps.descriptors?.(),
  ]);
  const defaultProvider = routing.defaultProvider ?? providers[0]?.name ?? null;
  const ledger = deps.ledger?.health() ?? null;
  // Read after the workers were asked, since only then it is known which of them answer.
  const workers = deps.workers?.();
  const unread = deps.budgetsUnread();
  const redis = deps.remoteCount();
  const refused = deps.refusedChange?.() ?? null;
  const tls = server.tls === null ? null : certificateState(server.tls, deps.now());
  const reasons = [
    ...failureOf(defaultProvider, states, disabled),
    ...missing(workers),
    refused !== null &&
      `a change of the configuration is refused, and what was valid before stays in use: ${refused}`,
    ledger?.ok === false &&
      `the ledger cannot be written (${ledger.lastError ?? 'no reason known'}); requests are served, and ${ledger.queued + ledger.spilled} rows wait`,
    unread !== null && `the budgets cannot be read: ${unread}`,
    redis?.ok === false && `this gateway counts rate limits for itself alone: ${redis.lastError}`,
    log?.ok === false && `lines of the log are lost: ${log.lastError}`,
    descriptors?.ok === false && `${descriptors.lastError}`,
    tls?.ok === false && `${tls.last_error}`,
  ].filter((reason) => reason !== false);
  return {
    status: reasons.length > 0 ? 'degraded' : 'healthy',
    reasons,
    version: deps.version,
    uptime_seconds: Math.floor(deps.uptimeMs() / 1000),
    active_streams: running.length,
    ...(workers !== undefined && { workers }),
    providers: Object.fromEntries(states.map(({ name, healthy }) => [name, healthy])),
    routing: { default_provider: defaultProvider, fallback_chain: routing.fallbackChain },
    audit: {
      enabled: deps.ledger !== null,
      log_request_bodies: audit.logRequestBodies,
      log_response_bodies: audit.logResponseBodies,
    },
    ...(costs.budgets.length > 0 && { budgets: { ok: unread === null, last_error: unread } }),
    ledger: ledger && {
      ok: ledger.ok,
      queued: ledger.queued,
      spilled: ledger.spilled,
      spilled_bytes: ledger.spilledBytes,
      dropped: ledger.dropped,
      last_error: ledger.lastError,
      notices: ledger.notices,
    },
    ...(redis !== null && { redis: { ok: redis.ok, last_error: redis.lastError } }),
    ...(tls && { tls }),
    ...(log && { log: { ok: log.ok, dropped: log.dropped, last_error: log.lastError } }),
    ...(descriptors && { descriptors: { ok: descriptors.ok, last_error: descriptors.lastError } }),
  };
}

/** Says why a request that names no other provider cannot be answered; returns nothing where it can. */
function failureOf(
  byDefault: string | null,
  states: readonly ProviderState[],
  disabled: ResolvedConfig['disabled'],
): string[] {
  if (byDefault === null)
    return [
      'no provider is configured: set a key such as ANTHROPIC_API_KEY, or add one to the configuration',
    ];
  const state = states.find(({ name }) => name === byDefault);
  if (state?.healthy === true) return [];
  const reason = state?.lastError ?? disabled.find(({ name }) => name === byDefault)?.reason;
  const what = `the default provider ${byDefault} ${state === undefined ? 'is disabled' : 'fails'}`;
  return [reason === undefined ? what : `${what} (${reason})`];
}

function missing(workers: WorkerCount | undefined): string[] {
  if (workers === undefined) return [];
  const { wanted, running, starting, silent } = workers;
  const processes = silent === 1 ? 'worker process answers' : 'worker processes answer';
  return [
    running + starting < wanted && `${running} of ${wanted} worker processes run; others are being started`,
    silent > 0 &&
      `${silent} ${processes} nothing at the moment: their requests are missing in these pages, and one that stays silent is replaced`,
  ].filter((reason) => reason !== false);
}

/** Describes the certificate that new connections are shown. If a renewed one was refused, the log says so. */
function certificateState({ files, validUntil }: TlsConfig, now: number): Required<Health>['tls'] {
  const valid_until = new Date(validUntil).toISOString();
  const ok = now < validUntil;
  const expired = `the certificate in ${files.cert} expired on ${valid_until}: clients refuse it; renew it`;
  return { ok, valid_until, last_error: ok ? null : expired };
}
