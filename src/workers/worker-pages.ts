// The gateway's own pages at a worker: the primary has them, except the live view, which is watched where the client is connected.
import type { Watchers } from '../gateway/live/watchers.ts';
import type { Manage } from '../management/management.ts';
import { watchStreams } from '../management/streams.ts';
import type { Channel } from './channel.ts';
import { pageBody } from './page-pieces.ts';
import type { PrimaryMethods } from './protocol.ts';

const LIVE_PATH = '/gateway/streams/live';

/**
 * Resolves to undefined for other paths.
 * @param known resolves when all workers know whether anybody watches here.
 */
export function createWorkerPages(
  primary: Pick<Channel<PrimaryMethods>, 'call' | 'notify'>,
  watchers: Watchers,
  known: () => Promise<void>,
): Manage {
  const pages = {
    next: (page: number) => primary.call('nextPiece', page),
    leave: (page: number) => primary.notify('leavePage', page),
  };

  async function watch(): Promise<Response> {
    const watching = watchStreams(watchers);
    // Requests that begin in any worker from now on are seen.
    await known();
    return watching;
  }

  return async ({ method }, { pathname, search }, project) => {
    if (pathname === LIVE_PATH && method === 'GET') return watch();
    if (pathname !== '/gateway' && !pathname.startsWith('/gateway/') && pathname !== '/metrics')
      return undefined;
    const page = await primary.call('page', { method, path: pathname + search, project });
    if (page === undefined) return undefined;
    const { status, headers } = page;
    return new Response(method === 'HEAD' ? null : pageBody(page, pages), { status, headers });
  };
}
