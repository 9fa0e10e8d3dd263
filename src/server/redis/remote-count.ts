// The count of rate limits that several gateways keep together on a Redis server (docs/adr/0026).
import type { RedisConfig } from '../../config/resolved.ts';
import type {
  RemoteAnswer,
  RemoteCount,
  RemoteCountOptions,
  RemoteDebit,
  RemotePlace,
  RemoteState,
} from '../../limits/remote-count.ts';
import { isDoneWithin } from '../../model/done-within.ts';
import { setTimer } from '../loop-turn.ts';
import { Connection } from './connection.ts';
import { redisFailure } from './errors.ts';
import { examineRedis } from './examine.ts';
import { ADD, ENTER, LEAVE, READ, REGISTER, REMOVE, RENEW, type Script } from './scripts.ts';

/** How long the requests of a process count after it has last reported them. */
const LEASE_MS = 6_000;
const RENEW_MS = 2_000;
/** The pause before the first new connection; doubled for each further one. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A connection that lasted for less counts as failed, so that a server that is nearly too slow is not left and joined all the time. */
const STABLE_MS = 10_000;

/** A tag in braces keeps all keys in one slot of a cluster, which a script requires. */
const TAG = '{rate_limits}:';

export function connectRemoteCount(config: RedisConfig, options: RemoteCountOptions): RemoteCount {
  return new RedisCount(config, options);
}

class RedisCount implements RemoteCount {
  private readonly config: RedisConfig;
  private readonly options: RemoteCountOptions;
  private readonly register: string;
  private readonly id = crypto.randomUUID();
  /**
   * How many connections there were. Each has a name of its own in the register, so that what an abandoned one sent comes too late to
   * count.
   */
  private connections = 0;
  private url: string;
  /** Null: this gateway counts alone. */
  private connection: Connection | null = null;
  /** Resolves when the first connection can be used or has failed; null afterwards, and once somebody has waited for too long. */
  private opening: Promise<void> | null;
  /** What is wrong; null: nothing; undefined: not known yet. */
  private failure: string | null | undefined;
  /** The addresses at which it has answered. */
  private readonly answered = new Set<string>();
  private isClosed = false;
  private pauseMs = FIRST_PAUSE_MS;
  /** When the latest connection began to be used, by `performance.now()`. */
  private openedAt = Number.POSITIVE_INFINITY;
  private retrying: ReturnType<typeof setTimeout> | undefined;
  private readonly renewing: ReturnType<typeof setInterval>;

  constructor(config: RedisConfig, options: RemoteCountOptions) {
    this.config = config;
    this.options = options;
    this.register = `${config.prefix}${TAG}processes`;
    this.url = config.url;
    this.renewing = setInterval(() => this.renew(), RENEW_MS);
    this.renewing.unref();
    this.opening = this.open().then(() => {
      this.opening = null;
    });
  }

  enter(places: readonly RemotePlace[]): Promise<RemoteAnswer | null> | null {
    return this.isAway() ? null : this.ask(ENTER, places, performance.now()).then(readAnswer);
  }

  leave(keys: readonly string[]): void {
    void this.connection?.run(
      LEAVE,
      keys.map((key) => this.keyOf(key)),
      [this.name()],
    );
  }

  debit(debits: readonly RemoteDebit[]): void {
    void this.connection?.run(
      ADD,
      debits.map(({ key }) => this.keyOf(key)),
      debits.map(({ ms }) => String(ms)),
    );
  }

  read(places: readonly RemotePlace[]): Promise<number[] | null> | null {
    if (this.isAway()) return null;
    return this.ask(READ, places, performance.now()).then((answer) => answer?.map(Number) ?? null);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.renewing);
    clearTimeout(this.retrying);
    const last = this.connection;
    this.connection = null;
    if (last === null) return;
    await last.run(REMOVE, [this.register], [this.name()]);
    last.close();
  }

  private async ask(
    script: Script,
    places: readonly RemotePlace[],
    since: number,
  ): Promise<readonly unknown[] | null> {
    // Half of the time, so that the rest is enough for an answer. If that is too short, later requests do not wait for it.
    const { opening } = this;
    const waitMs = this.config.timeoutMs / 2;
    if (this.connection === null && opening !== null && !(await isDoneWithin(opening, waitMs, setTimer)))
      this.opening = null;
    if (this.connection === null) return null;
    const keys = [this.register, ...places.map(({ key }) => this.keyOf(key))];
    const described = places.flatMap(({ kind, share, period, most }) => [
      kind,
      String(share),
      String(period),
      String(most),
    ]);
    const answer = await this.connection.run(
      script,
      keys,
      [this.name(), String(LEASE_MS), ...described],
      since,
    );
    return Array.isArray(answer) ? answer : null;
  }

  private async open(): Promise<void> {
    this.connections += 1;
    const asked = this.url;
    const opened: Connection = new Connection({
      url: asked,
      timeoutMs: this.config.timeoutMs,
      onLost: (reason) => this.lost(opened, reason),
    });
    const before = this.nameOf(this.connections - 1);
    const sign = (keys: readonly string[], counts: readonly string[]) =>
      opened.run(REGISTER, [this.register, ...keys], [this.name(), String(LEASE_MS), before, ...counts]);
    // Shows first that the server accepts what is written.
    const isUsable = (await opened.open()) && (await sign([], [])) !== undefined;
    if (this.isClosed) opened.close();
    if (!isUsable || this.isClosed) return;
    const held = [...this.options.running()];
    void sign(
      held.map(([key]) => this.keyOf(key)),
      held.map(([, count]) => String(count)),
    );
    // What begins or ends from here on is reported on the same connection, and so after this.
    this.connection = opened;
    this.answered.add(asked);
    this.openedAt = performance.now();
    this.note(null);
  }

  private lost(from: Connection, reason: string | undefined): void {
    if (this.connection === from) this.connection = null;
    if (this.isClosed) return;
    if (performance.now() - this.openedAt > STABLE_MS) this.pauseMs = FIRST_PAUSE_MS;
    this.openedAt = Number.POSITIVE_INFINITY;
    const asked = this.url;
    const [, node] = /^MOVED \d+ (\S+)$/.exec(reason ?? '') ?? [];
    // A node of a cluster names the one that has the keys. If that one fails, the configured one is asked again.
    this.url = node === undefined ? this.config.url : atNode(this.config.url, node);
    const isOther = this.url !== asked && node !== undefined;
    // Its data was deleted, so what runs here has to be reported again.
    const isEmptied = reason?.startsWith('UNREGISTERED') === true;
    const isAtOnce = (isOther || isEmptied) && this.pauseMs === FIRST_PAUSE_MS;
    this.retrying = setTimeout(() => void this.open(), isAtOnce ? 0 : this.pauseMs);
    this.pauseMs = Math.min(LONGEST_PAUSE_MS, this.pauseMs * 2);
    if (!isAtOnce) void this.explain(asked, reason);
  }

  private async explain(asked: string, reason: string | undefined): Promise<void> {
    const found = reason ?? (await examineRedis(asked)) ?? 'the connection was closed';
    if (this.connection === null) this.note(redisFailure(asked, found, this.answered.has(asked)));
  }

  private note(found: string | null): void {
    if (this.isClosed || this.failure === found) return;
    this.failure = found;
    this.options.changed({ ok: found === null, lastError: found });
  }

  /** Also shows whether the server answers while no request comes. */
  private renew(): void {
    if (this.connection === null) return;
    const keys = [this.register, ...[...this.options.running().keys()].map((key) => this.keyOf(key))];
    void this.connection.run(RENEW, keys, [this.name(), String(LEASE_MS)]);
  }

  private isAway(): boolean {
    return this.connection === null && this.opening === null;
  }

  private keyOf(key: string): string {
    return `${this.config.prefix}${TAG}${key}`;
  }

  private name(): string {
    return this.nameOf(this.connections);
  }

  private nameOf(number: number): string {
    return `${this.id}:${number}`;
  }
}

/** Connects to the server once, as a gateway would. */
export function tryRemoteCount(config: RedisConfig): Promise<RemoteState> {
  return new Promise((resolve) => {
    const count = connectRemoteCount(config, {
      running: () => new Map(),
      changed(state) {
        void count.close().then(() => resolve(state));
      },
    });
  });
}

function readAnswer(answer: readonly unknown[] | null): RemoteAnswer | null {
  if (answer === null) return null;
  const [passed, ...inUse] = answer;
  return { passed: passed === 1, inUse: inUse.map(Number) };
}

/** The address with another server. @param node `host:port`; without a host, the same host. */
function atNode(url: string, node: string): string {
  const at = node.lastIndexOf(':');
  const moved = new URL(url);
  const host = node.slice(0, at);
  if (host !== '') moved.hostname = host.includes(':') ? `[${host}]` : host;
  moved.port = node.slice(at + 1);
  return moved.href;
}
