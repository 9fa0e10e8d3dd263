// A list of transformers as configured → the transformers themselves, their secrets looked up.
import { isObject } from '../model/json/json.ts';
import type { TransformerEntry } from '../transformers/entry.ts';
import { isModulePath, splitModuleOptions } from '../transformers/entry.ts';
import { findTransformer } from '../transformers/registry.ts';
import type { Transformer } from '../transformers/transformer.ts';
import { createModuleTransformer, type TransformerModule } from '../transformers/user-module.ts';
import type { KeyPath } from './problem.ts';
import type { TransformersConfig } from './resolved.ts';
import { resolveSecret, type SecretSources } from './secrets.ts';

/**
 * @param path of the list.
 * @param known collects the secrets, and the modules that the list names by file.
 * @param refuse receives why an entry cannot work, with its path within the list; such an entry is left out.
 */
export function resolveTransformers(
  entries: readonly TransformerEntry[],
  path: KeyPath,
  sources: SecretSources,
  known: TransformersConfig,
  refuse: (path: KeyPath, problem: string) => void,
): Transformer[] {
  return entries.flatMap(({ name, options }, index): Transformer[] => {
    if (isModulePath(name)) {
      const own = splitModuleOptions(options);
      const module: TransformerModule = { file: name, ...own, path: [...path, index], code: null };
      known.modules.push(module);
      return [createModuleTransformer(module)];
    }
    const row = findTransformer(name);
    if (row === undefined) return [];
    const complete = withSecrets(options, row.secretOptions ?? [], sources, (key, problem) =>
      refuse([index, ...key], problem),
    );
    if (complete === undefined) return [];
    const step = row.create(complete);
    known.secrets.push(...(step.secrets ?? []));
    return [step];
  });
}

/** Undefined after reporting which secret cannot be found. */
function withSecrets(
  options: Record<string, unknown>,
  names: readonly string[],
  sources: SecretSources,
  refuse: (path: KeyPath, problem: string) => void,
): Record<string, unknown> | undefined {
  let complete = true;
  const resolved = { ...options };
  for (const name of names) {
    const references = options[name];
    if (!isObject(references)) continue;
    const values = Object.entries(references).map(([key, reference]) => {
      const secret = resolveSecret(String(reference), sources);
      if (secret.value === undefined) {
        complete = false;
        refuse([name, key], secret.problem);
      }
      return [key, secret.value ?? ''];
    });
    resolved[name] = Object.fromEntries(values);
  }
  return complete ? resolved : undefined;
}
