// The count of rate limits that several gateways keep together on a Redis server (docs/adr/0026).
import type { RedisConfig } from '../../config/resolved.ts';
import type {
  RemoteAnswer,
  RemoteCount,
  RemoteCountOptions,
  RemotePlace,
  RemoteState,
} from '../../limits/remote-count.ts';
import { Connection } from './connection.ts';
import { redisFailure } from './errors.ts';
import { examineRedis } from './examine.ts';
import { ADD, ENTER, LEAVE, READ, REGISTER, REMOVE, RENEW, type Script } from './scripts.ts';

/** How long what runs in a process counts that does not say any more that it runs. */
const LEASE_MS = 6_000;
const RENEW_MS = 2_000;
/** Before the first new connection, doubled for each further. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A connection that lasted for less follows one that failed: a server that is nearly too slow is not left and joined all the time. */
const STABLE_MS = 10_000;

/** A tag in braces keeps all keys in one slot of a cluster, as one script needs them. */
const TAG = '{rate_limits}:';

export function connectRemoteCount(config: RedisConfig, options: RemoteCountOptions): RemoteCount {
  const { prefix, timeoutMs } = config;
  const register = `${prefix}${TAG}processes`;
  const id = crypto.randomUUID();
  /** Connections so far. Each has a name of its own in the register: what one sent that was given up comes too late to count. */
  let connections = 0;
  let url = config.url;
  /** Null: this gateway counts for itself. */
  let connection: Connection | null = null;
  /** Resolves when the first connection can be used or has failed; null afterwards, and once somebody waited for too long. */
  let opening: Promise<void> | null = null;
  /** What is wrong; null: nothing; undefined: that is not known yet. */
  let failure: string | null | undefined;
  let isClosed = false;
  let pauseMs = FIRST_PAUSE_MS;
  /** When the latest connection began to be used, by `performance.now()`. */
  let openedAt = Number.POSITIVE_INFINITY;
  let retrying: ReturnType<typeof setTimeout> | undefined;
  const renewing = setInterval(renew, RENEW_MS);
  renewing.unref();

  const keyOf = (key: string) => `${prefix}${TAG}${key}`;
  const nameOf = (number: number) => `${id}:${number}`;
  const name = () => nameOf(connections);

  async function open(): Promise<void> {
    connections += 1;
    const opened: Connection = new Connection({
      url,
      timeoutMs,
      onLost: (reason) => lost(opened, reason),
    });
    const before = nameOf(connections - 1);
    const sign = (keys: readonly string[], counts: readonly string[]) =>
      opened.run(REGISTER, [register, ...keys], [name(), String(LEASE_MS), before, ...counts]);
    // Shows first that the server takes what is written.
    const isUsable = (await opened.open()) && (await sign([], [])) !== undefined;
    if (isClosed) opened.close();
    if (!isUsable || isClosed) return;
    const held = [...options.running()];
    void sign(
      held.map(([key]) => keyOf(key)),
      held.map(([, count]) => String(count)),
    );
    // What begins or ends from here on is reported on the same connection, so after this.
    connection = opened;
    openedAt = performance.now();
    note(null);
  }

  function lost(from: Connection, reason: string | undefined): void {
    if (connection === from) connection = null;
    if (isClosed) return;
    if (performance.now() - openedAt > STABLE_MS) pauseMs = FIRST_PAUSE_MS;
    openedAt = Number.POSITIVE_INFINITY;
    const asked = url;
    const [, node] = /^MOVED \d+ (\S+)$/.exec(reason ?? '') ?? [];
    // A node of a cluster names the one that has the keys. Where that one fails, the configured one is asked again.
    url = node === undefined ? config.url : atNode(config.url, node);
    const isOther = url !== asked && node !== undefined;
    // Its data were deleted: what runs here has to be reported again.
    const isEmptied = reason?.startsWith('UNREGISTERED') === true;
    const isAtOnce = (isOther || isEmptied) && pauseMs === FIRST_PAUSE_MS;
    retrying = setTimeout(() => void open(), isAtOnce ? 0 : pauseMs);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    if (!isAtOnce) void explain(asked, reason);
  }

  async function explain(asked: string, reason: string | undefined): Promise<void> {
    const found = reason ?? (await examineRedis(asked)) ?? 'the connection was closed';
    if (connection === null) note(redisFailure(asked, found));
  }

  function note(found: string | null): void {
    if (isClosed || failure === found) return;
    failure = found;
    options.changed({ ok: found === null, lastError: found });
  }

  /** Also shows, where no request comes, whether the server answers. */
  function renew(): void {
    if (connection === null) return;
    const keys = [register, ...[...options.running().keys()].map(keyOf)];
    void connection.run(RENEW, keys, [name(), String(LEASE_MS)]);
  }

  async function ask(
    script: Script,
    places: readonly RemotePlace[],
    since: number,
  ): Promise<readonly unknown[] | null> {
    // Half of the time, so that the rest is enough for an answer. Where it is too short, those who ask later do not wait for it.
    if (connection === null && opening !== null && !(await within(opening, timeoutMs / 2))) opening = null;
    if (connection === null) return null;
    const keys = [register, ...places.map(({ key }) => keyOf(key))];
    const described = places.flatMap(({ kind, share, period, most }) => [
      kind,
      String(share),
      String(period),
      String(most),
    ]);
    const answer = await connection.run(script, keys, [name(), String(LEASE_MS), ...described], since);
    return Array.isArray(answer) ? answer : null;
  }

  const isAway = () => connection === null && opening === null;

  opening = open().then(() => {
    opening = null;
  });

  return {
    enter(places) {
      return isAway() ? null : ask(ENTER, places, performance.now()).then(readAnswer);
    },
    leave(keys) {
      void connection?.run(LEAVE, keys.map(keyOf), [name()]);
    },
    addTokens(debits) {
      const keys = debits.map(({ key }) => keyOf(key));
      void connection?.run(
        ADD,
        keys,
        debits.map(({ ms }) => String(ms)),
      );
    },
    read(places) {
      if (isAway()) return null;
      return ask(READ, places, performance.now()).then((answer) => answer?.map(Number) ?? null);
    },
    async close() {
      isClosed = true;
      clearInterval(renewing);
      clearTimeout(retrying);
      const last = connection;
      connection = null;
      if (last === null) return;
      await last.run(REMOVE, [register], [name()]);
      last.close();
    },
  };
}

/** Reaches the server once, as a gateway would. */
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

/** Resolves after `ms` at the latest, to whether it is done. */
function within(done: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    void done.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** The address with another server. @param node `host:port`; without a host, it is the same. */
function atNode(url: string, node: string): string {
  const at = node.lastIndexOf(':');
  const moved = new URL(url);
  const host = node.slice(0, at);
  if (host !== '') moved.hostname = host.includes(':') ? `[${host}]` : host;
  moved.port = node.slice(at + 1);
  return moved.href;
}
