// Which statuses of a provider are tried again, whatever its dialect (GUARANTEES 4).
import { describe, expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { ERROR_RULES } from '../../src/model/errors.ts';

const AGAIN = [408, 409, 429, 500, 502, 503, 504, 520, 529];
const NEVER = [400, 404, 405, 410, 415, 422, 451];

const SIDES = [
  ...Object.entries(PROVIDER_SIDES),
  ...Object.entries(DIALECTS).map(
    ([name, { provider }]) => [`${name}, of its client too`, provider] as const,
  ),
];

describe.each(SIDES)('%s', (_, side) => {
  const retryOf = (status: number, body: string) =>
    ERROR_RULES[side.parseError({ status, headers: new Headers(), body }, {}).code].retry;

  for (const [kind, body] of [
    ['without a body', ''],
    ['in plain words', 'no'],
    ['in JSON', '{"error":{"message":"no"},"message":"no"}'],
    ['as a page', '<html>no</html>'],
  ] as const) {
    test.each(AGAIN)(`%i, ${kind}, is tried again`, (status) => {
      expect(retryOf(status, body)).toBe('anywhere');
    });
    test.each(NEVER)(`%i, ${kind}, is not`, (status) => {
      expect(retryOf(status, body)).toBe('never');
    });
  }
});
