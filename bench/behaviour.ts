// What the upstream does with a request, by the first segment of its path.
import { PROVIDER_IDS, type ProviderId, PROVIDERS } from './fixtures.ts';

const BEHAVIOUR_KINDS = ['plain', 'stream', 'asked', 'paced', 'long', 'argument'] as const;

export interface Behaviour {
  kind: (typeof BEHAVIOUR_KINDS)[number];
  /**
   * Of `stream` and `asked`: deltas, all at once. Of `paced`: deltas a second, after a first one at once, until the
   * client leaves. Of `long` and `argument`: megabytes. Of `plain`: nothing.
   *
   * `plain` answers whole, `asked` whole where the request asks for no stream; `long` streams text, `argument` one
   * call of a tool.
   */
  amount: number;
}

export function behaviourPrefix({ kind, amount }: Behaviour): string {
  return `/${kind}-${amount}`;
}

/** Behaviour and dialect of a request's path, undefined where it is none of the upstream's. */
export function parsePath(path: string): { behaviour: Behaviour; dialect: ProviderId } | undefined {
  const [, word, number, rest = ''] = /^\/([a-z]+)-(\d+)(\/.*)$/.exec(path) ?? [];
  const kind = BEHAVIOUR_KINDS.find((known) => known === word);
  const dialect = PROVIDER_IDS.find((id) => {
    const { basePath, paths } = PROVIDERS[id];
    return rest.startsWith(basePath) && paths.test(rest.slice(basePath.length));
  });
  const amount = Number(number);
  if (kind === undefined || dialect === undefined || (kind !== 'plain' && amount === 0)) return undefined;
  return { behaviour: { kind, amount }, dialect };
}
