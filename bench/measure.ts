// A measure: what is done with one contender in one round, and the resulting numbers.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
import type { Behaviour } from './behaviour.ts';
import { type Contender, OTHER_CORE, type Running } from './contender.ts';
import { CLIENTS, PROVIDERS } from './fixtures.ts';
import type { ClientFixture } from './fixtures/wire.ts';
import type { LoadCount, LoadSpec } from './load-client.ts';

/** How long and how often: `quick` for a first impression, `full` for numbers to publish, `tiny` for the test. */
export interface Effort {
  name: 'tiny' | 'quick' | 'full';
  rounds: number;
  /** Factor on every duration. */
  pace: number;
}

export const EFFORTS: Record<Effort['name'], Effort> = {
  tiny: { name: 'tiny', rounds: 1, pace: 0.05 },
  quick: { name: 'quick', rounds: 1, pace: 0.2 },
  full: { name: 'full', rounds: 3, pace: 1 },
};

/** Numbers of one round, by metric. */
export type Numbers = Record<string, number>;

export interface Measure {
  name: string;
  /** Metrics and their units, in the order of the report. */
  metrics: Record<string, string>;
  /** The number of rounds, where it differs from the effort's, e.g. because each is short. */
  rounds?(effort: Effort): number;
  applies(contender: Contender): boolean;
  run(context: MeasureContext): Promise<Numbers>;
}

export interface MeasureContext {
  contender: Contender;
  effort: Effort;
  /** An empty folder of this run alone. */
  directory: string;
}

export interface Stage {
  running: Running;
  /** A client's request to the contender. */
  request(stream: boolean): Asked;
  /** The same, but with a given body. */
  requestOf(stream: boolean, body: (client: ClientFixture, model: string) => string): Asked;
}

export type Asked = Pick<LoadSpec, 'path' | 'port' | 'headers' | 'body'>;

/** Starts a fresh upstream and the contender in front of it, for as long as `use` takes. */
export async function onStage<T>(
  { contender, directory }: MeasureContext,
  behaviour: Behaviour,
  use: (stage: Stage) => Promise<T>,
): Promise<T> {
  mkdirSync(join(directory, 'temp'), { recursive: true });
  const upstream = startChild([process.execPath, join(import.meta.dir, 'upstream.ts')], { core: OTHER_CORE });
  try {
    const upstreamPort = Number(/^port (\d+)$/.exec(await upstream.readLine())?.[1]);
    const running = await contender.start({ directory, upstreamPort, behaviour });
    const { prefix, port } = running;
    const client = CLIENTS[contender.client];
    const { model } = PROVIDERS[contender.provider];
    const requestOf: Stage['requestOf'] = (stream, body) => ({
      port,
      path: prefix + client.path(model, stream),
      headers: { ...client.headers, ...running.headers },
      body: body(client, model),
    });
    const request = (stream: boolean) => requestOf(stream, () => client.request(model, stream));
    try {
      return await use({ running, request, requestOf });
    } finally {
      await running.stop();
    }
  } finally {
    await upstream.stop();
  }
}

export interface LoadProcess {
  count(): Promise<LoadCount>;
  stop(): Promise<void>;
}

export function startLoad(spec: LoadSpec): LoadProcess {
  const program = join(import.meta.dir, 'load.ts');
  const child: Child = startChild([process.execPath, program], { core: OTHER_CORE });
  child.writeLine(JSON.stringify(spec));
  return {
    async count() {
      child.writeLine('count');
      // Written by `load.ts`.
      return JSON.parse(await child.readLine()) as LoadCount;
    },
    stop: () => child.stop(),
  };
}

export function failOn(count: LoadCount, contender: Contender): void {
  if (count.failed > 0) throw new Error(`${contender.name}: ${count.failed} requests failed`);
}
