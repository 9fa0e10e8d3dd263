// What all forwarded requests have in common, WebSockets included: their exchange, and when they need a provider's key of the client's own.
import type { ResolvedConfig } from '../../config/resolved.ts';
import type { FoundForward } from '../../dialects/find-route.ts';
import { GatewayError } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import type { Target } from '../../routing/targets.ts';
import { type Asking, clientKeyFor } from '../attempts/credentials.ts';
import type { Question } from '../attempts/plan.ts';
import type { Exchange } from '../attempts/try-context.ts';
import type { RequestAddress } from '../request/request-address.ts';
import type { MakeBody } from '../response/byte-source.ts';

export interface Forwarding extends Omit<Exchange, 'question' | 'route' | 'pingIntervalMs' | 'maxEvent'> {
  request: Request;
  headers: HeaderReader;
  address: RequestAddress;
  found: FoundForward;
  config: ResolvedConfig;
  /** The project of the presented key; null: no key, or the operator's. */
  project: string | null;
  /** Whether there is a ledger. */
  isRecorded: boolean;
  /** Called once the provider is known. */
  routed(): void;
  makeBody: MakeBody;
}

/** Most of these requests change something at the provider, so the client has to decide whether to send one again. */
export function onlyOnce(thrown: unknown): never {
  throw thrown instanceof GatewayError ? thrown.with(thrown.message, { lasting: true }) : thrown;
}

/** Stands for the question of a forwarded request, which is not parsed. */
export const UNASKED: Question = {
  incoming: null,
  neutral() {
    throw new GatewayError('internal', 'a forwarded request is not parsed');
  },
  stream: false,
};

/**
 * Throws `forbidden` if the client brings no key of its own for the provider: with the gateway's key, each project could use what belongs
 * to another.
 * @param what all projects would share, for the message.
 */
export function requireOwnKey(asked: AskedWith, what: string): void {
  if (hasOwnKey(asked)) return;
  throw new GatewayError(
    'forbidden',
    `${what} cannot be reached with a project's key, since all projects would share it; send a provider's key of your own besides x-sluice-key, or one of server.keys`,
  );
}

export interface AskedWith {
  asking: Asking | null;
  target: Target;
  serverKeys: readonly string[];
}

export function hasOwnKey({ asking, target, serverKeys }: AskedWith): boolean {
  return clientKeyFor(asking, target, { serverKeys, first: target }) !== null;
}
