// Requests are served by workers, which this process starts and looks after.
import { createWebHost } from '../../gateway/host.ts';
import { createLedger } from '../../ledger/queue/recorder.ts';
import { formatHost, holdPort, type HeldPort, reservePort } from '../../server/listen.ts';
import { openSpill, openStore } from '../../server/open-store.ts';
import { createElapsed } from '../../server/elapsed.ts';
import { type Primary, startPrimary } from '../../workers/primary.ts';
import { standardErrorState } from '../../server/standard-error.ts';
import type { WorkerCommand } from '../../workers/worker-process.ts';
import { startTelemetry } from './serve-telemetry.ts';
import { schemeOf } from './start-message.ts';
import type { ServeOptions, Serving } from './serving.ts';
import { VERSION } from '../version.ts';

/** Throws ListenError or WorkerFailed. */
export async function serveWithWorkers(
  workers: number,
  options: ServeOptions & WorkerCommand,
): Promise<Serving> {
  const { config, databasePath, log } = options;
  const { host: hostname } = config.server;
  const { port, release } = await takePort(hostname, config.server.port);
  const { now, monotonic, setTimer } = createWebHost();
  let current = config;
  let primary: Primary | undefined;
  const telemetry = await startTelemetry(
    options,
    () => current,
    () => primary?.connections() ?? [],
  );
  const ledger = config.audit.enabled
    ? createLedger(openStore(config, databasePath, log), {
        now,
        monotonic,
        setTimer,
        retentionMs: () => current.audit.retentionMs,
        spill: openSpill(databasePath, () => current.audit.maxSpill, log),
        log,
      })
    : null;
  const close = async () => {
    await ledger?.close();
    await telemetry?.close();
  };
  try {
    const started = await startPrimary({
      ...options,
      workers,
      hostname,
      port,
      ledger,
      telemetry: telemetry ?? null,
      logState: standardErrorState,
      version: VERSION,
      now,
      monotonic,
      elapsed: createElapsed({ now, monotonic }),
      setTimer,
    });
    await release();
    primary = started;
    return {
      port,
      url: `${schemeOf(config.server)}://${formatHost(hostname)}:${port}`,
      reload(changed) {
        current = changed;
        return started.reload(changed);
      },
      activeStreams: () => started.activeStreams(),
      lost: started.lost,
      async end(times, sooner) {
        const cut = await started.drain(times, sooner);
        await close();
        return cut;
      },
    };
  } catch (error) {
    await release();
    await close();
    throw error;
  }
}

/**
 * The workers share the port, so none of them would notice that another program has it. A port that the system assigns is held until
 * they listen: nobody is told it before. A given one is released at once, since clients may already connect to it.
 */
async function takePort(hostname: string, port: number): Promise<HeldPort> {
  if (port === 0) return holdPort(hostname, port, true);
  return { port: await reservePort(hostname, port), release: async () => {} };
}
