// Every fault, for clients of every dialect, streamed and whole: alone, with a fallback, with a target that is asked beside the
// faulty one, and with one that continues its answer.
import { afterAll, describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import { GatewayError } from '../../src/model/errors.ts';
import { createSimulator } from '../../src/simulator/index.ts';
import { createVirtualTime } from '../simulator/virtual-time.ts';
import { BACK_OFF_MS, type FaultCase, foreignTo, type Help, type Outcome, runFault } from './fault-lab.ts';
import { type Expectation, FAULTS, type FaultRow, TEXT } from './fault-table.ts';
import { type FaultySocket, startRefusing, startResetting } from './faulty-socket.ts';
import { createReport } from './report.ts';

/** How the healthy target comes in: not at all, after the faulty one, beside it, or behind what that had told. */
type Rescue = 'none' | 'fell' | 'raced' | 'went on';

const HELPS: Help[] = ['none', 'fallback', 'hedged', 'continuing'];
const report = createReport();
afterAll(() => report.print());

for (const row of FAULTS) {
  describe(row.fault, () => {
    for (const form of ['streamed', 'whole'] as const) {
      for (const help of HELPS) {
        for (const client of DIALECT_IDS) {
          for (const provider of [client, foreignTo(client)]) {
            // Errors of its own are a sentence, without place for such a hint.
            if (row.fault.endsWith('info') && provider === 'ollama-chat') continue;
            const name = `${form}, ${client} to ${provider}${help === 'none' ? '' : `, ${help}`}`;
            test(name, () =>
              report.note(row.fault, form, help, client, check(row, form, help, client, provider)),
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
  help: Help,
  client: DialectId,
  provider: DialectId,
): Promise<string> {
  const expected = row[form];
  const stream = form === 'streamed';
  await using socket = await socketFor(row, expected, stream);
  const asked: FaultCase = { fault: row.fault, client, provider, help, stream, socket };
  const outcome = await runFault(asked);
  const rescue = rescueOf(asked, expected);
  expectAnswer(asked, expected, outcome, rescue);
  expectRow(asked, expected, outcome, rescue);
  expect(outcome.calls).toEqual({ faulty: expected.calls, healthy: rescue === 'none' ? 0 : 1 });
  if (socket === undefined) expect(outcome.waits).toEqual(waitsOf(expected));
  expect(outcome.unsettled).toBe(0);
  const { status } = outcome.response;
  return `${status} ${outcome.row.status}, ${outcome.calls.faulty}+${outcome.calls.healthy} calls`;
}

function rescueOf({ help }: FaultCase, { status, code, falls }: Expectation): Rescue {
  if (help === 'continuing' && code !== null && status === 200) return 'went on';
  if (help === 'none' || !falls) return 'none';
  return help === 'hedged' && code === 'upstream_timeout' ? 'raced' : 'fell';
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

function expectAnswer(asked: FaultCase, expected: Expectation, outcome: Outcome, rescue: Rescue): void {
  const { response, answer } = outcome;
  const isRescued = rescue !== 'none';
  // The head is long gone when somebody goes on.
  const before = rescue === 'fell' || rescue === 'raced' ? expected.calls + 1 : expected.calls;
  expect(excused(asked, answer.violations)).toEqual([]);
  expect(response.headers.get('x-sluice-attempts')).toBe(String(before));
  if (isRescued || expected.code === null) {
    expect(response.status).toBe(200);
    expect(answer).toMatchObject({
      text: isRescued ? TEXT : expected.text,
      endings: endingsOf(asked, isRescued),
      finish: 'end_turn',
      error: '',
    });
    return;
  }
  const status = statusSaid(asked, expected.status);
  const expectedError = new GatewayError(expected.code, '', { status });
  const told = DIALECTS[asked.client].client.statusOf?.(expectedError) ?? status;
  expect(response.status).toBe(status === 200 ? status : told);
  expect(response.headers.get('retry-after')).toBe(expected.retryAfter ?? null);
  expect(answer).toMatchObject({ text: expected.text, endings: ['error'], finish: '' });
  expect(answer.error).toMatch(/faulty|simulated failure/);
}

/** Gemini's streams have no last event that anything could follow: what its provider repeats is passed on. */
function endingsOf({ fault, client, provider, stream }: FaultCase, isRescued: boolean): string[] {
  const repeats = stream && fault === 'duplicate-terminal' && client === 'gemini' && provider === 'gemini';
  return repeats && !isRescued ? ['finish', 'finish'] : ['finish'];
}

/** Overload inside an answer has no status of its own: only one dialect has a 529 for it. */
function statusSaid({ fault, provider, stream }: FaultCase, status: number): number {
  if (!fault.startsWith('error') || status === 200 || provider === 'anthropic-messages') return status;
  // A response that had begun fails with a code that says no more than `server_error`.
  const hadBegun = stream && fault === 'error:0' && provider === 'openai-responses';
  return hadBegun ? status : 503;
}

/** In a passthrough the deltas of this dialect are not looked into, unless somebody may have to go on with them. */
function isUnread({ client, provider, stream, help }: FaultCase): boolean {
  return stream && client === provider && client === 'anthropic-messages' && help !== 'continuing';
}

/** What passes as it came keeps the faults that are in its bytes (GUARANTEES 6). */
function excused({ fault, client, provider, stream }: FaultCase, violations: string[]): string[] {
  if (!stream || client !== provider) return violations;
  if (fault.startsWith('malformed')) return [];
  return violations.filter(
    (violation) => !(client === 'gemini' && violation.endsWith('a second finishReason')),
  );
}

const LINES_OF_GARBAGE = 5;

/** Where each line is an event, each of garbage is one that cannot be read. */
function malformedIn({ fault, provider, stream }: FaultCase, { malformedEvents = 0 }: Expectation): number {
  const isLines = stream && fault === 'garbage' && provider === 'ollama-chat';
  return isLines ? LINES_OF_GARBAGE : malformedEvents;
}

function expectRow(asked: FaultCase, expected: Expectation, { row }: Outcome, rescue: Rescue): void {
  const isRescued = rescue !== 'none';
  const isWell = isRescued || expected.code === null;
  expect(row).toMatchObject({
    clientDialect: asked.client,
    streamed: asked.stream,
    status: isWell ? 'success' : expected.row,
    errorCode: isWell ? null : expected.code,
    provider: isRescued ? 'healthy' : 'faulty',
    finishReason: isWell ? expect.any(String) : null,
    malformedEvents: isRescued || isUnread(asked) ? 0 : malformedIn(asked, expected),
  });
  const failures = Array.from({ length: expected.calls }, () => ({
    provider: 'faulty',
    error: rescue === 'raced' ? 'cancelled' : expected.code,
  }));
  expect(row.attempts).toMatchObject(
    isRescued ? [...failures, { provider: 'healthy', error: null }] : failures,
  );
  const [{ hedge, continued } = {}] = row.attempts.slice(-1);
  expect({ hedge, continued }).toEqual({
    hedge: rescue === 'raced' ? true : undefined,
    continued: rescue === 'went on' ? 'repeated' : undefined,
  });
  if (isWell) expect(row.usage).toMatchObject({ outputTokens: 8 });
}
