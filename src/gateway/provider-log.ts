// What the log says of a provider: that it fails, that it works again, that one of its keys is no longer used.
import type { ProviderNews } from '../upstream/provider-memory.ts';
import type { GatewayHost } from './host.ts';

const STILL_ASKED = 'a provider fails, and is asked all the same, as it has no breaker';

/** @param redact removes secrets: a provider's words may quote them. */
export function createProviderLog(
  log: GatewayHost['log'],
  redact: (text: string) => string,
): (provider: string, news: ProviderNews) => void {
  return (provider, news) => {
    switch (news.what) {
      case 'fails':
        log('warn', news.isAsked ? STILL_ASKED : 'a provider fails, and is not asked for a while', {
          provider,
          error: redact(news.error),
        });
        return;
      case 'works again':
        log('info', 'a provider works again', { provider });
        return;
      case 'key set aside': {
        const { key } = news;
        const message =
          'a key of a provider is refused, or its quota is used up: it is set aside for a while';
        log('warn', message, { provider, ...(key !== undefined && { key }), error: redact(news.error) });
      }
    }
  };
}
