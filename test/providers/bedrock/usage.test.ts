// The counts that Converse states.
import { expect, test } from 'bun:test';
import { readUsage } from '../../../src/dialects/bedrock-converse/read-answer.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';

test.each<[string, JsonObject, object]>([
  ['none', {}, {}],
  ['those stated', { inputTokens: 3, cacheReadInputTokens: 5 }, { inputTokens: 3, cacheReadTokens: 5 }],
  [
    'what was written to the cache for an hour, of all places',
    {
      cacheWriteInputTokens: 9,
      cacheDetails: [
        { ttl: '1h', inputTokens: 3 },
        { ttl: '5m', inputTokens: 2 },
        { ttl: '1h', inputTokens: 4 },
      ],
    },
    { cacheWriteTokens: 9, cacheWrite1hTokens: 7 },
  ],
  ['a place without a count adds nothing', { cacheDetails: [{ ttl: '1h' }] }, { cacheWrite1hTokens: 0 }],
])('%s', (_, usage, expected) => {
  expect(readUsage(usage)).toEqual(expected);
});
