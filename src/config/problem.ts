// What is wrong with a configuration, and where.
import { withoutKeyShapes } from '../model/redact/shapes.ts';

/** `fatal`: nothing is served. `error`: `check` fails, but serving goes on without the part that is named. `warning`: only reported. */
export type Severity = 'fatal' | 'error' | 'warning';

export type KeyPath = readonly (string | number)[];

export interface ConfigProblem {
  severity: Severity;
  /** The key at fault; empty: the whole file. */
  path: KeyPath;
  /** What is wrong and what to do; quotes no value that should be a secret. */
  message: string;
}

/** The problem as it may be shown: names and targets are quoted, and someone may have put an API key in place of one. */
export function withoutKeys<Problem extends ConfigProblem>(problem: Problem): Problem {
  return {
    ...problem,
    path: problem.path.map((part) => (typeof part === 'string' ? withoutKeyShapes(part) : part)),
    message: withoutKeyShapes(problem.message),
  };
}

/** `server.keys[0]`, `costs.pricing_overrides["lab/*"]`. */
export function formatKeyPath(path: KeyPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** More are not worth reading: they have a common cause, or the file is not Sluice's. */
export const MOST_PROBLEMS = 50;
