// `sluice conform`: whether a gateway or provider conforms to the dialects that it serves.
import { CASE_NAMES } from '../conformance/cases.ts';
import {
  type CaseResult,
  NoAnswer,
  runCases,
  type RunOptions,
  ServerUnreachable,
} from '../conformance/run-cases.ts';
import { DIALECTS } from '../dialects/registry.ts';
import { DIALECT_IDS } from '../model/dialect-id.ts';
import { isUnreachable, networkFailure } from '../upstream/network-failure.ts';
import { numberFlag, stringFlag } from './arguments.ts';
import { type Command, CommandFailure, UsageError } from './command.ts';
import { directWithin } from './own-machine.ts';

const DEFAULT_MODEL = 'simulator/demo';
/** In seconds, for one request and its whole answer. */
const CASE_TIMEOUT_S = 60;
/** The longest time that timers can count, in milliseconds. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
const longest = (names: readonly string[]) => Math.max(...names.map(({ length }) => length));
const DIALECT_WIDTH = longest(DIALECT_IDS);
const NAME_WIDTH = DIALECT_WIDTH + 2 + longest(CASE_NAMES);

export const conformCommand: Command = {
  name: 'conform',
  summary:
    'Send requests in each dialect to the server at URL and check its answers; exit code 1 on any violation.',
  flags: {
    dialect: {
      value: 'DIALECT',
      summary: `Only this dialect, which must then be served: ${DIALECT_IDS.join(', ')}.`,
    },
    model: { value: 'MODEL', summary: `Model to request (default: ${DEFAULT_MODEL}).` },
    key: { value: 'KEY', summary: 'Key to send, in each dialect’s own header.' },
    timeout: {
      value: 'SECONDS',
      summary: `Limit for each request and its whole answer (default: ${CASE_TIMEOUT_S}).`,
    },
    json: { summary: 'Print the results as JSON.' },
  },
  operands: ['URL'],
  examples: [
    ['conform http://127.0.0.1:8088', 'A gateway, in every dialect.'],
    ['conform http://10.0.0.5:8000 --dialect openai-chat', 'A server of one dialect.'],
  ],
  async run(input, context) {
    const url = parseUrl(input.operands[0]);
    const asked = stringFlag(input, 'dialect');
    const ids = DIALECT_IDS.filter((id) => asked === undefined || id === asked);
    if (ids.length === 0)
      throw new UsageError(`unknown dialect "${asked}"; there are ${DIALECT_IDS.join(', ')}`);
    const timeoutS = numberFlag(input, 'timeout') ?? CASE_TIMEOUT_S;
    const timeoutMs = Math.min(1_000 * timeoutS, LONGEST_TIMEOUT_MS);
    const send = (target: string, init: RequestInit) =>
      fetch(target, {
        ...init,
        ...directWithin(target),
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
    const results: CaseResult[] = [];
    const report = (result: CaseResult) => {
      results.push(result);
      if (!input.flags.json) for (const line of describeResult(result)) context.out(line);
    };
    const unreachable = await runUntilUnreachable(
      {
        url,
        dialects: ids.map((id) => DIALECTS[id]),
        model: stringFlag(input, 'model') ?? DEFAULT_MODEL,
        key: stringFlag(input, 'key') ?? null,
        isDemanded: asked !== undefined,
        send: (target, init) => send(target, init).catch(rejectUnanswered(target, timeoutS)),
      },
      report,
    );
    if (input.flags.json) context.out(JSON.stringify(results, null, 2));
    if (unreachable !== undefined) throw new CommandFailure(unreachable.message, { cause: unreachable });
    if (results.every(({ outcome }) => outcome === 'not served')) {
      const remedy = /\/v1(beta)?\/?$/.test(url)
        ? `; the dialects’ own paths include the version: give ${url.replace(/\/v1(beta)?\/?$/, '')}`
        : '';
      throw new CommandFailure(
        `the server serves none of the dialects, or does not know the model (--model)${remedy}`,
      );
    }
    return results.some(({ outcome }) => outcome === 'violations') ? 1 : 0;
  },
};

function parseUrl(text: string | undefined): string {
  if (text === undefined) throw new UsageError('conform needs a URL: sluice conform URL');
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    throw new UsageError(
      `"${text}" must be an http or https URL such as http://127.0.0.1:8088, without a query`,
    );
  return url.href;
}

/** Returns the error that ended the run before it was complete. */
async function runUntilUnreachable(
  options: RunOptions,
  report: (result: CaseResult) => void,
): Promise<ServerUnreachable | undefined> {
  try {
    for await (const result of runCases(options)) report(result);
    return undefined;
  } catch (error) {
    if (error instanceof ServerUnreachable) return error;
    throw error;
  }
}

function rejectUnanswered(url: string, timeoutS: number): (cause: unknown) => never {
  return (cause) => {
    if (cause instanceof Error && cause.name === 'TimeoutError')
      throw new NoAnswer(`no answer within ${timeoutS} s (--timeout)`, { cause });
    if (!isUnreachable(cause)) throw cause;
    const { message } = networkFailure('the server', url, cause);
    throw new ServerUnreachable(message.replace('base_url', 'the URL'), { cause });
  };
}

function describeResult({ dialect, case: name, outcome, violations }: CaseResult): string[] {
  return [
    `  ${`${dialect.padEnd(DIALECT_WIDTH)}  ${name}`.padEnd(NAME_WIDTH)}  ${outcome}`,
    ...violations.map((violation) => `  ${' '.repeat(NAME_WIDTH)}  - ${violation}`),
  ];
}
