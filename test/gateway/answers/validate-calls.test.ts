// Which calls of a whole answer need arguments that are a JSON object.
import { expect, test } from 'bun:test';
import { requireValidCalls } from '../../../src/gateway/pumps/validate-calls.ts';
import type { ToolCallPart } from '../../../src/model/content.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';

const check = (kind: ToolCallPart['kind'], text: string) =>
  requireValidCalls({
    ...{ id: null, model: null, usage: NO_USAGE, finish: { unified: 'tool_use', raw: null } },
    parts: [{ type: 'tool-call', id: 'c', name: 'f', kind, arguments: text }],
  });

test('those of functions, where there are any', () => {
  expect(() => check('function', 'words')).toThrow('arguments of a call of f that are not a JSON object');
  for (const text of ['', ' ', '{"a":1}']) expect(() => check('function', text)).not.toThrow();
});

test('not those of free text, nor of tools that the provider runs', () => {
  for (const kind of ['custom', 'server'] as const) expect(() => check(kind, 'words')).not.toThrow();
});
