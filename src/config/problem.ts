// What is wrong with a configuration, and where.

/**
 * `fatal`: nothing is served. `error`: `check` fails, serving goes on without the part that is named.
 * `warning`: told, and no more.
 */
export type Severity = 'fatal' | 'error' | 'warning';

export type KeyPath = readonly (string | number)[];

export interface ConfigProblem {
  severity: Severity;
  /** The key it is about; empty: the file as a whole. */
  path: KeyPath;
  /** What is wrong and how to mend it; holds no value of the configuration that could be a secret. */
  message: string;
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
