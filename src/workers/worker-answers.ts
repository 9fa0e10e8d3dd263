// What a primary asks of one of its workers, and how the worker answers.
import type { ServedGateway } from '../gateway/gateway.ts';
import type { Watchers } from '../gateway/live/watchers.ts';
import type { DescriptorState } from '../model/descriptor-state.ts';
import type { LogState } from '../model/log-state.ts';
import type { EndTimes, WorkerMethods } from './protocol.ts';
import type { SentConfig } from './sent-config.ts';

export interface ServingWorker {
  gateway: ServedGateway;
  /** The state of this process's log. */
  logState(): LogState;
  /** Whether this process can open further files and connections. */
  descriptorState(): DescriptorState;
  /** `config`: null if this process has to load it itself. Resolves when it is in use. */
  reload(config: SentConfig): Promise<void>;
  /** Serves on for `ms`, or until `sooner` resolves, while telling load balancers to go elsewhere. */
  leave(ms: number, sooner: Promise<void>): Promise<void>;
  /** Ends in an orderly way within `timeoutMs`, or when `sooner` resolves; resolves with how many requests were cut. */
  drain(timeoutMs: number, sooner: Promise<void>): Promise<number>;
}

interface WorkerAnswersOptions {
  setTimer(callback: () => void, ms: number): () => void;
  /** Those who watch at this worker. */
  watchers: Watchers;
  /** Sends a frame of the live view to the primary. */
  sendFrame(frame: Uint8Array): void;
}

export class WorkerAnswers {
  readonly methods: WorkerMethods;
  /** Provider's name → its column in the table of loads. */
  columns: ReadonlyMap<string, number> = new Map();
  private readonly options: WorkerAnswersOptions;
  private serving: ServingWorker | undefined;
  private readonly ended = Promise.withResolvers<void>();
  private readonly hurried = Promise.withResolvers<void>();
  private stopFrames = () => {};

  constructor(options: WorkerAnswersOptions) {
    this.options = options;
    const gateway = () => this.started().gateway;
    this.methods = {
      learn: (notice) => this.serving?.gateway.learn(notice),
      reload: (columns, config) => this.reload(columns, config),
      running: async () => gateway().running.list(),
      cancel: async (requestId) => gateway().running.cancel(requestId),
      providerStates: () => gateway().providerStates(),
      rateLimits: () => gateway().rateLimits(),
      logState: () => this.started().logState(),
      descriptorState: () => this.started().descriptorState(),
      connections: () => gateway().connections(),
      beat() {},
      flush: () => gateway().flush(),
      watched: (isOn) => this.watched(isOn),
      frame: options.watchers.publish,
      drain: (times) => this.drain(times),
      hurry: this.hurried.resolve,
    };
  }

  /** From then on this answers; resolves after an orderly end. */
  async serve(given: ServingWorker, ready: () => void): Promise<void> {
    this.serving = given;
    ready();
    await this.ended.promise;
    this.stopFrames();
    this.options.watchers.close();
  }

  /** Reports to the primary what was spent from budgets here, without waiting for more. */
  reportSpent(): void {
    this.serving?.gateway.reportSpent();
  }

  private started(): ServingWorker {
    if (this.serving === undefined) throw new Error('this worker does not serve yet');
    return this.serving;
  }

  private async reload(columns: ReadonlyMap<string, number>, config: SentConfig): Promise<void> {
    this.columns = columns;
    await this.serving?.reload(config);
  }

  private watched(isOn: boolean): void {
    this.stopFrames();
    this.stopFrames = isOn ? this.started().gateway.followLive(this.options.sendFrame) : () => {};
  }

  private async drain({ delayMs, timeoutMs }: EndTimes): Promise<number> {
    const { watchers, setTimer } = this.options;
    await this.serving?.leave(delayMs, this.hurried.promise);
    watchers.close();
    const cut = (await this.serving?.drain(timeoutMs, this.hurried.promise)) ?? 0;
    // After the answer has been sent.
    setTimer(this.ended.resolve, 0);
    return cut;
  }
}
