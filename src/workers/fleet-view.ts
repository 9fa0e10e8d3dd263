// The gateway's own pages, for all workers together.
import { createWatchers } from '../gateway/live/watchers.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { createManagement, type ManagementDeps } from '../management/management.ts';
import { mergeDescriptorStates } from '../model/descriptor-state.ts';
import { type LogState, mergeLogStates } from '../model/log-state.ts';
import type { Questions } from './ask-all.ts';
import { mergeLimits, mergeStates } from './merge-states.ts';
import type { PageRequest } from './protocol.ts';
import type { WorkerProcess } from './worker-process.ts';

/** States how many workers do not answer at the moment, so that their part is missing on the page. */
const SILENT_HEADER = 'x-sluice-silent-workers';
/**
 * Milliseconds; longer than for a page, which can do without an answer: a busy worker still cancels, and must not be reported as not
 * running the request.
 */
const CANCEL_MS = 5_000;

export interface FleetViewOptions
  extends Pick<
    ManagementDeps,
    | 'config'
    | 'ledger'
    | 'meter'
    | 'version'
    | 'startedAt'
    | 'uptimeMs'
    | 'now'
    | 'workers'
    | 'connections'
    | 'budgets'
    | 'budgetsUnread'
    | 'remoteCount'
    | 'refusedChange'
  > {
  /** The state of this process's log. */
  logState(): LogState;
  processes(): readonly WorkerProcess[];
  questions: Questions;
  setTimer(callback: () => void, ms: number): () => void;
}

/** Resolves to undefined for other paths. */
export function createFleetView(
  options: FleetViewOptions,
): (request: PageRequest) => Promise<Response | undefined> {
  const { processes, questions, setTimer, ledger } = options;
  const manage = createManagement({
    ...options,
    ledger: ledger && flushedByAll(ledger, options),
    running: {
      list: async () => (await questions.all(processes(), 'running')).flat(),
      cancel: (requestId) => questions.anyWithin(CANCEL_MS, processes(), 'cancel', requestId),
      // Watchers are served by the process to which they are connected.
      watch: () => createWatchers(setTimer).watch(),
    },
    rateLimits: async () => mergeLimits(await questions.all(processes(), 'rateLimits')),
    descriptors: async () => mergeDescriptorStates(await questions.all(processes(), 'descriptorState')),
    log: async () => mergeLogStates([options.logState(), ...(await questions.all(processes(), 'logState'))]),
    async providerStates(providers) {
      const merged = mergeStates(await questions.all(processes(), 'providerStates'));
      return providers.flatMap(({ name }) => merged.find((state) => state.name === name) ?? []);
    },
  });
  return async ({ method, path, project }) => {
    const url = new URL(path, 'http://localhost');
    const response = await manage(new Request(url, { method }), url, project);
    if (response === undefined) return undefined;
    const silent = processes().filter(questions.isSilent).length;
    if (silent > 0) response.headers.set(SILENT_HEADER, String(silent));
    return response;
  };
}

/** A client that asks right after its request finds that request counted, whichever worker served it. */
function flushedByAll(ledger: Ledger, { processes, questions }: FleetViewOptions): Ledger {
  return {
    ...ledger,
    async flush() {
      await questions.all(processes(), 'flush');
      await ledger.flush();
    },
  };
}
