// One of several serving processes: what `sluice serve` does when a primary has started it.
import type { ResolvedConfig } from '../../config/resolved.ts';
import { createGateway } from '../../gateway/gateway.ts';
import { createWebHost } from '../../gateway/host.ts';
import { createTurns } from '../../model/turns.ts';
import { createElapsed } from '../../server/elapsed.ts';
import { descriptorState } from '../../server/descriptors.ts';
import { createServerHost } from '../../server/server-host.ts';
import type { Log } from '../../server/log.ts';
import { standardErrorState } from '../../server/standard-error.ts';
import { identifyProgram } from '../../workers/program.ts';
import { OTHER_PROGRAM_CODE } from '../../workers/protocol.ts';
import { connectToPrimary, type WorkerLink } from '../../workers/worker.ts';
import type { CliContext, ParsedArguments } from '../command.ts';
import { reportCrash } from './crash.ts';
import { serveHttp } from './serve-http.ts';
import { createServedLog } from './served-log.ts';
import { withLedgerOf } from './serving.ts';
import { keepOwnLogFile } from './own-log-file.ts';
import { VERSION } from '../version.ts';

const UPDATED =
  'the program was updated while this gateway runs, and its new version serves no part of an older one: restart the gateway';

/** @param place `INDEX/WORKERS/PROGRAM`. @param input the primary's command line. */
export async function serveAsWorker(
  place: string,
  input: ParsedArguments,
  context: CliContext,
): Promise<number> {
  // Ctrl-C in a terminal reaches all processes: the primary decides what it means.
  context.onSignal(() => {});
  const [index, workers, program] = place.split('/');
  const { log, configure: configureLog } = createServedLog(context.environment.SLUICE_LOG);
  keepOwnLogFile(context, { putsAside: false, log });
  if (program !== identifyProgram(process.argv[1] ?? '')) {
    // A primary of an earlier release names no program and does not know this exit code.
    if (program === undefined) log('error', UPDATED);
    return OTHER_PROGRAM_CODE;
  }
  const primary = await connect(Number(index), Number(workers), log, context);
  const { hostname, port, tls } = primary.setup;
  const load = async (given: ResolvedConfig | null) =>
    given ?? (await import('./load-for-worker.ts')).loadForWorker(input, context, { host: hostname, port });
  const config = await load(primary.setup.config);
  // The primary has reported what is wrong with it.
  if (config === null) return 1;
  configureLog(config);
  let current = config;
  // The primary writes the rows of the requests running here, and starts another worker instead.
  context.onUncaught((thrown) => {
    reportCrash(thrown, { config: current, environment: context.environment, log });
    context.exit(1);
  });
  const gateway = createGateway(
    config,
    createServerHost({
      config,
      environment: context.environment,
      log,
      version: VERSION,
      fleet: primary.fleet,
    }),
  );
  const compression = () => current.server.compression;
  const { maxBody: longestMessage } = config.server;
  const at = { hostname, port, longestMessage, shared: true, compression, ...(tls !== null && { tls }) };
  const http = serveHttp(gateway, at, log);
  const inTurn = createTurns();
  const reload = async (given: ResolvedConfig | null) => {
    const changed = await load(given);
    // The file has changed again since the primary validated it, which will report that.
    if (changed === null) return;
    if (changed.server.tls !== null) http.certify(changed.server.tls);
    gateway.reload(withLedgerOf(config, changed));
    configureLog(changed);
    for (const { code } of current.transformers.modules) code?.retire();
    current = changed;
  };
  await primary.serve({
    gateway,
    logState: standardErrorState,
    descriptorState,
    reload: (given) => inTurn(() => reload(given)),
    leave: http.leave,
    async drain(timeoutMs, sooner) {
      const cut = await http.drain(timeoutMs, sooner);
      await gateway.close();
      return cut;
    },
  });
  return 0;
}

function connect(index: number, workers: number, log: Log, context: CliContext): Promise<WorkerLink> {
  const { now, monotonic, setTimer } = createWebHost();
  return connectToPrimary({
    index,
    workers,
    elapsed: createElapsed({ now, monotonic }),
    setTimer,
    onError: (error) =>
      log('error', 'the primary process received a message that it could not handle', { error }),
    onJournalFull: (error) =>
      log(
        'warn',
        'no shared memory is left: requests that begin now are served, but missing from the ledger if this process dies',
        { error },
      ),
    onOrphaned: () => context.exit(1),
  });
}
