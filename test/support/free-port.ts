// A port of this machine that nothing listens on.
import { createServer } from 'node:net';

/**
 * Below those that systems deal out by themselves (from 32768 on with Linux): another test's connection, or server on port 0,
 * would now and then get one of these before whoever asks here listens on it.
 */
const LOWEST = 16_384;
const HIGHEST = 32_767;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
