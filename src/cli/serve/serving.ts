// How requests are served: by this process or by workers that it starts.
import type { ResolvedConfig } from '../../config/resolved.ts';
import type { Log } from '../../server/log.ts';
import type { EndTimes } from '../../workers/protocol.ts';

export interface Serving {
  port: number;
  /** `http://HOST:PORT`, or `https://`. */
  url: string;
  /** Once this has resolved, the configuration applies to new requests. */
  reload(config: ResolvedConfig): void | Promise<void>;
  activeStreams(): number | Promise<number>;
  /** Resolves to the reason when no request can be served any more. Left out where that cannot happen. */
  lost?: Promise<Error>;
  /**
   * Goes on serving for `delayMs`, while load balancers are told to go elsewhere. Then it accepts no new requests, lets running ones
   * finish for `timeoutMs`, or until `sooner` resolves, and closes the ledger. Resolves to how many were cut off.
   */
  end(times: EndTimes, sooner?: Promise<void>): Promise<number>;
}

export interface ServeOptions {
  config: ResolvedConfig;
  environment: Readonly<Record<string, string | undefined>>;
  databasePath: string;
  log: Log;
  /** As in `GatewayHost`. */
  refusedChange?(): string | null;
}

/** A changed configuration with the ledger that was opened at the start, which a running server keeps. */
export function withLedgerOf({ audit }: ResolvedConfig, changed: ResolvedConfig): ResolvedConfig {
  const { enabled, store } = audit;
  return { ...changed, audit: { ...changed.audit, enabled, store } };
}

/** A changed configuration with the scheme that is in use: if it would change, the certificate stays as well. */
export function withSchemeOf({ server: { tls } }: ResolvedConfig, changed: ResolvedConfig): ResolvedConfig {
  if ((tls === null) === (changed.server.tls === null)) return changed;
  return { ...changed, server: { ...changed.server, tls } };
}
