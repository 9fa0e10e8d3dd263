// Limits how much longer a request's JSON Schemas may become when they are rewritten: a few kilobytes of definitions that refer to each
// other, or of choices within choices, would become gigabytes.
import type { JsonObject } from '../../../model/json/json.ts';
import type { LossReport } from '../losses/loss-report.ts';

/** How deep schemas may be nested: each level takes a few calls of the stack. */
export const DEEPEST = 100;

/** In characters, for all schemas of a request: more than a model could read of them. */
const MOST = 1_000_000;

export interface SchemaGrowth {
  /** Whether the schema may be written so many more times. After the first refusal, all are refused. */
  allows(schema: JsonObject, times: number): boolean;
}

export interface ReportedGrowth extends SchemaGrowth {
  /** Reports that a schema lost something: a reference that cannot be replaced, or what would have grown too long. */
  cut(): void;
}

export function createSchemaGrowth(): SchemaGrowth {
  let left = MOST;
  return {
    allows(schema, times) {
      if (times <= 0) return true;
      if (left > 0) left -= times * JSON.stringify(schema).length;
      return left > 0;
    },
  };
}

/** @param feature of the client to which the schemas belong. */
export function reportedGrowth(feature: string, losses: LossReport): ReportedGrowth {
  return {
    ...createSchemaGrowth(),
    cut() {
      losses.approximated(
        feature,
        'without references that lead back to themselves or nowhere, and without what would grow too long',
      );
    },
  };
}
