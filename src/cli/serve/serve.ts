// `sluice serve`: its flags, and the choice of which of its two parts is loaded.
import { WORKER_VARIABLE } from '../../workers/protocol.ts';
import type { Command } from '../command.ts';
import { CONFIG_FLAG } from '../config-flag.ts';

export const serveCommand: Command = {
  name: 'serve',
  summary: 'Serve in the foreground. SIGTERM or SIGINT lets running streams finish; a second one ends them.',
  flags: {
    config: CONFIG_FLAG,
    host: { value: 'HOST', summary: 'Address to listen on; overrides server.host.' },
    port: { value: 'PORT', summary: 'Port to listen on; overrides server.port; 0 picks a free one.' },
    workers: { value: 'N', summary: 'Worker processes; overrides server.workers; "all": one per core.' },
  },
  examples: [
    ['serve --port 8089', 'Where another program has port 8088.'],
    ['serve --config team.yaml --workers all', 'With a configuration of that name, on all cores.'],
  ],
  async run(input, context) {
    const place = context.environment[WORKER_VARIABLE];
    // A worker is given its configuration, so the code that reads one is not loaded there.
    if (place !== undefined) return (await import('./serve-worker.ts')).serveAsWorker(place, input, context);
    return (await import('./serve-foreground.ts')).serveInForeground(input, context);
  },
};
