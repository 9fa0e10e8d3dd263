// Arguments of earlier calls where a provider takes an object.
import { expect, test } from 'bun:test';
import { buildArguments } from '../../../src/dialects/shared/tools/call-arguments.ts';
import { LossReport } from '../../../src/dialects/shared/losses/loss-report.ts';

test.each([
  ['', {}],
  ['null', {}],
  ['"null"', {}],
  ['"{\\"x\\":1}"', { x: 1 }],
  ['{"x":1}', { x: 1 }],
])('%p is the object that was meant', (text, expected) => {
  const losses = new LossReport('gemini');
  expect(buildArguments({ kind: 'function', arguments: text }, losses)).toEqual(expected);
  expect(losses.list()).toEqual([]);
});

test.each(['"x"', '[1]', '{"x":'])('%p is handed on as text, which is named', (text) => {
  const losses = new LossReport('gemini');
  expect(buildArguments({ kind: 'function', arguments: text }, losses)).toEqual({ arguments: text });
  expect(losses.list()).toMatchObject([{ feature: 'tool_calls.arguments', outcome: 'approximated' }]);
});

test.each(['null', '"{\\"x\\":1}"'])('free text stays as it is where it is %p', (text) => {
  const losses = new LossReport('gemini');
  expect(buildArguments({ kind: 'custom', arguments: text }, losses)).toEqual({ input: text });
});
