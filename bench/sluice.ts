// Sluice as it starts for users, in front of one provider: the launcher, and what `npm run build` made.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { behaviourPrefix } from './behaviour.ts';
import { type ChildOptions, startChild } from './child.ts';
import {
  type Contender,
  PROXY_CORE,
  readPort,
  type Role,
  type RunContext,
  runningOf,
  type Running,
} from './contender.ts';
import { type ClientId, type ProviderId, PROVIDERS } from './fixtures.ts';
import { childOf } from './process-stats.ts';

const ROOT = join(import.meta.dir, '..');

export interface SluiceOptions {
  /** Default: one of the pair. */
  name?: string;
  /** Default: `gateway`. */
  role?: Role;
  /** Default: all of a measure. */
  rounds?: number;
  /** Of the tree that is run; default: this one. */
  root?: string;
  /** Default: all that is on by default. */
  audit?: object;
  /** Default: 1. */
  workers?: number;
  /** Default: one worker has one core to itself, several have all. */
  cores?: 'one' | 'all';
  /** In addition to its usual environment. */
  environment?: Record<string, string>;
  /** For the runtime, which then runs the source: what it writes of a program names the source's own lines. */
  runtimeFlags?: readonly string[];
}

export function sluiceContender(
  client: ClientId,
  provider: ProviderId,
  options: SluiceOptions = {},
): Contender {
  const { name = pairName(client, provider), root = ROOT, workers = 1, runtimeFlags } = options;
  const { cores = workers === 1 ? 'one' : 'all' } = options;
  return {
    name,
    role: options.role ?? 'gateway',
    ...(options.rounds === undefined ? {} : { rounds: options.rounds }),
    client,
    provider,
    async start(run) {
      const file = join(run.directory, 'sluice.json');
      writeFileSync(file, configuration(provider, run, options.audit ?? {}));
      // Versions before workers have one process.
      const count = existsSync(join(root, 'src/workers')) ? ['--workers', String(workers)] : [];
      const serve = ['serve', ...count, '--config', file];
      const settings = {
        ...(cores === 'one' ? { core: PROXY_CORE } : {}),
        environment: { SLUICE_HOME: homeIn(run.directory), ...options.environment },
      };
      if (runtimeFlags === undefined) return launch(root, serve, settings);
      const source = [process.execPath, ...runtimeFlags, join(root, 'src/main.ts'), ...serve];
      const child = startChild(source, settings);
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

/** Without a configuration file, on any core. */
export function startUnconfigured(directory: string): Promise<Running> {
  return launch(ROOT, ['serve', '--port', '0', '--workers', '1'], {
    environment: { SLUICE_HOME: homeIn(directory) },
  });
}

/** Builds the program that the launcher runs; an older tree without a build runs its source. */
export function buildProgram(root = ROOT): void {
  // Written by this project.
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  if (scripts.build === undefined) return;
  const { success, stderr } = Bun.spawnSync(['npm', 'run', '-s', 'build'], { cwd: root });
  if (!success) throw new Error(`npm run build in ${root}: ${stderr.toString().trim()}`);
}

/** The process that is measured is the launcher's child: the launcher itself only waits for it. */
async function launch(root: string, args: readonly string[], settings: ChildOptions): Promise<Running> {
  const launcher = startChild(['node', join(root, 'bin/sluice'), ...args], {
    ...settings,
    // Otherwise it would outlive a killed benchmark.
    environment: { ...settings.environment, npm_lifecycle_event: 'bench' },
  });
  const port = await readPort(launcher);
  return { ...runningOf(launcher, port), pid: childOf(launcher.pid) };
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
