// GET /gateway/health: answered from memory alone, without asking a store or a provider.
import type { TlsConfig } from '../config/resolved.ts';
import type { ManagementDeps } from './management.ts';

export async function readHealth(deps: ManagementDeps): Promise<object> {
  const { providers, routing, audit, costs, server } = deps.config();
  const [states, running, log, descriptors] = await Promise.all([
    deps.providerStates(providers),
    deps.running.list(),
    deps.log?.(),
    deps.descriptors?.(),
  ]);
  const defaultProvider = routing.defaultProvider ?? providers[0]?.name ?? null;
  const ledger = deps.ledger?.health() ?? null;
  // A disabled provider is not among the states.
  const isUp = states.some(({ name, healthy }) => name === defaultProvider && healthy);
  // Read after the workers were asked, when it is known which of them answer.
  const workers = deps.workers?.();
  const fewer = workers !== undefined && workers.running - workers.silent < workers.wanted;
  const unread = deps.budgetsUnread();
  const redis = deps.remoteCount();
  const tls = server.tls === null ? null : certificateState(server.tls, deps.now());
  const degraded =
    !isUp ||
    fewer ||
    ledger?.ok === false ||
    unread !== null ||
    redis?.ok === false ||
    log?.ok === false ||
    descriptors?.ok === false ||
    tls?.ok === false;
  return {
    status: degraded ? 'degraded' : 'healthy',
    version: deps.version,
    uptime_seconds: Math.floor(deps.uptimeMs() / 1000),
    active_streams: running.length,
    ...(workers === undefined ? {} : { workers }),
    providers: Object.fromEntries(states.map(({ name, healthy }) => [name, healthy])),
    routing: { default_provider: defaultProvider, fallback_chain: routing.fallbackChain },
    audit: {
      enabled: deps.ledger !== null,
      log_request_bodies: audit.logRequestBodies,
      log_response_bodies: audit.logResponseBodies,
    },
    ...(costs.budgets.length === 0 ? {} : { budgets: { ok: unread === null, last_error: unread } }),
    ledger:
      ledger === null
        ? null
        : {
            ok: ledger.ok,
            queued: ledger.queued,
            spilled: ledger.spilled,
            spilled_bytes: ledger.spilledBytes,
            dropped: ledger.dropped,
            last_error: ledger.lastError,
            notices: ledger.notices,
          },
    ...(redis === null ? {} : { redis: { ok: redis.ok, last_error: redis.lastError } }),
    ...(tls === null ? {} : { tls }),
    ...(log === undefined ? {} : { log: { ok: log.ok, dropped: log.dropped, last_error: log.lastError } }),
    ...(descriptors === undefined
      ? {}
      : { descriptors: { ok: descriptors.ok, last_error: descriptors.lastError } }),
  };
}

/** Of the certificate that new connections are shown: a renewed one that was refused is in the log. */
function certificateState(
  { files, validUntil }: TlsConfig,
  now: number,
): { ok: boolean; valid_until: string; last_error: string | null } {
  const valid_until = new Date(validUntil).toISOString();
  const ok = now < validUntil;
  const expired = `the certificate in ${files.cert} expired on ${valid_until}: clients refuse it; renew it`;
  return { ok, valid_until, last_error: ok ? null : expired };
}
