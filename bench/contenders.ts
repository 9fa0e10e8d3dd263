// Which contenders there are: the upstream direct, behind nginx, behind a bare proxy, and behind Sluice.
import { join } from 'node:path';
import { behaviourPrefix } from './behaviour.ts';
import { startChild } from './child.ts';
import { type Contender, PROXY_CORE, readPort, runningOf } from './contender.ts';
import { findNginx, NGINX_NAME } from './nginx.ts';
import { pairName, sluiceContender } from './sluice.ts';

export const DIRECT = 'direct';
export const BARE = 'bare Bun';
/** Passthrough, with `audit.enabled: false`. */
export const NO_LEDGER = 'no ledger';
/** Passthrough, with memory in pages of 2 MB where the system has them: docs/deployment.md. */
export const LARGE_PAGES = 'large pages';
export const LARGE_PAGES_ENVIRONMENT = { MIMALLOC_ALLOW_THP: '1', MIMALLOC_PURGE_HOLES: '0' };
/** By `npm run bench:codecs`, the slowest pump between two of Anthropic's, OpenAI's and Google's dialects. */
export const SLOWEST = pairName('openai-responses', 'gemini');
export const SLOWEST_LARGE_PAGES = `${SLOWEST}, ${LARGE_PAGES}`;
/** Its provider sends a tool's arguments in fragments, as the slowest one's does not. */
export const FRAGMENTS = pairName('openai-chat', 'anthropic-messages');

const direct: Contender = {
  name: DIRECT,
  role: 'direct',
  client: 'anthropic-messages',
  provider: 'anthropic-messages',
  start: ({ upstreamPort, behaviour }) =>
    Promise.resolve({
      port: upstreamPort,
      pid: null,
      startedAt: performance.now(),
      prefix: behaviourPrefix(behaviour),
      headers: {},
      stop: () => Promise.resolve(),
    }),
};

const bare: Contender = {
  ...direct,
  name: BARE,
  role: 'bare',
  rounds: 1,
  async start({ upstreamPort, behaviour }) {
    const program = join(import.meta.dir, 'bare-proxy.ts');
    const origin = `http://127.0.0.1:${upstreamPort}${behaviourPrefix(behaviour)}`;
    const child = startChild([process.execPath, program, origin], { core: PROXY_CORE });
    return runningOf(child, await readPort(child));
  },
};

const LARGE = { role: 'large pages', environment: LARGE_PAGES_ENVIRONMENT } as const;

/** Direct is the ceiling, nginx (where it is installed) and the bare proxy are floors of what a proxy costs. */
export function findContenders(): { contenders: Contender[]; missing: string[] } {
  const nginx = findNginx();
  const contenders = [
    direct,
    ...(nginx === undefined ? [] : [nginx]),
    bare,
    sluiceContender('anthropic-messages', 'anthropic-messages'),
    sluiceContender('anthropic-messages', 'anthropic-messages', {
      name: NO_LEDGER,
      role: 'no ledger',
      audit: { enabled: false },
    }),
    sluiceContender('anthropic-messages', 'anthropic-messages', { name: LARGE_PAGES, ...LARGE }),
    sluiceContender('openai-responses', 'gemini'),
    sluiceContender('openai-responses', 'gemini', { name: SLOWEST_LARGE_PAGES, ...LARGE }),
    sluiceContender('openai-chat', 'anthropic-messages', { role: 'fragments', rounds: 1 }),
  ];
  return { contenders, missing: nginx === undefined ? [NGINX_NAME] : [] };
}
