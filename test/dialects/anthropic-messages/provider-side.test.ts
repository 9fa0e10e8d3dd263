// Small facts of the provider side: endpoint, headers, and what passes between the same dialect on both sides.
import { expect, test } from 'bun:test';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';

const { provider } = anthropicMessages;

test('streamed and whole answers come from one endpoint', () => {
  expect(provider.endpoint('m', true)).toBe('/v1/messages');
  expect(provider.endpoint('m', false)).toBe('/v1/messages');
});

test('a key, an OAuth token, none', () => {
  expect(provider.headers('key-1')).toEqual({ 'anthropic-version': '2023-06-01', 'x-api-key': 'key-1' });
  expect(provider.headers('sk-ant-oat01-x')).toEqual({
    'anthropic-version': '2023-06-01',
    authorization: 'Bearer sk-ant-oat01-x',
    'anthropic-beta': 'oauth-2025-04-20',
  });
  expect(provider.headers(null)).toEqual({ 'anthropic-version': '2023-06-01' });
  expect(provider.listHeaders).toEqual(['anthropic-beta']);
});

test('the same dialect on both sides changes and hides nothing', () => {
  expect(provider.passthrough.edits({ model: 'm', stream: true }, {})).toEqual({});
  expect(provider.passthrough.hides).toBeUndefined();
});

test.each([
  ['ping', '{"type": "ping"}', 'ping'],
  ['', '{"type": "ping"}', 'ping'],
  ['message_stop', '{"type":"message_stop"}', 'terminal'],
  ['', '{"type":"message_stop"}', 'terminal'],
  ['error', '{}', 'terminal'],
  ['message_delta', '{"type":"message_delta"}', 'other'],
  [
    '',
    '{"type":"content_block_delta","delta":{"type":"text_delta","text":"{\\"type\\":\\"error\\"}"}}',
    'other',
  ],
])('event "%s" %s is %s', (event, data, kind) => {
  expect(provider.classify({ event, data })).toBe(kind as never);
});
