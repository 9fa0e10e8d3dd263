// Sets what must be in Bun's environment before it starts, and runs the program with it.
'use strict';
const { spawn } = require('node:child_process');
const { accessSync, constants: fileModes } = require('node:fs');
const { constants } = require('node:os');
const path = require('node:path');
const { findBun, OLDEST_BUN } = require('./find-bun.js');
const { findMain } = require('./find-main.js');

const ROOT = path.resolve(__dirname, '..');
/** Bun's client allows 256 requests at once unless this is in the environment before it starts. */
const MAX_HTTP_REQUESTS = '65336';
/**
 * Milliseconds. Bun collects garbage every second in which the heap changed, in threads that share the core with requests for
 * up to a tenth of it; the program does so itself, in two milliseconds (src/server/collect-garbage.ts).
 */
const GC_INTERVAL = '20000';
/**
 * Milliseconds that memory lies unused before Bun's allocator gives it back. Its own 100 are less than lies between two
 * collections: what one freed was given back, page by page, only to be asked for again.
 */
const GIVES_BACK_AFTER = '2000';
const PARENT_CHECK_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

try {
  process.cwd();
} catch {
  console.error('sluice: the working directory is gone; change to one that is there');
  process.exit(1);
}
const bun = findBun(ROOT);
if (bun === undefined) {
  const none = [
    `sluice: needs Bun ${OLDEST_BUN.join('.')} or newer and found none.`,
    '"npm install" in the package brings it (optional dependencies must not be left out);',
    'or install Bun from https://bun.com and put it on PATH.',
  ].join('\n');
  console.error(closedToUs(path.join(ROOT, 'node_modules')) ?? none);
  process.exit(1);
}
launch(bun);

/** Where another user installed the package, with a umask that keeps it to itself: what to do; undefined: not so. */
function closedToUs(modules) {
  try {
    accessSync(modules, fileModes.R_OK | fileModes.X_OK);
    return undefined;
  } catch ({ code }) {
    if (code !== 'EACCES') return undefined;
    return `sluice: this user may not read ${modules}: let who installed it run "chmod -R a+rX ${ROOT}"`;
  }
}

function launch(program) {
  const main = findMain(ROOT);
  // Before there is a child: a signal that comes as it starts must not end this process alone.
  const forward = (signal) => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  const child = spawn(program, [main, ...process.argv.slice(2)], {
    // The pipe at 3 carries nothing: its closing tells the child that this process is gone.
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: {
      BUN_CONFIG_MAX_HTTP_REQUESTS: MAX_HTTP_REQUESTS,
      BUN_GC_TIMER_INTERVAL: GC_INTERVAL,
      MIMALLOC_PURGE_DELAY: GIVES_BACK_AFTER,
      MIMALLOC_PURGE_HOLES_MIN_INTERVAL: GIVES_BACK_AFTER,
      ...process.env,
      SLUICE_LAUNCHER_FD: '3',
      // To what is set above Bun adds what stands in .env: a client program is to get neither.
      SLUICE_LAUNCHER_VARIABLES: JSON.stringify(Object.keys(process.env)),
    },
  });
  // npm dies of SIGTERM without telling what it runs: without this, `npm start` would leave a server behind.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event !== undefined) {
    setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), PARENT_CHECK_MS).unref();
  }
  child.on('error', (error) => {
    console.error(`sluice: cannot start ${program}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    // To end as the child did, so that a shell sees the signal.
    for (const name of SIGNALS) process.off(name, forward);
    process.kill(process.pid, signal);
    process.exitCode = 128 + (constants.signals[signal] ?? 0);
  });
}
