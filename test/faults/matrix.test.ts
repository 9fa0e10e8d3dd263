// Every fault, for clients of every dialect, streamed and whole, with and without somewhere to fall back to.
import { afterAll, describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import { GatewayError } from '../../src/model/errors.ts';
import { createSimulator } from '../../src/simulator/index.ts';
import { createVirtualTime } from '../simulator/virtual-time.ts';
import { BACK_OFF_MS, type FaultCase, foreignTo, type Outcome, runFault } from './fault-lab.ts';
import { type Expectation, FAULTS, type FaultRow, TEXT } from './fault-table.ts';
import { type FaultySocket, startRefusing, startResetting } from './faulty-socket.ts';
import { createReport } from './report.ts';

const report = createReport();
afterAll(() => report.print());

for (const row of FAULTS) {
  describe(row.fault, () => {
    for (const form of ['streamed', 'whole'] as const) {
      for (const fallback of [false, true]) {
        for (const client of DIALECT_IDS) {
          for (const provider of [client, foreignTo(client)]) {
            const name = `${form}, ${client} to ${provider}${fallback ? ', with a fallback' : ''}`;
            test(name, () =>
              report.note(row.fault, form, fallback, client, check(row, form, fallback, client, provider)),
            );
          }
        }
      }
    }
  });
}

async function check(
  row: FaultRow,
  form: 'streamed' | 'whole',
  fallback: boolean,
  client: DialectId,
  provider: DialectId,
): Promise<string> {
  const expected = row[form];
  const stream = form === 'streamed';
  await using socket = await socketFor(row, expected, stream);
  const asked: FaultCase = { fault: row.fault, client, provider, fallback, stream, socket };
  const outcome = await runFault(asked);
  const fell = fallback && expected.falls;
  expectAnswer(asked, expected, outcome, fell);
  expectRow(asked, expected, outcome, fell);
  expect(outcome.calls).toEqual({ faulty: expected.calls, healthy: fell ? 1 : 0 });
  if (socket === undefined) expect(outcome.waits).toEqual(waitsOf(expected));
  expect(outcome.unsettled).toBe(0);
  const { status } = outcome.response;
  return `${status} ${outcome.row.status}, ${outcome.calls.faulty}+${outcome.calls.healthy} calls`;
}

async function socketFor(
  { fault, socket }: FaultRow,
  { text }: Expectation,
  stream: boolean,
): Promise<(FaultySocket & AsyncDisposable) | undefined> {
  if (socket !== true) return undefined;
  if (fault === 'refuse') return startRefusing();
  const lastWord = stream && text !== '' ? text.split(' ').at(-1) : undefined;
  return startResetting(createSimulator(createVirtualTime()), lastWord);
}

function waitsOf({ calls, waits }: Expectation): number[] {
  return calls === 1 ? [] : [waits ?? BACK_OFF_MS];
}

function expectAnswer(asked: FaultCase, expected: Expectation, outcome: Outcome, fell: boolean): void {
  const { response, answer } = outcome;
  expect(excused(asked, answer.violations)).toEqual([]);
  expect(response.headers.get('x-sluice-attempts')).toBe(String(fell ? expected.calls + 1 : expected.calls));
  if (fell || expected.code === null) {
    expect(response.status).toBe(200);
    expect(answer).toMatchObject({
      text: fell ? TEXT : expected.text,
      endings: endingsOf(asked, fell),
      finish: 'end_turn',
      error: '',
    });
    return;
  }
  const status = statusSaid(asked, expected.status);
  const told = new GatewayError(expected.code, '', { status });
  expect(response.status).toBe(DIALECTS[asked.client].client.statusOf?.(told) ?? status);
  expect(response.headers.get('retry-after')).toBe(expected.retryAfter ?? null);
  expect(answer).toMatchObject({ text: expected.text, endings: ['error'], finish: '' });
  expect(answer.error).toMatch(/faulty|simulated failure/);
}

/** Gemini's streams have no last event that anything could follow: what its provider repeats is passed on. */
function endingsOf({ fault, client, provider, stream }: FaultCase, fell: boolean): string[] {
  const repeats = stream && fault === 'duplicate-terminal' && client === 'gemini' && provider === 'gemini';
  return repeats && !fell ? ['finish', 'finish'] : ['finish'];
}

/** Overload inside an answer has no status of its own: only one dialect has a 529 for it. */
function statusSaid({ fault, provider, stream }: FaultCase, status: number): number {
  if (!fault.startsWith('error') || status === 200 || provider === 'anthropic-messages') return status;
  // A response that had begun fails with a code that says no more than `server_error`.
  const hadBegun = stream && fault === 'error:0' && provider === 'openai-responses';
  return hadBegun ? status : 503;
}

/** In a passthrough the deltas of this dialect are not looked into. */
function isUnread({ client, provider, stream }: FaultCase): boolean {
  return stream && client === provider && client === 'anthropic-messages';
}

/** What passes as it came keeps the faults that are in its bytes (GUARANTEES 6). */
function excused({ fault, client, provider, stream }: FaultCase, violations: string[]): string[] {
  if (!stream || client !== provider) return violations;
  if (fault.startsWith('malformed')) return [];
  return violations.filter(
    (violation) => !(client === 'gemini' && violation.endsWith('a second finishReason')),
  );
}

function expectRow(asked: FaultCase, expected: Expectation, { row }: Outcome, fell: boolean): void {
  const isWell = fell || expected.code === null;
  expect(row).toMatchObject({
    clientDialect: asked.client,
    streamed: asked.stream,
    status: isWell ? 'success' : expected.row,
    errorCode: isWell ? null : expected.code,
    provider: fell ? 'healthy' : 'faulty',
    finishReason: isWell ? expect.any(String) : null,
    malformedEvents: fell || isUnread(asked) ? 0 : (expected.malformedEvents ?? 0),
  });
  // An attempt that served has no error, however its stream ended: the row has it.
  const error = expected.status === 200 ? null : expected.code;
  const failures = Array.from({ length: expected.calls }, () => ['faulty', error]);
  const tries = row.attempts.map(({ provider, error }) => [provider, error]);
  expect(tries).toEqual(fell ? [...failures, ['healthy', null]] : failures);
  if (isWell) expect(row.usage).toMatchObject({ outputTokens: 8 });
}
