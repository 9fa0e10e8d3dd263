// Secrets written as `env:NAME`, `credential:NAME`, `file:PATH` or as the value itself.
import { createRedactor } from '../model/redact/redact.ts';
import { codeOf, messageOf } from '../model/thrown.ts';

export interface SecretSources {
  environment: Readonly<Record<string, string | undefined>>;
  /** The file's text; throws if it cannot be read. */
  readFile(path: string): string;
  /**
   * The stored credential; undefined if there is none of this name; throws if the store cannot be read. Null: this gateway has no store.
   */
  credential: ((name: string) => string | undefined) | null;
}

/** `problem` says why there is no value and what to do; it never holds the value. */
export type Secret = { value: string; problem?: never } | { value?: never; problem: string };

/** A value that a header may have: visible characters with blanks only inside, and nothing that ends a line. */
const HEADER_VALUE = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;

/** `${KEY}`, or `$KEY`, as shells write variables; no vendor issues such keys. */
const SHELL_VARIABLE = /^\$(?:\{[A-Za-z_]\w*\}|[A-Z][A-Z0-9_]*)$/;

/**
 * Variables as written by Windows, opencode, LiteLLM, Bifrost, templates and GitHub's workflows, whose configurations people copy; or
 * `ENV:` in capitals.
 */
const FOREIGN_VARIABLE =
  /^(?:%[A-Za-z_]\w*%|\{env:\w+\}|os\.environ\/\w+|env\.[A-Z]\w*|\$?\{\{[^{}]+\}\}|ENV:\w+)$/;

/** The bare name of a variable: no vendor issues such keys either. */
const VARIABLE_NAME = /^[A-Z][A-Z0-9_]*_(?:KEY|TOKEN)$/;

/** The secret itself may have been written in place of a name. */
const redact = createRedactor([]);

export function resolveSecret(reference: string, sources: SecretSources): Secret {
  const secret = look(reference, sources);
  if (secret.value === undefined || HEADER_VALUE.test(secret.value)) return secret;
  return { problem: `${sourceOf(reference)} has characters that a header cannot contain` };
}

function look(reference: string, sources: SecretSources): Secret {
  const [, scheme, name] = /^(env|credential|file):(.*)$/s.exec(reference) ?? [];
  if (scheme === undefined || name === undefined) {
    if (SHELL_VARIABLE.test(reference))
      return { problem: 'shell variables are not expanded here; write env:NAME' };
    if (FOREIGN_VARIABLE.test(reference))
      return { problem: 'variables of other programs are not expanded here; write env:NAME' };
    if (VARIABLE_NAME.test(reference))
      return { problem: 'this is the name of a variable instead of a value; write env:NAME' };
    return reference === '' ? { problem: 'the value is empty' } : { value: reference };
  }
  if (name === '') return { problem: `a name is missing after "${scheme}:"` };
  if (scheme === 'env') {
    const value = sources.environment[name]?.trim();
    if (value) return { value };
    if (/^\w+$/.test(name)) return { problem: `environment variable ${redact(name)} is not set` };
    return {
      problem: 'what follows env: is not the name of a variable; a key itself is written without env:',
    };
  }
  if (scheme === 'credential') return lookUpCredential(name, sources);
  try {
    const value = sources.readFile(name).trim();
    return value === '' ? { problem: `file ${redact(name)} is empty` } : { value };
  } catch (thrown) {
    return { problem: `file ${redact(name)} ${unreadable(thrown)}` };
  }
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist; a relative path starts at the folder of the configuration file',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a folder',
};

/** The reason, to follow the file's name. Only by the code: a system's message repeats the path, which may be the secret itself. */
export function unreadable(thrown: unknown): string {
  const code = codeOf(thrown) ?? '';
  return UNREADABLE[code] ?? `cannot be read${code === '' ? '' : ` (${code})`}`;
}

function lookUpCredential(name: string, sources: SecretSources): Secret {
  if (sources.credential === null) {
    return {
      problem: `this gateway has no credential store; use env: instead of credential:${redact(name)}`,
    };
  }
  try {
    const value = sources.credential(name)?.trim();
    if (value) return { value };
  } catch (thrown) {
    return {
      problem: `credential ${redact(name)}: ${messageOf(thrown)}`,
    };
  }
  const shown = redact(name);
  return { problem: `credential ${shown} is not stored; store it with "sluice credentials store ${shown}"` };
}

function sourceOf(reference: string): string {
  const [, scheme, name] = /^(env|credential|file):(.*)$/s.exec(reference) ?? [];
  if (scheme === 'env') return `environment variable ${name}`;
  return scheme === undefined ? 'the value' : `${scheme} ${name}`;
}
