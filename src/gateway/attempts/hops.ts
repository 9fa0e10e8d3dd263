// Counts how many gateways a request has passed through, so that it does not circle among them for ever.
import { GatewayError } from '../../model/errors.ts';
import type { HeaderList } from '../../model/header-list.ts';
import type { HeaderReader } from '../../model/headers.ts';
import type { Target } from '../../routing/targets.ts';

const HOPS_HEADER = 'x-sluice-hops';
/** More than anybody puts in a row. */
const MOST_HOPS = 8;

/**
 * Counts this gateway in the headers of a request to another gateway. Throws GatewayError `unsupported_feature` where the request has
 * passed through too many.
 * @param asked the headers that the client sent; undefined: asked through the library.
 */
export function countHop(headers: HeaderList, asked: HeaderReader | undefined, { provider }: Target): void {
  if (provider.isGateway !== true) return;
  // Whatever a client writes there, the count starts at zero at least.
  const passed = Number(/^\d+$/.exec(asked?.get(HOPS_HEADER) ?? '')?.[0] ?? 0);
  if (passed >= MOST_HOPS) {
    throw new GatewayError(
      'unsupported_feature',
      `the request has passed ${passed} gateways already and is not sent on to ${provider.name}: they seem to lead to one another; correct base_url of one of them`,
    );
  }
  headers.set(HOPS_HEADER, String(passed + 1));
}
