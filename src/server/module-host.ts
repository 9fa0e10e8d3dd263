// Runs a transformer's module on a separate thread, within its time limit: a call that never ends is stopped, and the others continue.
import type { NeutralRequest } from '../model/request.ts';
import type { Changed, ModuleCode, UserEvent } from '../transformers/user-module.ts';
import { setTimeLimit, type TimeLimitClock } from '../upstream/time-limit.ts';
import type { FromModule, ModuleCall, ModuleOpening, ToModule } from './module-messages.ts';
import { asError } from '../model/thrown.ts';

export interface ModuleHostOptions extends ModuleOpening {
  timeLimitMs: number;
  clock: TimeLimitClock;
}

interface Pending {
  call: ModuleCall;
  /** To how many threads it has been sent. */
  asked: number;
  begun: boolean;
  resolve(result: unknown): void;
  reject(error: Error): void;
  cancelTimer(): void;
}

const MOST_TIMES_ASKED = 3;

/** Time limits for a module's code to load, and for a busy thread to answer a ping. */
const LOADING_MS = 10_000;
const PING_MS = 100;

/** Rejects with an Error that says why the module cannot be used. */
export function loadModule(options: ModuleHostOptions): Promise<ModuleCode> {
  const host = new ModuleHost(options);
  return host.load();
}

class ModuleHost {
  private readonly options: ModuleHostOptions;
  private worker: Worker | null = null;
  /** Resolves once the current thread has loaded the module. */
  private ready: Promise<unknown> = Promise.resolve();
  private readonly pending = new Map<number, Pending>();
  /** Ping's id → what to call when the thread has answered it. */
  private readonly pings = new Map<number, () => void>();
  private nextId = 1;
  private openCalls = 0;
  private openAnswers = 0;
  private retired = false;

  constructor(options: ModuleHostOptions) {
    this.options = options;
  }

  async load(): Promise<ModuleCode> {
    const { changesRequests, changesAnswers } = await this.start();
    return {
      changesRequests,
      changesAnswers,
      request: async (request, context) =>
        (await this.call({ kind: 'request', request, context })) as Changed<NeutralRequest>,
      answer: (context) => {
        const answer = this.nextId++;
        this.openAnswers++;
        let first = true;
        let open = true;
        return {
          push: async (events) => {
            const call: ModuleCall = { kind: 'events', answer, context, first, events };
            first = false;
            return (await this.call(call)) as Changed<UserEvent[]>;
          },
          close: () => {
            if (!open) return;
            open = false;
            this.openAnswers--;
            this.post({ close: answer });
            this.endIfIdle();
          },
        };
      },
      retire: () => {
        this.retired = true;
        this.endIfIdle();
      },
    };
  }

  /** Starts a thread; resolves when the module's code is loaded. */
  private start(): Promise<{ changesRequests: boolean; changesAnswers: boolean }> {
    const { url, options } = this.options;
    const worker = new Worker(new URL('./module-thread', import.meta.url).href, { ref: false });
    this.worker = worker;
    return new Promise((resolve, reject) => {
      const fail = (reason: string) => {
        cancelTimer();
        worker.terminate();
        if (this.worker === worker) this.worker = null;
        this.failAll(reason);
        reject(new Error(reason));
      };
      const cancelTimer = setTimeLimit(
        this.options.clock,
        () => fail(`it did not load within ${LOADING_MS / 1_000} s: its top level never ends`),
        LOADING_MS,
      );
      worker.onerror = (event) => fail(thrownIn(event.message));
      worker.onmessage = ({ data }: MessageEvent<FromModule>) => {
        if ('failed' in data) fail(data.failed);
        else if ('ready' in data) {
          cancelTimer();
          resolve(data.ready);
        } else if ('began' in data) this.begin(data.began);
        else if (this.pings.has(data.id)) this.pings.get(data.id)?.();
        else this.settle(data);
      };
      worker.postMessage({ open: { url, options } } satisfies ToModule);
    });
  }

  private post(message: ToModule): void {
    this.worker?.postMessage(message);
  }

  private async call(call: ModuleCall): Promise<unknown> {
    this.openCalls++;
    try {
      if (this.worker === null) this.restart();
      await this.ready;
      return await new Promise((resolve, reject) => {
        this.ask(this.nextId++, { call, asked: 0, resolve, reject });
      });
    } finally {
      this.openCalls--;
      this.endIfIdle();
    }
  }

  private ask(id: number, asked: Pick<Pending, 'call' | 'asked' | 'resolve' | 'reject'>): void {
    const cancelTimer = this.inTime(id);
    this.pending.set(id, { ...asked, asked: asked.asked + 1, begun: false, cancelTimer });
    try {
      this.post({ id, call: asked.call });
    } catch (thrown) {
      this.take(id)?.reject(asError(thrown));
    }
  }

  private inTime(id: number): () => void {
    const { clock, timeLimitMs } = this.options;
    return setTimeLimit(clock, () => this.outOfTime(id), timeLimitMs);
  }

  private take(id: number): Pending | undefined {
    const found = this.pending.get(id);
    found?.cancelTimer();
    this.pending.delete(id);
    return found;
  }

  /** The call's turn has come, after waiting for others. */
  private begin(id: number): void {
    const call = this.pending.get(id);
    if (call === undefined) return;
    call.begun = true;
    call.cancelTimer();
    call.cancelTimer = this.inTime(id);
  }

  private settle(data: Extract<FromModule, { id: number }>): void {
    const call = this.take(data.id);
    if ('error' in data) call?.reject(new Error(data.error));
    else call?.resolve(data.result);
  }

  private outOfTime(id: number): void {
    const call = this.pending.get(id);
    if (call?.begun === true) {
      this.take(id);
      call.reject(new Error(`it did not end within ${this.options.timeLimitMs} ms (time_limit)`));
    }
    // A call that waits for something does not block others, but one that computes does.
    const { worker } = this;
    const alive = () => {
      cancelTimer();
      this.pings.delete(ping);
    };
    const ping = this.nextId++;
    const cancelTimer = setTimeLimit(
      this.options.clock,
      () => {
        this.pings.delete(ping);
        if (this.worker === worker) this.restart();
      },
      PING_MS,
    );
    this.pings.set(ping, alive);
    this.post({ id: ping, call: { kind: 'ping' } });
  }

  /** Starts a new thread: pending calls are sent again, but answers that had begun have lost their state. */
  private restart(): void {
    this.worker?.terminate();
    const waiting = [...this.pending.keys()].map((id) => [id, this.take(id)] as const);
    this.ready = this.start();
    this.ready.then(
      () => {
        for (const [id, call] of waiting) {
          if (call === undefined) continue;
          if (call.asked < MOST_TIMES_ASKED) this.ask(id, call);
          else call.reject(new Error('its thread was stopped repeatedly, since its calls never ended'));
        }
      },
      (thrown) => {
        for (const [, call] of waiting) call?.reject(thrown);
      },
    );
  }

  private failAll(reason: string): void {
    for (const id of [...this.pending.keys()]) this.take(id)?.reject(new Error(reason));
  }

  private endIfIdle(): void {
    if (!this.retired || this.openAnswers > 0 || this.openCalls > 0) return;
    this.worker?.terminate();
    this.worker = null;
  }
}

/** What was thrown, out of a thread's last words; a piece of the module's source precedes it, which is not the client's business. */
function thrownIn(lastWords: string): string {
  return /^ *\^\n(?:\w+: )?(.*)$/m.exec(lastWords)?.[1] ?? lastWords;
}
