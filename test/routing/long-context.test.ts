// Whether a prompt is longer than a limit: estimated far from it, counted near it, of a sample where it is very long.
import { expect, test } from 'bun:test';
import { countText } from '../../src/gateway/operations/estimate-tokens.ts';
import type { NeutralRequest } from '../../src/model/request.ts';
import { estimateText, measureContext, type TextCounter } from '../../src/routing/long-context.ts';

const PROSE = 'The quick brown fox jumps over the lazy dog, and then it sleeps.\n';
/** By the tokenizer. */
const PROSE_TOKENS = 16;

function ask(...texts: string[]): NeutralRequest {
  const messages = texts.map((text) => ({ role: 'user' as const, parts: [{ type: 'text' as const, text }] }));
  return { model: 'm', stream: true, system: [], tools: [], messages };
}

const never: TextCounter = () => Promise.reject(new Error('nothing is counted far from the limit'));
const real: TextCounter = (texts) => countText(texts, () => Promise.resolve());

test('far from the limit nothing is counted', async () => {
  const request = ask(PROSE.repeat(1_000));
  expect(await measureContext(request, 1_000, never)).toMatchObject({ isLong: true, how: 'estimated' });
  expect(await measureContext(request, 100_000, never)).toMatchObject({ isLong: false, how: 'estimated' });
});

test('near the limit all of it is counted, up to 64 K characters', async () => {
  const request = ask(PROSE.repeat(400), PROSE.repeat(400));
  const { tokens } = await measureContext(request, 800 * PROSE_TOKENS, real);
  expect(Math.abs(tokens - 800 * PROSE_TOKENS)).toBeLessThan(800);
  expect(await measureContext(request, tokens, real)).toEqual({ isLong: false, tokens, how: 'counted' });
  expect(await measureContext(request, tokens - 1, real)).toMatchObject({ isLong: true, how: 'counted' });
});

test('of a longer one a sample is counted, spread over all its texts', async () => {
  const given: string[] = [];
  const count: TextCounter = async (texts) => {
    given.push(...texts);
    return texts.reduce((sum, text) => sum + text.length, 0) / 4;
  };
  const texts = Array.from({ length: 5 }, (_, at) => String(at).repeat(200_000));
  const { tokens: about } = await measureContext(ask(...texts), 1, never);
  const { tokens, how } = await measureContext(ask(...texts), about, count);
  expect(how).toBe('counted on a sample');
  // What is added for each message is flat.
  expect(Math.abs(tokens - 250_000)).toBeLessThan(100);
  expect(given.reduce((sum, text) => sum + text.length, 0)).toBe(64 * 1024);
  expect(given.map((text) => text[0]).join('')).toBe('0000111222333444');
});

test('no prompt has no tokens to speak of', async () => {
  expect(await measureContext(ask(''), 1_000, never)).toMatchObject({ isLong: false, how: 'estimated' });
});

test.each([
  ['prose', PROSE.repeat(50)],
  ['code', '  if (isReady(value) && count < 10) return createThing({ value, count });\n'.repeat(50)],
  ['JSON', '{"id": 1234, "name": "first", "tags": ["a", "b"], "isOpen": true},\n'.repeat(50)],
  [
    'news in Chinese',
    '近年来，随着人工智能技术的快速发展，越来越多的企业开始将大语言模型应用到实际业务当中。专家指出，这一趋势会深刻改变人们的生活方式。',
  ],
  [
    'a story in Chinese',
    '那天傍晚，老人坐在门口的石阶上，望着远处的山。孩子们在院子里追着一只黄狗跑，笑声一阵一阵传过来。他想起自己小的时候，也是这样一个黄昏。',
  ],
  [
    'old Chinese',
    '子曰：學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？人不知而不慍，不亦君子乎？有子曰：其為人也孝弟，而好犯上者，鮮矣。',
  ],
  [
    'Japanese',
    '昨日は友達と一緒に映画を見に行きました。とても面白かったので、また来週も行きたいと思っています。',
  ],
  ['Korean', '어제는 친구와 함께 영화를 보러 갔습니다. 정말 재미있어서 다음 주에도 다시 가고 싶습니다.'],
])('the estimate of %s is within a quarter of the count', async (_, text) => {
  const counted = await real([text]);
  expect(Math.abs(estimateText(text) / counted - 1)).toBeLessThan(0.25);
});
