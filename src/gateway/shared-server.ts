// The server over which several gateways count rate limits together: connects anew when the configuration names another server, and
// remembers its state.
import type { RedisConfig } from '../config/resolved.ts';
import type { RemoteCount, RemoteCountOptions, RemoteState } from '../limits/remote-count.ts';
import type { GatewayHost } from './host.ts';

/** Connects to the server over which several gateways count together. */
export type ConnectRemoteCount = (config: RedisConfig, options: RemoteCountOptions) => RemoteCount;

export interface SharedServerOptions {
  /** Left out where the host cannot reach such a server. */
  connect?: ConnectRemoteCount | undefined;
  /** How often each place is held by the requests that run in this process. */
  running: RemoteCountOptions['running'];
  /** Called when the server begins or ceases to answer; null: no server is configured any more. Holds no secret. */
  remoteChanged(state: RemoteState | null): void;
  /** Removes secrets from the words of a failure. */
  redact(text: string): string;
}

export interface SharedServer {
  /** Returns what counts on that server from now on; null: this gateway counts alone. */
  reach(config: RedisConfig | null): RemoteCount | null;
  /** Null where there is no such server. */
  state(): RemoteState | null;
  /** Gives back what this process holds there; resolves when the server has been told, or cannot be reached. */
  close(): Promise<void>;
}

/** What the log says where gateways count together. */
const COUNTED_ALONE = 'rate limits are counted by this gateway alone until the server in redis.url answers';
const COUNTED_TOGETHER = 'rate limits are counted together with the other gateways again';
const UNREACHABLE =
  'the program that embeds this gateway gives it no client for Redis (host.connectRemoteCount): leave redis out, or run sluice';

/** Logs once that the server has ceased to answer, and once that it answers again. */
export function createRemoteLog(log: GatewayHost['log']): (state: RemoteState | null) => void {
  let wasOk = true;
  return (state) => {
    const isOk = state === null || state.ok;
    if (!isOk && wasOk) log('warn', COUNTED_ALONE, { error: state.lastError });
    if (isOk && !wasOk && state !== null) log('info', COUNTED_TOGETHER);
    wasOk = isOk;
  };
}

export function createSharedServer(options: SharedServerOptions): SharedServer {
  let redis: RedisConfig | null = null;
  let remote: RemoteCount | null = null;
  let state: RemoteState | null = null;

  function reach(config: RedisConfig | null): void {
    if (JSON.stringify(config) === JSON.stringify(redis)) return;
    void remote?.close();
    redis = config;
    remote = null;
    if (config === null) {
      note(null);
      return;
    }
    // The state of the previous server stands until this one has answered or failed.
    state ??= { ok: true, lastError: null };
    if (options.connect === undefined) {
      note({ ok: false, lastError: UNREACHABLE });
      return;
    }
    remote = options.connect(config, {
      running: options.running,
      changed(changed) {
        if (config !== redis) return;
        const { ok, lastError } = changed;
        note({ ok, lastError: lastError === null ? null : options.redact(lastError) });
      },
    });
  }

  function note(changed: RemoteState | null): void {
    state = changed;
    options.remoteChanged(changed);
  }

  return {
    reach(config) {
      reach(config);
      return remote;
    },
    state: () => state,
    async close() {
      await remote?.close();
    },
  };
}
