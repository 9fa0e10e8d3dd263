// Lines of the log on a pipe whose reader has stopped, as a container's or a terminal's may: nothing waits for it.
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, setDefaultTimeout, test } from 'bun:test';
import type { LogState } from '../../src/model/log-state.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Elsewhere a pipe that is full is waited for. */
const onLinux = test.skipIf(process.platform !== 'linux');

/** A process whose standard error is a pipe that nobody reads before `read`. */
function startWriter(lines: number, length: number) {
  const pipe = join(temporaryFolder('standard-error'), 'pipe');
  Bun.spawnSync(['mkfifo', pipe]);
  // Without anybody who could read, there would be an error in place of a wait.
  const idle = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const end = openSync(pipe, 'w');
  const writer = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'line-writer.ts'), String(lines), String(length)],
    { stdin: 'pipe', stdout: 'pipe', stderr: end },
  );
  closeSync(end);
  return {
    writer,
    async state(): Promise<LogState> {
      let text = '';
      for await (const bytes of writer.stdout) {
        text += new TextDecoder().decode(bytes);
        if (text.endsWith('\n')) break;
      }
      return JSON.parse(text) as LogState;
    },
    /** Begins to read. */
    read(): Reading {
      const reader = Bun.spawn(['cat', pipe], { stdout: 'pipe' });
      const reading: Reading = { text: '', over: Promise.resolve() };
      const decoder = new TextDecoder();
      const readAll = async () => {
        for await (const bytes of reader.stdout) reading.text += decoder.decode(bytes, { stream: true });
        closeSync(idle);
      };
      reading.over = readAll();
      return reading;
    },
  };
}

interface Reading {
  /** What has come so far. */
  text: string;
  over: Promise<void>;
}

const numbersIn = ({ text }: Reading) =>
  [...text.matchAll(/^(\d+) x+$/gm)].map(([, number]) => Number(number));
const upTo = (end: number) => Array.from({ length: end }, (_, number) => number);

onLinux('what a pipe has no room for waits, and comes whole and in order once it is read', async () => {
  // Longer than pipes write at once without mixing, so that some are taken in part.
  const { writer, state, read } = startWriter(40, 10_000);
  expect(await state()).toEqual({ ok: true, dropped: 0, lastError: null });
  const reading = read();
  await eventually(() => numbersIn(reading).length === 40);
  writer.stdin.end();
  await reading.over;
  expect(numbersIn(reading)).toEqual(upTo(40));
});

onLinux('what still waits when the process ends is written first', async () => {
  const { writer, read } = startWriter(40, 10_000);
  writer.stdin.end();
  const reading = read();
  await reading.over;
  expect(numbersIn(reading)).toEqual(upTo(40));
  expect(await writer.exited).toBe(0);
});

onLinux(
  'lines beyond the memory for what waits are lost and counted, which the log says once it is read',
  async () => {
    const { writer, state, read } = startWriter(2_000, 1_000);
    const { ok, dropped, lastError } = await state();
    expect(ok).toBe(false);
    expect(lastError).toStartWith('standard error is not read');
    const reading = read();
    await eventually(() => reading.text.includes(`"lines":${dropped}`));
    writer.stdin.end();
    await reading.over;
    expect(dropped).toBeGreaterThan(500);
    expect(numbersIn(reading)).toEqual(upTo(2_000 - dropped));
  },
);
