// One of several serving processes: what it gets from its primary, and how it answers it.
import type { Fleet } from '../gateway/fleet.ts';
import type { ServedGateway } from '../gateway/gateway.ts';
import { createWatchers } from '../gateway/live/watchers.ts';
import { watchStreams } from '../management/streams.ts';
import type { DescriptorState } from '../model/descriptor-state.ts';
import type { LogState } from '../model/log-state.ts';
import { createLoadTable } from './load-table.ts';
import { type Channel, createChannel } from './channel.ts';
import { createJournal } from './journal.ts';
import { createPacketBuffer } from './packet-buffer.ts';
import { pageBody } from './page-pieces.ts';
import { createRowHandover } from './row-handover.ts';
import {
  SHARED_DESCRIPTOR,
  MEMORY_DESCRIPTOR,
  type PrimaryMethods,
  type WorkerMethods,
  type WorkerSetup,
} from './protocol.ts';
import type { SentConfig } from './sent-config.ts';
import { createSharedCounters } from './shared-counters.ts';
import { divideShared } from './shared-layout.ts';
import { openSharedMemory } from './shared-memory.ts';

const LIVE_PATH = '/gateway/streams/live';

export interface WorkerOptions {
  /** From 0. */
  index: number;
  /** How many there are. */
  workers: number;
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
  onError(error: unknown): void;
  /** No memory is left to note new requests: they are served, but lost to the ledger if this process dies. */
  onJournalFull(error: unknown): void;
  /** The primary is gone. */
  onOrphaned(): void;
}

export interface WorkerLink {
  fleet: Fleet;
  setup: WorkerSetup;
  /** To be called when the gateway serves: from then on the primary is answered. Resolves after an ordered end. */
  serve(serving: ServingWorker): Promise<void>;
}

interface ServingWorker {
  gateway: ServedGateway;
  /** What became of this process's lines. */
  logState(): LogState;
  /** Whether this process can open further files and connections. */
  descriptorState(): DescriptorState;
  /** `config`: null where this process has to load it itself. Resolves when it is in use. */
  reload(config: SentConfig): Promise<void>;
  /** Ends in order within `timeoutMs`, or when `sooner` resolves; resolves to how many requests were cut. */
  drain(timeoutMs: number, sooner: Promise<void>): Promise<number>;
}

/** For a process that a primary has started. */
export async function connectToPrimary(options: WorkerOptions): Promise<WorkerLink> {
  const { index, workers, monotonic, setTimer, onError } = options;
  const shared = divideShared(openSharedMemory(SHARED_DESCRIPTOR).bytes, workers);
  const load = createLoadTable(shared.load, workers, index);
  const memory = openSharedMemory(MEMORY_DESCRIPTOR);
  const journal = createJournal(memory.bytes, { reserve: memory.reserve, onFull: options.onJournalFull });
  let serving: ServingWorker | undefined;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const { promise: hurried, resolve: hurry } = Promise.withResolvers<void>();
  let known = Promise.resolve();
  const watchers = createWatchers(setTimer, () => {
    known = primary.call('watching', watchers.count() > 0);
    known.catch(onError);
  });
  let stopFrames = () => {};

  function started(): ServingWorker {
    if (serving === undefined) throw new Error('this worker does not serve yet');
    return serving;
  }

  const gateway = () => started().gateway;

  const methods: WorkerMethods = {
    learn: (notice) => serving?.gateway.learn(notice),
    async reload(changed, config) {
      columns = changed;
      await serving?.reload(config);
    },
    running: async () => gateway().running.list(),
    cancel: async (requestId) => gateway().running.cancel(requestId),
    providerStates: () => gateway().providerStates(),
    rateLimits: () => gateway().rateLimits(),
    logState: () => started().logState(),
    descriptorState: () => started().descriptorState(),
    connections: () => gateway().connections(),
    beat() {},
    flush: () => gateway().flush(),
    watched(isOn) {
      stopFrames();
      stopFrames = isOn ? gateway().followLive((frame) => primary.notify('frame', frame)) : () => {};
    },
    frame: watchers.publish,
    async drain(timeoutMs) {
      watchers.close();
      const cut = (await serving?.drain(timeoutMs, hurried)) ?? 0;
      // After the answer has left.
      setTimer(end, 0);
      return cut;
    },
    hurry,
  };
  const primary: Channel<PrimaryMethods> = createChannel<PrimaryMethods>({
    send: (message) => process.send?.(message),
    methods,
    onError,
  });
  process.on('message', (message) => primary.take(message));
  process.on('disconnect', () => {
    primary.close();
    options.onOrphaned();
  });

  const pages = {
    next: (page: number) => primary.call('nextPiece', page),
    leave: (page: number) => primary.notify('leavePage', page),
  };
  const askedAt = monotonic();
  const setup = await primary.call('setup');
  // Clocks of processes begin at different times. The error, half of the time that the answer took, changes no rate: only
  // what a limit lets pass at once, by as much of the period.
  const ahead = setup.clock - (askedAt + monotonic()) / 2;
  let { columns } = setup;
  return {
    setup,
    fleet: {
      traced: setup.traced,
      rows: createRowHandover(primary, {
        journal,
        room: createPacketBuffer(memory),
        setTimer,
        isKept: setup.recorded || setup.traced,
        beforeSend: () => serving?.gateway.reportSpent(),
        onError,
      }),
      peers: {
        notify: (notice) => primary.notify('notice', { about: 'provider', notice }),
        room: (provider) => load.room(columns.get(provider) ?? -1),
      },
      counters: createSharedCounters(shared.counters, workers, index, () => monotonic() + ahead),
      remoteChanged: (state) => primary.notify('remoteChanged', state),
      spent: (added) => primary.notify('spent', added),
      placed: (place, target) => primary.notify('notice', { about: 'place', place, target }),
      begun: journal.note,
      async manage(request, url) {
        if (url.pathname === LIVE_PATH && request.method === 'GET') {
          const watching = watchStreams(watchers);
          // Once all workers know, requests that begin in any of them are seen.
          await known;
          return watching;
        }
        if (
          url.pathname !== '/gateway' &&
          !url.pathname.startsWith('/gateway/') &&
          url.pathname !== '/metrics'
        )
          return undefined;
        const { method } = request;
        const page = await primary.call('page', { method, path: url.pathname + url.search });
        if (page === undefined) return undefined;
        const { status, headers } = page;
        return new Response(method === 'HEAD' ? null : pageBody(page, pages), { status, headers });
      },
    },
    async serve(given) {
      serving = given;
      primary.notify('ready');
      await ended;
      stopFrames();
      watchers.close();
    },
  };
}
