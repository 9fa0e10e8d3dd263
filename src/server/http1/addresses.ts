// The addresses of a name: looked up through the system's resolver, as other programs do, and remembered for a while.
import { dns } from 'bun';
import { net } from '../node-modules.ts';
import { codeOf } from '../../model/thrown.ts';

/** The same time for which the runtime's own fetch remembers them. */
const REMEMBERED_MS = 30_000;
/** getaddrinfo's code; a name server that was asked and is silent takes seconds. */
const NO_NAME_SERVER = 'EAI_AGAIN';
const AT_ONCE_MS = 1_000;
/** How long an address that accepts connections and then serves none is tried last. */
const DOUBTED_MS = 5 * 60_000;
/** `localhost` is this machine, whatever a name server says. https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
const LOOPBACK = ['127.0.0.1', '::1'];

interface Found {
  address: string;
  family: 4 | 6;
}

/** A name that has no address, or that could not be looked up. */
class NameError extends Error {
  override readonly name = 'NameError';
  readonly code: string;
  /** No name server could be asked, which the system said at once: a machine without a network. */
  offline: boolean;

  constructor(message: string, code: string, { cause, offline }: { cause: unknown; offline: boolean }) {
    super(message, { cause });
    this.code = code;
    this.offline = offline;
  }
}

export class Addresses {
  private readonly hostname: string;
  private readonly elapsed: () => number;
  private asked: Promise<readonly string[]> | null = null;
  private found: readonly string[] | null;
  private foundUntil = Number.POSITIVE_INFINITY;
  /** Until when each is tried last. */
  private readonly doubted = new Map<string, number>();

  /** @param elapsed milliseconds that never jump back. */
  constructor(hostname: string, elapsed: () => number) {
    this.hostname = hostname;
    this.elapsed = elapsed;
    this.found = net().isIP(hostname) !== 0 ? [hostname] : hostname === 'localhost' ? LOOPBACK : null;
  }

  /** In the order in which they are to be tried; null where a lookup is needed. */
  get known(): readonly string[] | null {
    return this.elapsed() < this.foundUntil ? this.found : null;
  }

  /** At least one. Rejects with an Error whose `code` is getaddrinfo's. */
  find(): Promise<readonly string[]> {
    this.asked ??= this.ask();
    return this.asked;
  }

  /** To be called when none of them answered: the name may have moved. */
  forget(): void {
    if (this.foundUntil !== Number.POSITIVE_INFINITY) this.foundUntil = 0;
  }

  /** Whether the name server is being waited for. */
  get isBeingFound(): boolean {
    return this.asked !== null;
  }

  /**
   * To be called when this one accepted a connection over which TLS did not come to stand: others may be in order, or, behind the login
   * page of a network, the name server may have made this one up.
   */
  doubt(address: string): void {
    this.doubted.set(address, this.elapsed() + DOUBTED_MS);
    if (this.found !== null) this.found = this.ordered(this.found);
    this.forget();
  }

  /** Those that are in doubt come last. */
  private ordered(found: readonly string[]): readonly string[] {
    const now = this.elapsed();
    for (const [address, until] of this.doubted) if (until <= now) this.doubted.delete(address);
    if (this.doubted.size === 0) return found;
    const isDoubted = (address: string) => this.doubted.has(address);
    return [...found.filter((address) => !isDoubted(address)), ...found.filter(isDoubted)];
  }

  private async ask(): Promise<readonly string[]> {
    const { hostname } = this;
    const began = this.elapsed();
    try {
      this.found = this.ordered(alternating(await dns.lookup(hostname, { backend: 'system' })));
      this.foundUntil = this.elapsed() + REMEMBERED_MS;
      return this.found;
    } catch (thrown) {
      const code = codeOf(thrown) ?? 'ENOTFOUND';
      const offline = code.endsWith(NO_NAME_SERVER) && this.elapsed() - began < AT_ONCE_MS;
      throw new NameError(`the name ${hostname} has no address`, code.replace('DNS_', ''), {
        cause: thrown,
        offline,
      });
    } finally {
      this.asked = null;
    }
  }
}

/** Alternates the two families, so that a broken one costs a single wait. */
export function alternating(found: readonly Found[]): string[] {
  const first = found[0]?.family;
  const preferred = found.filter(({ family }) => family === first);
  const others = found.filter(({ family }) => family !== first);
  return preferred
    .flatMap((each, at) => [each, ...others.slice(at, at + 1)])
    .concat(others.slice(preferred.length))
    .map(({ address }) => address);
}
