// A conformance run: every case of every dialect against one server, one after the other.
import type { Dialect } from '../dialects/dialect.ts';
import type { DialectId } from '../model/dialect-id.ts';
import { buildCase, CASE_NAMES, type CaseName } from './cases.ts';
import { checkError, checkStream, checkWhole } from './check-answer.ts';
import { messageOf } from '../model/thrown.ts';

export interface CaseResult {
  dialect: DialectId;
  case: CaseName;
  /** `not asked`: if the first case of a dialect gets no answer, the others would only wait as long again. */
  outcome: 'ok' | 'violations' | 'not served' | 'not asked';
  violations: string[];
}

/** No server answers; the message says what to do. */
export class ServerUnreachable extends Error {
  override readonly name = 'ServerUnreachable';
}

/** Not even the head of an answer came in time; the message says how long was waited. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

export interface RunOptions {
  /** The server's address; a path in it is kept before the dialects' own. */
  url: string;
  dialects: readonly Dialect[];
  model: string;
  key: string | null;
  /** The dialects were selected by name: one that is not served is a violation. */
  isDemanded: boolean;
  /** Bounds the time of each request, its answer's body included. Rejects with NoAnswer, and with ServerUnreachable to end the run. */
  send(url: string, init: RequestInit): Promise<Response>;
}

/** Statuses for paths that a server does not have. */
const NOT_SERVED = [404, 501];

/** Each result as it comes. Throws ServerUnreachable. */
export async function* runCases(options: RunOptions): AsyncGenerator<CaseResult> {
  for (const dialect of options.dialects) {
    const [first, ...others] = CASE_NAMES;
    let isSilent = false;
    const noteSilence = () => {
      isSilent = true;
    };
    if (first !== undefined) yield await runCase(dialect, first, options, noteSilence);
    for (const name of others)
      yield isSilent ? resultOf(dialect, name, 'not asked') : await runCase(dialect, name, options);
  }
}

function resultOf(
  { id }: Dialect,
  name: CaseName,
  outcome: CaseResult['outcome'],
  violations: string[] = [],
): CaseResult {
  return { dialect: id, case: name, outcome, violations };
}

async function runCase(
  dialect: Dialect,
  name: CaseName,
  options: RunOptions,
  noteSilence?: () => void,
): Promise<CaseResult> {
  const { url, model, key, isDemanded, send } = options;
  const result = (outcome: CaseResult['outcome'], violations?: string[]) =>
    resultOf(dialect, name, outcome, violations);
  try {
    const { path, stream, body } = buildCase(dialect, name, model);
    const response = await send(url.replace(/\/+$/, '') + path, {
      method: 'POST',
      headers: { ...dialect.provider.headers(key), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (NOT_SERVED.includes(response.status) && !isDemanded) {
      await response.body?.cancel();
      return result('not served');
    }
    const check = name === 'bad-request' ? checkError : stream ? checkStream : checkWhole;
    const violations = await check(dialect, response);
    return result(violations.length === 0 ? 'ok' : 'violations', violations);
  } catch (error) {
    if (error instanceof ServerUnreachable) throw error;
    if (error instanceof NoAnswer) noteSilence?.();
    return result('violations', [messageOf(error)]);
  }
}
