// What cannot be read is logged (GUARANTEES 18): nothing of what a model said is in that line, in no dialect.
import { expect, test } from 'bun:test';
import { MalformedEvent } from '../../src/dialects/dialect.ts';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';

const SAID = 'what-was-said';
const BROKEN = [
  `{"type":"x","text":"${SAID}`,
  `"${SAID}"`,
  `["${SAID}"]`,
  SAID,
  `{"${SAID}":1}`,
  `{"choices":"${SAID}","candidates":"${SAID}","output":"${SAID}"}`,
  `{"choices":["${SAID}"],"candidates":["${SAID}"]}`,
  `{"type":"response.output_text.delta","delta":{"${SAID}":1}}`,
  `{"type":"content_block_delta","index":0,"delta":"${SAID}"}`,
  `{"choices":[{"delta":"${SAID}"}],"candidates":[{"content":{"parts":["${SAID}"]}}],"message":"${SAID}"}`,
];
const NAMES = ['', 'content_block_delta', 'contentBlockDelta', 'response.output_text.delta', 'chunk'];

test.each(Object.entries(PROVIDER_SIDES))('%s', (_, side) => {
  const reasons: string[] = [];
  for (const event of NAMES) {
    for (const data of BROKEN) {
      const decoder = side.createStreamDecoder({ push() {} });
      try {
        decoder.decode({ event, data });
      } catch (thrown) {
        if (!(thrown instanceof MalformedEvent)) throw thrown;
        reasons.push(thrown.message);
      }
    }
  }
  expect(reasons).not.toEqual([]);
  expect(reasons.filter((reason) => reason.includes(SAID))).toEqual([]);
});
