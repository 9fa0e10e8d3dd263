// Sluice as it starts for users, in front of one provider.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { behaviourPrefix } from './behaviour.ts';
import { startChild } from './child.ts';
import {
  type Contender,
  PROXY_CORE,
  readPort,
  type RunContext,
  runningOf,
  type Running,
} from './contender.ts';
import { type ClientId, type ProviderId, PROVIDERS } from './fixtures.ts';

const ROOT = join(import.meta.dir, '..');

export interface SluiceOptions {
  /** Default: one of the pair. */
  name?: string;
  /** Of the tree that is run; default: this one. */
  root?: string;
  /** Default: all that is on by default. */
  audit?: object;
  /** Default: 1. */
  workers?: number;
  /** For the runtime, before the program's name. */
  runtimeFlags?: readonly string[];
}

export function sluiceContender(
  client: ClientId,
  provider: ProviderId,
  options: SluiceOptions = {},
): Contender {
  const { name = pairName(client, provider), root = ROOT, workers = 1, runtimeFlags = [] } = options;
  return {
    name,
    client,
    provider,
    async start(run) {
      const file = join(run.directory, 'sluice.json');
      writeFileSync(file, configuration(provider, run, options.audit ?? {}));
      // Before there were workers there was one process.
      const count = existsSync(join(root, 'src/workers')) ? ['--workers', String(workers)] : [];
      const serve = [...runtimeFlags, join(root, 'src/main.ts'), 'serve', ...count, '--config', file];
      const child = startChild([process.execPath, ...serve], {
        // Several workers are there for several cores.
        ...(workers === 1 ? { core: PROXY_CORE } : {}),
        environment: { SLUICE_HOME: homeIn(run.directory) },
      });
      return runningOf(child, await readPort(child));
    },
  };
}

export const PASSTHROUGH = 'passthrough';

export function pairName(client: ClientId, provider: ProviderId): string {
  if (client === provider && client === 'anthropic-messages') return PASSTHROUGH;
  return `${shortName(client)} → ${shortName(provider)}`;
}

function shortName(dialect: ClientId | ProviderId): string {
  return dialect === 'openai-responses' ? 'responses' : PROVIDERS[dialect].provider;
}

/** `npm start`'s way: the Node launcher, on any core. */
export async function startLauncher(directory: string): Promise<Running> {
  const child = startChild(['node', join(ROOT, 'bin/sluice'), 'serve', '--port', '0', '--workers', '1'], {
    environment: { SLUICE_HOME: homeIn(directory) },
  });
  return runningOf(child, await readPort(child));
}

function homeIn(directory: string): string {
  const home = join(directory, 'home');
  mkdirSync(home, { recursive: true });
  return home;
}

/** Everything that is on by default stays on: ledger with bodies, prices, tap. */
function configuration(dialect: ProviderId, { upstreamPort, behaviour }: RunContext, audit: object): string {
  const { provider, basePath } = PROVIDERS[dialect];
  const baseUrl = `http://127.0.0.1:${upstreamPort}${behaviourPrefix(behaviour)}${basePath}`;
  return JSON.stringify({
    server: { port: 0 },
    providers: { [provider]: { base_url: baseUrl, api_key: 'benchmark-provider' } },
    routing: { default_provider: provider },
    audit,
  });
}
