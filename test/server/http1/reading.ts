// A reader of answers that remembers what it was told, and one question put to a transport in one line.
import type {
  AnswerBody,
  Transport,
  UpstreamAnswer,
  UpstreamRequest,
} from '../../../src/upstream/transport.ts';

export interface Reading {
  bytes(): Buffer;
  text(): string;
  /** How it ended; undefined while it runs. */
  outcome(): 'end' | Error | undefined;
  /** Resolves when it ended. */
  readonly over: Promise<'end' | Error>;
  /** Resolves when so many bytes are there, or it is over. */
  until(test: (bytes: number) => boolean): Promise<void>;
  /** What was told against the protocol: anything after the end, or while it was paused. */
  readonly breaches: string[];
  pause(): void;
  resume(): void;
  cancel(): void;
}

export function readBody(body: AnswerBody, onChunk?: (reading: Reading, bytes: Uint8Array) => void): Reading {
  const chunks: Uint8Array[] = [];
  const breaches: string[] = [];
  let size = 0;
  let state: 'flowing' | 'paused' | 'cancelled' = 'flowing';
  let ending: 'end' | Error | undefined;
  let waiting: (() => void)[] = [];
  const { promise: over, resolve: end } = Promise.withResolvers<'end' | Error>();
  const note = (what: string) => {
    if (ending !== undefined) breaches.push(`${what} after the end`);
    else if (state !== 'flowing') breaches.push(`${what} while ${state}`);
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  const finish = (how: 'end' | Error) => {
    note(how === 'end' ? 'end' : 'failed');
    ending ??= how;
    end(how);
  };
  const reading: Reading = {
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString('utf8'),
    outcome: () => ending,
    over,
    breaches,
    async until(test) {
      while (!test(size) && ending === undefined) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    pause() {
      state = 'paused';
      body.pause();
    },
    resume() {
      state = 'flowing';
      body.resume();
    },
    cancel() {
      state = 'cancelled';
      body.cancel();
    },
  };
  body.read({
    chunk(bytes) {
      note('chunk');
      if (bytes.length === 0) breaches.push('an empty chunk');
      chunks.push(bytes);
      size += bytes.length;
      onChunk?.(reading, bytes);
    },
    end: () => finish('end'),
    failed: finish,
  });
  return reading;
}

/** A request with what most tests do not care about. */
export function question(url: string, rest: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return { method: 'POST', url, headers: new Headers(), body: '{}', connectMs: 5_000, ...rest };
}

export interface WholeAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  outcome: 'end' | Error;
}

export async function readWhole({ status, headers, body }: UpstreamAnswer): Promise<WholeAnswer> {
  const reading = readBody(body);
  const outcome = await reading.over;
  if (reading.breaches.length > 0) throw new Error(reading.breaches.join('; '));
  const fields: Record<string, string> = {};
  headers.forEach((value, name) => {
    fields[name] = value;
  });
  return { status, headers: fields, body: reading.bytes(), outcome };
}

export const ask = async (transport: Transport, url: string, rest: Partial<UpstreamRequest> = {}) =>
  readWhole(await transport(question(url, rest)));

/** What a promise that must not resolve is rejected with. (`expect().rejects` stops the loop until it is.) */
export const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('it resolved');
    },
    (error: unknown) => error as Error & { code?: string },
  );
