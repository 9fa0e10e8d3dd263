// `sluice simulate`: the simulator as an HTTP server of its own, an upstream for tests, benchmarks and demonstrations.
import { createWebHost } from '../gateway/host.ts';
import { createHttpHost, type HttpHost } from '../server/host.ts';
import { ListenError } from '../server/listen.ts';
import { createSimulator, createSleep, serveSimulator } from '../simulator/index.ts';
import { portFlag } from './arguments.ts';
import type { CliContext, Command } from './command.ts';
import { announce } from './standard-output.ts';
import { messageOf } from '../model/thrown.ts';

/** Next to the gateway's default port. */
const DEFAULT_PORT = 8089;
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export const simulateCommand: Command = {
  name: 'simulate',
  summary: 'Serve only the simulator, as an upstream for tests and demonstrations (docs/simulator.md).',
  flags: {
    port: { value: 'PORT', summary: `Port to listen on (default: ${DEFAULT_PORT}); 0 picks a free one.` },
  },
  examples: [
    [
      'simulate --port 9000',
      'An upstream at http://127.0.0.1:9000, whose models are named like their behaviour.',
    ],
  ],
  async run(input, context) {
    let http: HttpHost;
    try {
      http = listen(portFlag(input) ?? DEFAULT_PORT, context);
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      context.err(`error: ${error.message}`);
      return 1;
    }
    // Done before the address is printed: whoever reads it may end this process at once.
    const ending = new Promise<void>((resolve) => context.onSignal(() => resolve()));
    announce([`simulator on ${http.url}`], context);
    await ending;
    await http.drain(0);
    return 0;
  },
};

function listen(port: number, context: CliContext): HttpHost {
  const { now, monotonic, setTimer } = createWebHost();
  const simulator = createSimulator({ now, monotonic, sleep: createSleep(setTimer) });
  return createHttpHost({
    hostname: '127.0.0.1',
    port,
    portSetting: '--port',
    maxBody: MAX_BODY_BYTES,
    fetch: serveSimulator(simulator),
    onError: (error) => context.err(`error: ${messageOf(error)}`),
  });
}
