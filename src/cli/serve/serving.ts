// How requests are served: by this process, or by workers that it starts.
import type { ResolvedConfig } from '../../config/resolved.ts';
import type { Log } from '../../server/log.ts';
import type { EndTimes } from '../../workers/protocol.ts';

export interface Serving {
  port: number;
  /** `http://HOST:PORT`, or `https://`. */
  url: string;
  /** Applies to new requests once it has resolved. */
  reload(config: ResolvedConfig): void | Promise<void>;
  activeStreams(): number | Promise<number>;
  /** Resolves when no request can be served any more, to the reason. Left out: that does not happen. */
  lost?: Promise<Error>;
  /**
   * For `delayMs` it serves on, and tells load balancers to go elsewhere. Then it accepts no new requests, lets running ones
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

/** A changed configuration with the ledger opened at the start: a running server keeps it. */
export function withLedgerOf({ audit }: ResolvedConfig, changed: ResolvedConfig): ResolvedConfig {
  const { enabled, store } = audit;
  return { ...changed, audit: { ...changed.audit, enabled, store } };
}

/** A changed configuration with the scheme of the one in use: where it would be another, the certificate stays too. */
export function withSchemeOf({ server: { tls } }: ResolvedConfig, changed: ResolvedConfig): ResolvedConfig {
  if ((tls === null) === (changed.server.tls === null)) return changed;
  return { ...changed, server: { ...changed.server, tls } };
}
