// Sluice as a library: the gateway as one function from Request to Response, and one streaming interface over all providers. It needs only
// web standards; examples/embed.ts shows both.
import { parseConfig } from './config/parse.ts';
import { formatKeyPath, withoutKeys } from './config/problem.ts';
import { resolveConfig } from './config/resolve.ts';
import type { ConfigInput } from './config/schema.ts';
import { createGateway as createGatewayOn, type Gateway } from './gateway/gateway.ts';
import { createWebHost, type GatewayHost, type HostOverrides } from './gateway/host.ts';
import { runTransformer } from './transformers/run-module.ts';
import type { UserTransformer } from './transformers/user-module.ts';
import type { ConfigProblem } from './config/problem.ts';
import type { ResolvedConfig } from './config/resolved.ts';
import { createSimulator, createSleep } from './simulator/index.ts';
import { fetchSimulator, withSimulator } from './simulator/transport.ts';
import { createFetchTransport } from './upstream/fetch-transport.ts';

export type { ConfigInput } from './config/schema.ts';
export type { Gateway } from './gateway/gateway.ts';
export type { Ask } from './gateway/request/ask.ts';
export type { GatewayHost, HostOverrides } from './gateway/host.ts';
export type * from './model/content.ts';
export { type ErrorCode, GatewayError } from './model/errors.ts';
export type { StreamEvent } from './model/events.ts';
export type { Finish } from './model/finish.ts';
export type * from './model/request.ts';
export type { Usage } from './model/usage.ts';
export type {
  UserAnswer,
  UserContext,
  UserEvent,
  UserTransformer,
  UserTransformerExport,
} from './transformers/user-module.ts';

export interface LibraryOptions {
  /** Where `env:NAME` and the key variables of known providers are looked up, e.g. `process.env`. Default: nowhere. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** Parts of the world to replace: fetch, clock, log, a ledger store. */
  host?: HostOverrides;
  /** Transformers of your own, by the name that `transformers:` calls them by, such as `./shout`. */
  transformers?: Readonly<Record<string, UserTransformer>>;
}

/**
 * A gateway without a port. Without a ledger store (`options.host.ledgerStore`) nothing is recorded.
 *
 * @param config shaped like `sluice.yaml`: docs/configuration.md. Without any provider the simulator answers.
 * @throws Error that names every key that is wrong, one per line.
 * @example
 * const gateway = createGateway({}, { environment: process.env });
 * Bun.serve({ fetch: gateway.fetch });
 */
export function createGateway(config: ConfigInput = {}, options: LibraryOptions = {}): Gateway {
  const web = createWebHost(options.host);
  const simulator = createSimulator({ ...web, sleep: createSleep(web.setTimer) });
  const simulated = createFetchTransport(fetchSimulator(simulator));
  const host: GatewayHost = { ...web, send: withSimulator(simulated, web.send) };
  const parsed = parseConfig(config);
  const problems = [...parsed.problems];
  if (parsed.file !== null) {
    const readFile = (path: string): never => {
      throw new Error(`file:${path} is not available to an embedded gateway`);
    };
    const sources = { environment: options.environment ?? {}, readFile, credential: null };
    const resolution = resolveConfig(parsed.file, sources);
    problems.push(...resolution.problems);
    const { enabled, ...audit } = resolution.config.audit;
    const usable = {
      ...resolution.config,
      audit: { ...audit, enabled: enabled && host.ledgerStore !== null },
    };
    problems.push(...bindTransformers(resolution.config, options.transformers ?? {}));
    if (!problems.some((problem) => problem.severity === 'fatal')) return createGatewayOn(usable, host);
  }
  const lines = problems
    .map(withoutKeys)
    .map(({ severity, path, message }) => `${severity}: ${formatKeyPath(path)}: ${message}`);
  throw new Error(`the configuration is not valid:\n${lines.join('\n')}`);
}

/** An embedded gateway reads no files: it is given what they would contain. */
function bindTransformers(
  config: ResolvedConfig,
  given: Readonly<Record<string, UserTransformer>>,
): ConfigProblem[] {
  return config.transformers.modules.flatMap((module): ConfigProblem[] => {
    const { file, path } = module;
    const transformer = Object.hasOwn(given, file) ? given[file] : undefined;
    if (transformer === undefined) {
      const message = `${file} is not given: pass it to createGateway as options.transformers["${file}"]`;
      return [{ severity: 'fatal', path: [...path], message }];
    }
    module.code = runTransformer(transformer);
    return [];
  });
}
