// What is known of models by their names alone.
import { expect, test } from 'bun:test';
import { knownCapabilities } from '../../../src/dialects/shared/models/known-capabilities.ts';

test.each<[string, images: boolean | undefined, reasoning: boolean | undefined]>([
  ['claude-opus-4-8', true, true],
  ['anthropic/Claude-Opus-4-8', true, true],
  ['us.anthropic.claude-3-5-sonnet-20241022-v2:0', true, false],
  ['anthropic.claude-v2:1', false, false],
  ['claude-instant-1', false, false],
  ['gemini-2.0-flash', true, false],
  ['google/gemini-3-pro', true, true],
  ['gemini-2.5-flash-image', undefined, undefined],
  ['gemini-embedding-2', undefined, undefined],
  ['openai/gpt-oss-120b', false, true],
  ['gpt-4o-mini', true, false],
  ['gpt-5.1-chat-latest', true, false],
  ['gpt-5.1', true, true],
  ['gpt-realtime', undefined, undefined],
  ['o3-mini', false, true],
  ['o3', true, true],
  ['llama-3.3-70b', undefined, undefined],
  ['my-claude-like-model', undefined, undefined],
])('%s: images %p, reasoning %p', (model, images, reasoning) => {
  const known = knownCapabilities(model);
  expect([known.images, known.reasoning]).toEqual([images, reasoning]);
});
