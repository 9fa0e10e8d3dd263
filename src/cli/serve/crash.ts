// How a serving process reports an uncaught error: the runtime would print it with all its fields and the secrets in them.
import type { ResolvedConfig } from '../../config/resolved.ts';
import { stackOf } from '../../gateway/response/error-response.ts';
import { secretsOfConfig } from '../../gateway/setup.ts';
import { createRedactor } from '../../model/redact/redact.ts';
import { readProxies } from '../../server/http1/proxies.ts';
import type { Log } from '../../server/log.ts';

export interface CrashOptions {
  /** The configuration in use, whose secrets are redacted. */
  config: ResolvedConfig;
  environment: Readonly<Record<string, string | undefined>>;
  log: Log;
}

export function reportCrash(thrown: unknown, { config, environment, log }: CrashOptions): void {
  const redact = createRedactor([...secretsOfConfig(config), ...readProxies(environment).secrets]);
  log('error', 'something failed that nothing caught: this process ends', { error: redact(stackOf(thrown)) });
}
