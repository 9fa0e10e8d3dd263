// What the log is told of a failure that nobody expected.
import { expect, test } from 'bun:test';
import { stackOf } from '../../src/gateway/error-response.ts';
import { GatewayError, toGatewayError } from '../../src/model/errors.ts';

function breaks(): never {
  throw new TypeError('no such thing');
}

test('where it was thrown, also where it has become an error of the gateway’s on its way', () => {
  try {
    breaks();
  } catch (thrown) {
    for (const told of [thrown, toGatewayError(thrown)]) {
      expect(stackOf(told)).toStartWith('TypeError: no such thing\n');
      expect(stackOf(told)).toContain('at breaks (');
    }
  }
});

test('what has no cause, or is no error, as it is', () => {
  expect(stackOf(new GatewayError('internal', 'broken'))).toStartWith('GatewayError: broken\n');
  expect(stackOf('just words')).toBe('just words');
  expect(stackOf(toGatewayError('just words'))).toStartWith('GatewayError: internal error: just words');
});
