// A conformance run: every case of every dialect against one server, one after the other.
import type { Dialect } from '../dialects/dialect.ts';
import type { DialectId } from '../model/dialect-id.ts';
import { buildCase, CASE_NAMES, type CaseName } from './cases.ts';
import { checkError, checkStream, checkWhole } from './check-answer.ts';
import { messageOf } from '../model/thrown.ts';

export interface CaseResult {
  dialect: DialectId;
  case: CaseName;
  /** `not asked`: the first case of the dialect got no answer, and the others would wait just as long for none. */
  outcome: 'ok' | 'violations' | 'not served' | 'not asked';
  violations: string[];
}

/** No server answers. The message says what to do. */
export class ServerUnreachable extends Error {
  override readonly name = 'ServerUnreachable';
}

/** The head of an answer did not arrive in time. The message says how long was waited. */
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
  /** Limits the time of each request, including the body of its answer. Rejects with NoAnswer, or with ServerUnreachable to end the run. */
  send(url: string, init: RequestInit): Promise<Response>;
}

/** Statuses that mean that the server does not have the path. */
const NOT_SERVED = [404, 501];

/** Yields each result as it arrives. Throws ServerUnreachable. */
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
