// What rules read of a request: the user's last words, images anywhere, whether thinking is asked for.
import { expect, test } from 'bun:test';
import type { ImagePart, Part } from '../../src/model/content.ts';
import type { Message, NeutralRequest, ReasoningSettings } from '../../src/model/request.ts';
import { hasImage, lastUserText, thinkingAsked } from '../../src/routing/request-view.ts';

const request = (messages: Message[], reasoning?: ReasoningSettings): NeutralRequest => ({
  model: 'm',
  stream: true,
  system: [],
  tools: [],
  messages,
  ...(reasoning && { reasoning }),
});
const text = (words: string): Part => ({ type: 'text', text: words });
const image: ImagePart = { type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } };
const asked: Message = { role: 'user', parts: [text('Find it.')] };
const result = (...content: [] | [ImagePart]): Message => ({
  role: 'user',
  parts: [{ type: 'tool-result', callId: 'c', content }],
});

test('the last words are the user’s, neither the model’s nor a tool’s', () => {
  const called: Message = { role: 'assistant', parts: [text('Looking.')] };
  expect(lastUserText(request([asked, called, result(), called]))).toBe('Find it.');
});

test('of long words the beginning and the end are read', () => {
  const long = text(`first${'.'.repeat(100_000)}last`);
  const read = lastUserText(request([{ role: 'user', parts: [long] }]));
  expect(read).toMatch(/^first\.+\n…\n\.+last$/);
  expect(read.length).toBeLessThan(10_000);
});

test('an image may be in the result of a tool', () => {
  expect(hasImage(request([asked, result()]))).toBe(false);
  expect(hasImage(request([asked, result(image)]))).toBe(true);
});

test.each<[ReasoningSettings | undefined, string | undefined]>([
  [undefined, undefined],
  [{ summary: 'auto' }, undefined],
  [{ mode: 'off', effort: 'high' }, undefined],
  [{ effort: 'none' }, undefined],
  [{ effort: 'minimal' }, undefined],
  [{ mode: 'on', budgetTokens: 0 }, undefined],
  [{ mode: 'adaptive' }, 'thinking'],
  [{ budgetTokens: 1_024 }, 'thinking'],
  [{ mode: 'on', effort: 'low' }, 'thinking with effort low'],
])('thinking asked by %j: %j', (reasoning, described) => {
  expect(thinkingAsked(request([asked], reasoning))).toBe(described);
});
