// Every recorded answer, read by the official SDKs through the gateway: what they assemble equals what the
// provider's own SDK assembles from the recording itself. Departures are listed in expected.ts, each with its
// reason; what a client cannot be told at all must be named in the ledger's row (GUARANTEES 8).
import { afterAll, describe, expect, test } from 'bun:test';
import { type Recording, recordings } from '../support/recordings.ts';
import type { Answer } from './answer.ts';
import {
  CLIENT_NAMES,
  CLIENTS,
  type ClientName,
  OWN_SDK,
  readEvents,
  VENDOR_SDKS,
  type Wire,
  WIRES,
} from './clients.ts';
import { endsInRefusal, expectedAnswer, TWO_ANSWERS, UNREADABLE_BY } from './expected.ts';
import { directFetch, gatewayFor } from './gateway-for.ts';
import { createSummary, type Verdict } from './summary.ts';
import { toldOtherwise, unsayable } from './unsayable.ts';
import { foldAnthropicBytes, foldGeminiBytes } from './wire-facts.ts';

/** Recordings that the provider's own SDK cannot read; an independent fold over the bytes stands in for it. */
const UNREADABLE: Record<string, { why: string; fold(recording: Recording): Answer }> = {
  'anthropic-messages/anthropic/anthropic-sdk-incomplete-partial-json-response': {
    why: 'the recorder cut the blank line behind message_stop, without which the SDK never sees that event',
    fold: foldAnthropicBytes,
  },
};

/** Google's SDK wants a blank line behind the last event. */
for (const name of [
  'google-ai/firebase-streaming-failure-prompt-blocked-safety',
  'vertex/firebase-streaming-failure-prompt-blocked-safety-with-message',
]) {
  const why = 'the SDK takes its last event for incomplete';
  UNREADABLE[`gemini-generate/${name}`] = { why, fold: foldGeminiBytes };
}

const summary = createSummary(CLIENT_NAMES);
afterAll(() => {
  console.log(`\nRecorded answers × clients through the gateway\n${summary.table()}\n`);
});

const references = new Map<string, Promise<Answer>>();

/** What the provider's own SDK reads from the recording. */
function reference(recording: Recording, wire: Wire): Promise<Answer> {
  const known = references.get(recording.id);
  if (known !== undefined) return known;
  const read = async () => {
    const irregular = UNREADABLE[recording.id];
    if (irregular !== undefined) return irregular.fold(recording);
    if (wire === 'openai-responses' && recording.streamed) return readEvents(directFetch(recording));
    const { answer } = await OWN_SDK[wire].ask(directFetch(recording), {
      stream: recording.streamed,
      tools: [],
    });
    return answer;
  };
  const reading = read();
  references.set(recording.id, reading);
  return reading;
}

/** Calls without an id get one of the gateway's making, which must only be there and be unique. */
function withSameIds(actual: Answer, expected: Answer): Answer {
  const ids = new Set<string>();
  const calls = actual.calls.map((call, at) => {
    expect(call.id).not.toBe('');
    expect(ids.has(call.id)).toBe(false);
    ids.add(call.id);
    return expected.calls[at]?.id === '' ? { ...call, id: '' } : call;
  });
  return { ...actual, calls };
}

/** Where tokens stand among each other is each dialect's own. */
function comparable(answer: Answer): Answer {
  return { ...answer, seals: answer.seals.toSorted() };
}

function isUnreadableBy(client: ClientName, id: string): boolean {
  return UNREADABLE_BY.some((each) => each.client === client && each.recordings.test(id));
}

function failure(outcome: PromiseSettledResult<unknown>): string {
  return outcome.status === 'rejected' ? String(outcome.reason) : 'no failure';
}

const STAND_IN = / \(approximated: .*\)$/;

/** Google's SDK asks to be shown thoughts, which not every model and server does. */
const NOT_SHOWN = new Set(['thinking', 'reasoning_summary']);

/** The names in a row: of what is lost, and of what the client is told in another form. */
function split(names: readonly string[]): { lost: string[]; substitutes: string[] } {
  const lostNames = names.filter((name) => !NOT_SHOWN.has(name.replace(STAND_IN, '')));
  const substitutes = lostNames
    .filter((name) => STAND_IN.test(name))
    .map((name) => name.replace(STAND_IN, ''));
  return { lost: lostNames.filter((name) => !STAND_IN.test(name)), substitutes: substitutes.sort() };
}

/**
 * What only clients of Ollama lose: signatures that no call carries, refusals as the reason to stop, and parts of the counts.
 * @returns the other names.
 */
function withoutOllamas(
  client: ClientName,
  { lost, substitutes }: ReturnType<typeof split>,
  recording: Recording,
  [answer, expected]: [Answer, Answer],
): ReturnType<typeof split> {
  if (client !== 'ollama') return { lost, substitutes };
  const isNamed = lost.includes('reasoning') || substitutes.includes('reasoning');
  expect(isNamed).toBe(expected.seals.length < answer.seals.length);
  if (endsInRefusal(recording, answer)) expect(substitutes).toContain('finish_reason');
  expect(lost.includes('usage.cache_read_tokens')).toBe((answer.usage?.cacheRead ?? 0) > 0);
  expect(lost.includes('usage.reasoning_tokens')).toBe((answer.usage?.reasoning ?? 0) > 0);
  const expectedLosses = new Set(['reasoning', 'usage.cache_read_tokens', 'usage.reasoning_tokens']);
  if (endsInRefusal(recording, answer)) expectedLosses.add('finish_reason');
  const others = (names: readonly string[]) => names.filter((name) => !expectedLosses.has(name));
  return { lost: others(lost), substitutes: others(substitutes) };
}

async function counted(row: string, column: string, check: () => Promise<Verdict>): Promise<void> {
  let verdict: Verdict = 'fail';
  try {
    verdict = await check();
  } finally {
    summary.add(row, column, verdict);
  }
}

for (const wire of WIRES) {
  for (const recording of recordings(wire, { status: 'ok' })) {
    // An error inside HTTP 200: sdk-errors.test.ts.
    if (recording.features.includes('in-stream-error')) continue;
    // What Google sends those who do not ask for events; the gateway does.
    if (recording.streamed && recording.body[0] === '['.charCodeAt(0)) continue;
    const { streamed } = recording;
    const row = `${wire}, ${streamed ? 'streamed' : 'whole'}`;

    describe(recording.id, () => {
      for (const name of CLIENT_NAMES) {
        const client = CLIENTS[name];
        if (client.dialect === 'openai-responses' && TWO_ANSWERS.has(recording.id)) continue;
        const isOwn = client.dialect === OWN_SDK[wire].dialect;

        test(`${name} reads what ${isOwn ? 'it reads without the gateway' : "the provider's own SDK reads"}`, () =>
          counted(row, name, async () => {
            const answer = await reference(recording, wire);
            const tools = [...new Set(answer.calls.map((call) => call.name))];
            const options = { stream: streamed, tools };
            const gateway = gatewayFor(recording);
            if (isOwn) {
              const [through, direct] = await Promise.allSettled([
                client.ask(gateway.fetch, options),
                client.ask(directFetch(recording), options),
              ]);
              const isReadable =
                !(CLIENTS[name] === OWN_SDK[wire] && recording.id in UNREADABLE) &&
                !isUnreadableBy(name, recording.id);
              expect(direct.status).toBe(isReadable ? 'fulfilled' : 'rejected');
              if (isReadable) expect(through).toEqual(direct);
              else expect(failure(through)).toBe(failure(direct));
              expect((await gateway.row(0)).lost).toEqual([]);
              return 'pass';
            }
            const asking = client.ask(gateway.fetch, options);
            if (isUnreadableBy(name, recording.id)) {
              await expect(asking).rejects.toThrow();
              return 'lost';
            }
            const { answer: actual } = await asking;
            const { expected, lost } = expectedAnswer(recording, answer, name);
            expect(comparable(withSameIds(actual, expected))).toEqual(comparable(expected));
            const { lost: named, substitutes } = withoutOllamas(
              name,
              split((await gateway.row(0)).lost),
              recording,
              [answer, expected],
            );
            expect(substitutes).toEqual(toldOtherwise(recording, client.dialect));
            expect(named.toSorted()).toEqual(unsayable(recording, client.dialect).toSorted());
            return lost || named.length > 0 ? 'lost' : 'pass';
          }));
      }

      // A provider that streams whatever is asked, or answers whole: the client gets what it asked for.
      for (const name of VENDOR_SDKS) {
        const asked = streamed ? 'whole' : 'as a stream';
        test(`${name} reads the same when it asked ${asked}`, () =>
          counted(`${row}, asked ${asked}`, name, async () => {
            const answer = await reference(recording, wire);
            const gateway = gatewayFor(recording);
            const isOwn = CLIENTS[name] === OWN_SDK[wire];
            const { answer: actual } = await CLIENTS[name].ask(gateway.fetch, {
              stream: !streamed,
              tools: [],
            });
            const { expected, lost } = expectedAnswer(recording, answer, name);
            expect(comparable(withSameIds(actual, expected))).toEqual(comparable(expected));
            const { status, lost: reported } = await gateway.row(0);
            const { lost: named, substitutes } = isOwn
              ? split(reported)
              : withoutOllamas(name, split(reported), recording, [answer, expected]);
            expect(status).toBe('success');
            if (!isOwn) expect(substitutes).toEqual(toldOtherwise(recording, CLIENTS[name].dialect));
            if (!isOwn) expect(named.toSorted()).toEqual(unsayable(recording, CLIENTS[name].dialect));
            return lost || named.length > 0 ? 'lost' : 'pass';
          }));
      }
    });
  }
}
