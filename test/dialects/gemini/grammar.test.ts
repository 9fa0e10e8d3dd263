// The grammar checker finds what it is there to find, and in Google's own streams only what is known.
import { describe, expect, test } from 'bun:test';
import { gemini } from '../../../src/dialects/gemini/index.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { recordings } from '../../support/recordings.ts';
import { chunk, eventsOf } from './events.ts';

function check(...chunks: (JsonObject | string)[]): string[] {
  const checker = gemini.createGrammarChecker();
  for (const each of chunks) {
    checker.check({ event: '', data: typeof each === 'string' ? each : JSON.stringify(each) });
  }
  return checker.end();
}

/** How recorded streams depart: older servers leave fields out, and the edited ones go on after their end. */
const DEPARTURES: Record<string, RegExp[]> = {
  'firebase-streaming-failure-error-mid-stream': [
    /without (responseId|modelVersion)/,
    /role is not model/,
    /content after finishReason/,
    /a second finishReason/,
  ],
  'firebase-streaming-failure-finish-reason-safety': [/without (responseId|modelVersion|parts)/],
  'firebase-streaming-failure-prompt-blocked-safety': [/without (responseId|modelVersion)/],
  'firebase-streaming-failure-prompt-blocked-safety-with-message': [/without (responseId|modelVersion)/],
  'firebase-streaming-failure-recitation-no-content': [/without (responseId|parts)/],
  'firebase-streaming-success-citations': [/without responseId/],
  'firebase-streaming-success-empty-parts': [/without parts/],
  'lingua-imageconfigparam-google-followup-response-streaming': [/without parts/],
  'langchaingo-testgoogleaigeneratecontentwithmultiplemessages': [/finishReason 1/],
  'openinf-test-gemini-token-counts-streaming': [/finishReason 1/],
};

describe.each(
  recordings('gemini-generate', { streamed: true }).map((recording) => [recording.name, recording] as const),
)('%s', (name, recording) => {
  test('keeps the grammar, but for what is known', () => {
    const checker = gemini.createGrammarChecker();
    for (const event of eventsOf(recording)) checker.check(event);
    const known = DEPARTURES[name] ?? [];
    const violations = checker.end();
    expect(violations.filter((violation) => !known.some((pattern) => pattern.test(violation)))).toEqual([]);
    // Each departure is there: a list that is too long would hide one.
    for (const pattern of known) expect(violations.join('\n')).toMatch(pattern);
  });
});

const TEXT = chunk([{ text: 'a' }]);
const STOP = chunk([{ text: '' }], 'STOP');
const callOf = (functionCall: JsonObject) => chunk([{ functionCall }]);

test('a proper stream passes, and its summary says how it ended', () => {
  const usageMetadata = { promptTokenCount: 2, candidatesTokenCount: 1, totalTokenCount: 3 };
  expect(check(TEXT, callOf({ name: 'f', args: {} }), { ...STOP, usageMetadata })).toEqual([]);
  const checker = gemini.createGrammarChecker();
  for (const each of [TEXT, { ...STOP, usageMetadata }])
    checker.check({ event: '', data: JSON.stringify(each) });
  expect(checker.summary()).toEqual({ finish: 'STOP', usage: { inputTokens: 2, outputTokens: 1 } });
});

test('usage behind the reason, a blocked prompt, streamed arguments and an error at the end pass', () => {
  expect(check(STOP, { ...STOP, candidates: [] })).toEqual([]);
  expect(check({ promptFeedback: { blockReason: 'SAFETY' }, responseId: 'r', modelVersion: 'm' })).toEqual(
    [],
  );
  expect(check(callOf({ name: 'f', willContinue: true }), callOf({}), STOP)).toEqual([]);
  expect(check(TEXT, { error: { code: 503, message: 'busy', status: 'UNAVAILABLE' } })).toEqual([]);
});

const ERROR = { error: { code: 503, message: 'busy', status: 'UNAVAILABLE' } };

test.each<[string, (JsonObject | string)[]]>([
  ['not a JSON object', [TEXT, '{"candidates":', STOP]],
  ['an event after an error', [TEXT, ERROR, STOP]],
  ['an error without an HTTP code', [{ error: { code: 13, message: 'x', status: 'y' } }]],
  ['an error without message', [{ error: { code: 500, status: 'y' } }]],
  ['an error without status', [{ error: { code: 500, message: 'x' } }]],
  ['a chunk without candidates', [{ modelVersion: 'm', responseId: 'r' }]],
  ['a chunk without responseId', [{ ...STOP, responseId: undefined }]],
  ['a chunk without modelVersion', [{ ...STOP, modelVersion: undefined }]],
  ['the responseId changes', [TEXT, { ...STOP, responseId: 'r2' }]],
  ['the modelVersion changes', [TEXT, { ...STOP, modelVersion: 'm2' }]],
  ['a candidate that is not an object', [{ ...STOP, candidates: ['x'] }]],
  ['a candidate without parts', [chunk([], 'STOP')]],
  ['role is not model', [{ ...STOP, candidates: [{ content: { parts: [{ text: '' }], role: 'user' } }] }]],
  ['a part that is not an object', [{ ...STOP, candidates: [{ content: { role: 'model', parts: ['x'] } }] }]],
  ['a part with 0 kinds', [chunk([{ thought: true }], 'STOP')]],
  ['a part with 2 kinds', [chunk([{ text: 'a', functionCall: { name: 'f' } }], 'STOP')]],
  ['text that is not a string', [chunk([{ text: 3 }], 'STOP')]],
  ['a thoughtSignature that is not a string', [chunk([{ text: '', thoughtSignature: 3 }], 'STOP')]],
  ['inlineData without', [chunk([{ inlineData: { data: 'QUJD' } }], 'STOP')]],
  ['a functionCall without a name', [callOf({ args: {} }), STOP]],
  ['args that are not an object', [callOf({ name: 'f', args: '{}' }), STOP]],
  ['is used twice', [callOf({ id: 'c', name: 'f' }), callOf({ id: 'c', name: 'g' }), STOP]],
  ['ends inside a functionCall', [callOf({ name: 'f', willContinue: true }), STOP]],
  ['finishReason stop', [chunk([{ text: '' }], 'stop')]],
  ['a second finishReason', [STOP, STOP]],
  ['content after finishReason', [STOP, TEXT]],
  ['without finishReason or error', [TEXT]],
  ['but its parts make 3', [{ ...STOP, usageMetadata: { promptTokenCount: 3, totalTokenCount: 4 } }]],
])('finds: %s', (problem, chunks) => {
  expect(check(...chunks).join('\n')).toContain(problem);
});
