// The interface of adapters to other gateways: how one is installed, started and called. To add one, write its adapter
// and list it in bench/peers.ts.
import type { ClientId, ProviderId } from '../fixtures.ts';

export interface Peer {
  name: string;
  version: string;
  /** The program that runs it, in the peers' folder: where it is missing, the peer is not installed. */
  program: string;
  /** Commands for a shell, run in the peers' folder. */
  install: string;
  /** What clients ask and providers speak. The first is compared in every scenario, others by CPU per event. */
  pairs: readonly [client: ClientId, provider: ProviderId][];
  /** Files of the run's own folder, which is also where it runs, by name. */
  files(origin: PeerOrigin): Record<string, string>;
  /** @param program absolute. */
  command(program: string, port: number): string[];
  environment: Record<string, string>;
  /** What clients send beside, or instead of, what their dialect's SDK does. */
  headers(origin: PeerOrigin): Record<string, string>;
}

/** The upstream. */
export interface PeerOrigin {
  /** With the path below which it answers, without what the provider's dialect adds. */
  url: string;
  provider: ProviderId;
  model: string;
}
