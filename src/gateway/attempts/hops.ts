// How many gateways a request has passed, so that it does not run in a circle of them for ever.
import { GatewayError } from '../../model/errors.ts';
import type { HeaderList } from '../../model/header-list.ts';
import type { HeaderReader } from '../../model/headers.ts';
import type { Target } from '../../routing/targets.ts';

const HOPS_HEADER = 'x-sluice-hops';
/** More than anybody puts in a row. */
const MOST_HOPS = 8;

/**
 * Counts this gateway in a request to another one. Throws GatewayError `unsupported_feature` where it has passed too many.
 * @param asked as the client sent them; undefined: asked through the library.
 */
export function countHop(headers: HeaderList, asked: HeaderReader | undefined, { provider }: Target): void {
  if (provider.isGateway !== true) return;
  // Whatever a client of its own says there, it starts no lower than at none.
  const passed = Number(/^\d+$/.exec(asked?.get(HOPS_HEADER) ?? '')?.[0] ?? 0);
  if (passed >= MOST_HOPS) {
    throw new GatewayError(
      'unsupported_feature',
      `the request has passed ${passed} gateways already and is not sent on to ${provider.name}: they seem to lead to one another; correct base_url of one of them`,
    );
  }
  headers.set(HOPS_HEADER, String(passed + 1));
}
