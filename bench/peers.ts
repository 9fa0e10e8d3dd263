// Other gateways, in front of the same upstream: those that are installed in the folder that SLUICE_BENCH_PEERS names.
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { behaviourPrefix } from './behaviour.ts';
import { startChild } from './child.ts';
import { type Contender, freePort, PROXY_CORE, runningOf, untilListening } from './contender.ts';
import { type ClientId, type ProviderId, PROVIDERS } from './fixtures.ts';
import { litellm } from './peers/litellm.ts';
import type { Peer, PeerOrigin } from './peers/peer.ts';
import { portkey } from './peers/portkey.ts';
import { pairName, PASSTHROUGH } from './sluice.ts';

export const PEERS: readonly Peer[] = [portkey, litellm];
export const PEERS_VARIABLE = 'SLUICE_BENCH_PEERS';

export function findPeers(folder = process.env[PEERS_VARIABLE]): {
  contenders: Contender[];
  missing: string[];
} {
  const found = (peer: Peer) => folder !== undefined && existsSync(join(folder, peer.program));
  return {
    contenders: PEERS.filter(found).flatMap((peer) =>
      peer.pairs.map((pair) => contenderOf(peer, resolve(folder ?? '', peer.program), ...pair)),
    ),
    missing: PEERS.filter((peer) => !found(peer)).map(({ name }) => name),
  };
}

function contenderOf(peer: Peer, program: string, client: ClientId, provider: ProviderId): Contender {
  const pair = pairName(client, provider);
  return {
    name: pair === PASSTHROUGH ? peer.name : `${peer.name}, ${pair}`,
    role: pair === PASSTHROUGH ? 'peer' : 'translating peer',
    // They are only compared with, and some take ten seconds to start.
    rounds: 1,
    client,
    provider,
    async start({ directory, upstreamPort, behaviour }) {
      const port = await freePort();
      const origin: PeerOrigin = {
        url: `http://127.0.0.1:${upstreamPort}${behaviourPrefix(behaviour)}`,
        provider,
        model: PROVIDERS[provider].model,
      };
      for (const [name, text] of Object.entries(peer.files(origin)))
        writeFileSync(join(directory, name), text);
      const child = startChild(peer.command(program, port), {
        core: PROXY_CORE,
        directory,
        readsLines: false,
        environment: { ...peer.environment, HOME: directory },
      });
      await untilListening(port);
      return { ...runningOf(child, port), headers: peer.headers(origin) };
    },
  };
}
