// Lines of the log on a pipe or a socket whose reader has stopped, as a container's or a terminal's may: nothing waits for it; and in a
// file of several processes.
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { LogState } from '../../src/model/log-state.ts';
import { openCLibrary } from '../../src/server/c-library.ts';
import { canMount, mountSmallDisk } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Elsewhere what is full is waited for. */
const onLinux = describe.skipIf(process.platform !== 'linux');

const ENDS = { pipe: openPipe, socket: openSocketPair };

/** Descriptors: one end to read from, the other to write to. */
function openPipe(): [read: number, write: number] {
  const path = join(temporaryFolder('standard-error'), 'pipe');
  Bun.spawnSync(['mkfifo', path]);
  // Without anybody who could read, opening the other end would wait.
  const idle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const write = openSync(path, 'w');
  const read = openSync(path, 'r');
  closeSync(idle);
  return [read, write];
}

const AF_UNIX = 1;
const SOCK_STREAM = 1;

function openSocketPair(): [read: number, write: number] {
  const { socketpair } = openCLibrary({
    socketpair: { args: ['i32', 'i32', 'i32', 'ptr'], returns: 'i32' },
  });
  const both = new Int32Array(2);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, both) !== 0) throw new Error('the system has no pair of sockets');
  const [read = -1, write = -1] = both;
  return [read, write];
}

/** A process whose standard error nobody reads before `read`. */
function startWriter(
  kind: keyof typeof ENDS,
  lines: number,
  length: number,
  when: 'first' | 'last' = 'first',
) {
  const [from, to] = ENDS[kind]();
  const writer = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'line-writer.ts'), String(lines), String(length), when],
    { stdin: 'pipe', stdout: 'pipe', stderr: to },
  );
  closeSync(to);
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
      const reader = Bun.spawn(['cat'], { stdin: from, stdout: 'pipe' });
      closeSync(from);
      const reading: Reading = { text: '', over: Promise.resolve() };
      const decoder = new TextDecoder();
      const readAll = async () => {
        for await (const bytes of reader.stdout) reading.text += decoder.decode(bytes, { stream: true });
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

onLinux.each(['pipe', 'socket'] as const)('a %s', (kind) => {
  test('what it has no room for waits, and comes whole and in order once it is read', async () => {
    // Longer than pipes write at once without mixing, so that some are taken in part.
    const { writer, state, read } = startWriter(kind, 40, 10_000);
    expect(await state()).toEqual({ ok: true, dropped: 0, lastError: null });
    const reading = read();
    await eventually(() => numbersIn(reading).length === 40);
    writer.stdin.end();
    await reading.over;
    expect(numbersIn(reading)).toEqual(upTo(40));
  });

  test('what still waits when the process ends is written first', async () => {
    // More than whoever reads takes while they are written.
    const { writer, read } = startWriter(kind, 90, 10_000, 'last');
    const reading = read();
    writer.stdin.end();
    await reading.over;
    expect(numbersIn(reading)).toEqual(upTo(90));
    expect(await writer.exited).toBe(0);
  });

  test('lines beyond the memory for what waits are lost and counted, which the log says once it is read', async () => {
    const { writer, state, read } = startWriter(kind, 2_000, 1_000);
    const { ok, dropped, lastError } = await state();
    expect(ok).toBe(false);
    expect(lastError).toStartWith('standard error is not read');
    const reading = read();
    await eventually(() => reading.text.includes(`"lines":${dropped}`));
    writer.stdin.end();
    await reading.over;
    expect(dropped).toBeGreaterThan(500);
    expect(numbersIn(reading)).toEqual(upTo(2_000 - dropped));
  });
});

test('in a file, a long line of one process is not within that of another', async () => {
  const path = join(temporaryFolder('standard-error'), 'log');
  const file = openSync(path, 'a');
  const writers = Array.from({ length: 3 }, () =>
    Bun.spawn([process.execPath, join(import.meta.dir, 'line-writer.ts'), '200', '100000'], {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: file,
    }),
  );
  closeSync(file);
  for (const writer of writers) await writer.exited;
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines.filter((line) => !/^\d+ x{100000}$/.test(line)).length).toBe(0);
  expect(lines).toHaveLength(600);
});

if (canMount())
  test('a line that a full disk has cut stays on its own, and the next says that one was lost, soon also where there is no next one', async () => {
    const disk = mountSmallDisk(1);
    if (disk === null) throw new Error('it could be mounted a moment ago');
    const path = join(disk.directory, 'log');
    const file = openSync(path, 'a');
    const script = `
      import { reportLostLines, standardErrorState, writeStandardError } from ${JSON.stringify(join(import.meta.dir, '../../src/server/standard-error.ts'))};
      reportLostLines((lines) => writeStandardError('lost ' + lines));
      for await (const line of console) {
        writeStandardError(line);
        console.log(standardErrorState().ok);
      }`;
    const writer = Bun.spawn([process.execPath, '-e', script], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: file,
    });
    closeSync(file);
    const answers = writer.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const write = async (line: string) => {
      writer.stdin.write(`${line}\n`);
      await writer.stdin.flush();
      return (await answers.read()).value;
    };
    try {
      expect(await write('first')).toBe('true\n');
      disk.fill(0);
      // Longer than what is left of the file's page.
      expect(await write('x'.repeat(100_000))).toBe('false\n');
      disk.free();
      expect(await write('last')).toBe('true\n');
      expect(readFileSync(path, 'utf8')).toMatch(/^first\nx+\nlost 1\nlast\n$/);
      // Once more, and now no line comes after it.
      disk.fill(0);
      expect(await write('y'.repeat(100_000))).toBe('false\n');
      disk.free();
      await eventually(() => readFileSync(path, 'utf8').endsWith('y\nlost 1\n'));
    } finally {
      writer.kill();
      await writer.exited;
      disk.remove();
    }
  });
