// The addresses of a name: looked up through the system's resolver, as other programs do, and remembered for a while.
import { dns } from 'bun';
import { net } from '../node-modules.ts';
import { codeOf } from '../../model/thrown.ts';

/** As long as the runtime's own fetch remembers them. */
const REMEMBERED_MS = 30_000;
/** getaddrinfo's code; a name server that was asked and is silent takes seconds. */
const NO_NAME_SERVER = 'EAI_AGAIN';
const AT_ONCE_MS = 1_000;
/** How long an address that accepts connections without serving any is tried last. */
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
  /** Whether no name server could be asked, which the system said at once: a machine without a network. */
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

  /** In the order in which they are to be tried; null if a lookup is needed. */
  get known(): readonly string[] | null {
    return this.elapsed() < this.foundUntil ? this.found : null;
  }

  /** At least one. Rejects with an Error whose `code` is getaddrinfo's. */
  find(): Promise<readonly string[]> {
    this.asked ??= this.ask();
    return this.asked;
  }

  /** To be called when none of them answered, since the name may have moved. */
  forget(): void {
    if (this.foundUntil !== Number.POSITIVE_INFINITY) this.foundUntil = 0;
  }

  /** Whether the name server is being waited for. */
  get isBeingFound(): boolean {
    return this.asked !== null;
  }

  /**
   * To be called when this address accepted a connection on which TLS could not be established: others may work, or, behind a network's
   * login page, the name server may have made this one up.
   */
  doubt(address: string): void {
    this.doubted.set(address, this.elapsed() + DOUBTED_MS);
    if (this.found !== null) this.found = this.ordered(this.found);
    this.forget();
  }

  /** Doubtful addresses come last. */
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
