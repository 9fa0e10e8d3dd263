// Secrets that come in pieces leave a kept stream, in every dialect; everything else of it stays.
import { expect, test } from 'bun:test';
import { withoutSplitSecrets } from '../../src/gateway/split-secrets.ts';
import { createRedactor } from '../../src/model/redact.ts';

const secret = 'qzSecret-Hx7Lw2mKp9';
const redact = createRedactor([secret]);

const WIRES: [string, (text: string, index: number) => unknown][] = [
  ['anthropic-messages', (text) => ({ delta: { type: 'text_delta', text } })],
  ['anthropic-messages, thinking', (thinking) => ({ delta: { type: 'thinking_delta', thinking } })],
  ['anthropic-messages, a tool', (partial_json) => ({ delta: { type: 'input_json_delta', partial_json } })],
  ['openai-chat', (content) => ({ choices: [{ index: 0, delta: { content } }] })],
  ['openai-chat, reasoning', (reasoning_content) => ({ choices: [{ delta: { reasoning_content } }] })],
  [
    'openai-chat, a tool',
    (text) => ({ choices: [{ delta: { tool_calls: [{ function: { arguments: text } }] } }] }),
  ],
  [
    'openai-responses',
    (delta, index) => ({ type: 'response.output_text.delta', delta, sequence_number: index }),
  ],
  ['gemini', (text) => ({ candidates: [{ content: { parts: [{ text }], role: 'model' } }] })],
];

test.each(WIRES)('%s', (_, eventOf) => {
  const said = `{"one":"${secret}",\n"ünï":"\\"${secret}\\"", "other": "qz"} and ${secret}`;
  for (const cut of [1, 2, 5, 9, 18, 30]) {
    const pieces = said.match(new RegExp(`[^]{1,${cut}}`, 'gu')) ?? [];
    const stream = pieces.map((piece, at) => `data: ${JSON.stringify(eventOf(piece, at))}\n\n`).join('');
    const kept = redact(withoutSplitSecrets(stream, redact));
    const events = kept.split('\n\n').slice(0, -1);
    expect(events).toHaveLength(pieces.length);
    const path = JSON.stringify(eventOf('@', 0)).split('"@"');
    const words = events.map((event, at) => {
      const [before = '', after = ''] = JSON.stringify(eventOf('@', at)).split('"@"');
      expect(path).toHaveLength(2);
      return JSON.parse(event.slice('data: '.length + before.length, event.length - after.length)) as string;
    });
    expect(words.join('')).toBe(said.replaceAll(secret, '[redacted]'));
  }
});

test('a stream without any comes back as it is, one with whole ones too', () => {
  for (const stream of [
    '',
    'data: [DONE]\n\n',
    'data: {"text":"a"}\n\ndata: {"text":"b"}\n\n',
    'not JSON "text": "',
  ])
    expect(withoutSplitSecrets(stream, redact)).toBe(stream);
  const whole = `data: {"text":"a ${secret}"}\n\ndata: {"text":" b"}\n\n`;
  expect(withoutSplitSecrets(whole, redact)).toBe(whole);
});
