// One of several serving processes, as started by its primary: what its gateway gets from the primary.
import type { Fleet } from '../gateway/fleet.ts';
import { createWatchers } from '../gateway/live/watchers.ts';
import { createLoadTable } from './load-table.ts';
import { type Channel, createChannel } from './channel.ts';
import { createJournal } from './journal.ts';
import { createPacketBuffer } from './packet-buffer.ts';
import { createRowHandover } from './row-handover.ts';
import { SHARED_DESCRIPTOR, MEMORY_DESCRIPTOR, type PrimaryMethods, type WorkerSetup } from './protocol.ts';
import { createSharedCounters } from './shared-counters.ts';
import { divideShared } from './shared-layout.ts';
import { openSharedMemory } from './shared-memory.ts';
import { type ServingWorker, WorkerAnswers } from './worker-answers.ts';
import { createWorkerPages } from './worker-pages.ts';

export interface WorkerOptions {
  /** From 0. */
  index: number;
  /** How many there are. */
  workers: number;
  /** Milliseconds that also pass while the machine sleeps. */
  elapsed(): number;
  setTimer(callback: () => void, ms: number): () => void;
  onError(error: unknown): void;
  /** No memory is left to note new requests, which are served, but lost to the ledger if this process dies. */
  onJournalFull(error: unknown): void;
  /** The primary is gone. */
  onOrphaned(): void;
}

export interface WorkerLink {
  fleet: Fleet;
  setup: WorkerSetup;
  /** To be called when the gateway serves; from then on the primary is answered. Resolves after an orderly end. */
  serve(serving: ServingWorker): Promise<void>;
}

/** For a process that a primary has started. */
export async function connectToPrimary(options: WorkerOptions): Promise<WorkerLink> {
  const { index, workers, elapsed, setTimer, onError } = options;
  const shared = divideShared(openSharedMemory(SHARED_DESCRIPTOR).bytes, workers);
  const load = createLoadTable(shared.load, workers, index);
  const memory = openSharedMemory(MEMORY_DESCRIPTOR);
  const journal = createJournal(memory.bytes, { reserve: memory.reserve, onFull: options.onJournalFull });
  let known = Promise.resolve();
  const watchers = createWatchers(setTimer, () => {
    known = primary.call('watching', watchers.count() > 0);
    known.catch(onError);
  });
  const answers = new WorkerAnswers({
    setTimer,
    watchers,
    sendFrame: (frame) => primary.notify('frame', frame),
  });
  const primary: Channel<PrimaryMethods> = createChannel<PrimaryMethods>({
    send: (message) => process.send?.(message),
    methods: answers.methods,
    onError,
  });
  process.on('message', (message) => primary.take(message));
  process.on('disconnect', () => {
    primary.close();
    options.onOrphaned();
  });

  const askedAt = elapsed();
  const setup = await primary.call('setup');
  // Clocks of processes begin at different times. The error, at most half of the time that the answer took, changes no rate: only what a
  // limit lets pass at once, by as much of the period.
  const ahead = setup.clock - (askedAt + elapsed()) / 2;
  answers.columns = setup.columns;
  return {
    setup,
    fleet: {
      traced: setup.traced,
      rows: createRowHandover(primary, {
        journal,
        room: createPacketBuffer(memory),
        setTimer,
        isKept: setup.recorded || setup.traced,
        beforeSend: () => answers.reportSpent(),
        onError,
      }),
      peers: {
        notify: (notice) => primary.notify('notice', { about: 'provider', notice }),
        room: (provider) => load.room(answers.columns.get(provider) ?? -1),
      },
      counters: createSharedCounters(shared.counters, workers, index, () => elapsed() + ahead),
      remoteChanged: (state) => primary.notify('remoteChanged', state),
      spent: (added) => primary.notify('spent', added),
      placed: (place, target) => primary.notify('notice', { about: 'place', place, target }),
      begun: journal.note,
      manage: createWorkerPages(primary, watchers, () => known),
    },
    serve: (given) => answers.serve(given, () => primary.notify('ready')),
  };
}
