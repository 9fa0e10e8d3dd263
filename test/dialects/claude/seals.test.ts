// What Claude sealed on one platform, as another wants it back.
import { expect, test } from 'bun:test';
import { openRedacted, openRedactedBytes, openSignature } from '../../../src/dialects/claude/seals.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';

const anthropic = (value: string) => ownToken('anthropic-messages', value);
const bedrock = (value: string) => ownToken('bedrock-converse', value);
const another = ownToken('gemini', 'x');
const BYTES = new TextEncoder().encode('sealed é').toBase64();

test('signatures are the same everywhere', () => {
  expect([anthropic('s'), bedrock('s'), another].map(openSignature)).toEqual(['s', 's', undefined]);
});

test('what is redacted is text for Anthropic', () => {
  const opened = [anthropic('sealed é'), bedrock(BYTES), another].map(openRedacted);
  expect(opened).toEqual(['sealed é', 'sealed é', undefined]);
  // No text, and no base64.
  expect(['/w==', '%'].map((bytes) => openRedacted(bedrock(bytes)))).toEqual([undefined, undefined]);
});

test('and bytes for Bedrock', () => {
  const opened = [anthropic('sealed é'), bedrock('/w=='), another].map(openRedactedBytes);
  expect(opened).toEqual([BYTES, '/w==', undefined]);
});
