// Which paths are this dialect's, and where its providers are asked.
import { describe, expect, test } from 'bun:test';
import { gemini } from '../../../src/dialects/gemini/index.ts';
import { GatewayError } from '../../../src/model/errors.ts';

const { route } = gemini.client;
const { clientHeaders, endpoint, forwardQuery, headers } = gemini.provider;
const query = (text = '') => new URLSearchParams(text);

describe('clients', () => {
  test.each<[path: string, query: string, expected: object]>([
    ['/v1beta/models/g:generateContent', '', { operation: 'generate', model: 'g', stream: false }],
    ['/v1/models/g:generateContent', 'key=x', { operation: 'generate', model: 'g', stream: false }],
    [
      '/v1beta/models/g:streamGenerateContent',
      'alt=sse',
      { operation: 'generate', model: 'g', stream: true, framing: 'sse' },
    ],
    [
      '/v1beta/models/g:streamGenerateContent',
      '',
      { operation: 'generate', model: 'g', stream: true, framing: 'json-array' },
    ],
    ['/v1beta/models/g:countTokens', '', { operation: 'count-tokens', model: 'g', stream: false }],
    [
      '/v1beta/models/openrouter%2Fanthropic%2Fclaude-sonnet-4.5:generateContent',
      '',
      { operation: 'generate', model: 'openrouter/anthropic/claude-sonnet-4.5', stream: false },
    ],
    [
      '/v1beta/models/ollama/llama3.2:3b:generateContent',
      '',
      { operation: 'generate', model: 'ollama/llama3.2:3b', stream: false },
    ],
    [
      '/v1beta/anthropic/claude-sonnet-4-5:generateContent',
      '',
      { operation: 'generate', model: 'anthropic/claude-sonnet-4-5', stream: false },
    ],
    [
      '/v1beta/tunedModels/mine:generateContent',
      '',
      { operation: 'generate', model: 'tunedModels/mine', stream: false },
    ],
    ['/v1beta/models/models/g:generateContent', '', { operation: 'generate', model: 'g', stream: false }],
  ])('%s?%s', (path, text, expected) => {
    expect(route(path, query(text)) as object).toEqual(expected);
  });

  test.each([
    '/v1beta/models',
    '/v1beta/models/g',
    '/v1beta/models/:generateContent',
    '/v1beta/models/g:predict',
    '/v1beta/g:generateContent',
    '/v1beta/v1beta/models/g:generateContent',
    '/v1beta/models/%E0%A4%A:generateContent',
    '/v2/models/g:generateContent',
    '/x/v1beta/models/g:generateContent',
  ])("%s is nobody's here", (path) => {
    expect(route(path, query())).toBeUndefined();
  });
});

describe('providers', () => {
  test('are asked below their root', () => {
    expect(endpoint('gemini-2.5-pro', false)).toBe('/v1beta/models/gemini-2.5-pro:generateContent');
    expect(endpoint('models/g', true)).toBe('/v1beta/models/g:streamGenerateContent?alt=sse');
    expect(endpoint('tunedModels/mine', false)).toBe('/v1beta/tunedModels/mine:generateContent');
  });

  test.each(['../../v1/files', '..', '%2e%2e/', 'a%252F%252e.%2Ffiles', 'a/..;x/files'])(
    '%s is refused',
    (model) => {
      expect(() => endpoint(model, false)).toThrow(GatewayError);
    },
  );

  test.each(['a/b', 'x?y#z', 'a%2fb', '100%..5'])('%s leads nowhere else', (model) => {
    const url = new URL(`http://h.test${endpoint(model, false)}`);
    expect(url.pathname).toStartWith('/v1beta/models/');
    expect(url.pathname.split('/')).toHaveLength(4);
    expect([url.search, url.hash]).toEqual(['', '']);
  });

  test('never see a key or a framing of the client', () => {
    expect(forwardQuery?.(query('alt=sse&key=k&access_token=t&%24alt=json'))).toBe('');
    expect(forwardQuery?.(query('alt=sse&prettyPrint=false'))).toBe('&prettyPrint=false');
    expect(forwardQuery?.(query('prettyPrint=false&key=k'))).toBe('?prettyPrint=false');
    expect(forwardQuery?.(query('%24key=k&%24access_token=t&%24httpMethod=DELETE'))).toBe('');
  });

  test('answer with all fields, usage and ending among them, and in JSON', () => {
    expect(forwardQuery?.(query('fields=candidates&%24fields=candidates&callback=f&%24callback=f'))).toBe('');
    const sent = clientHeaders?.(new Headers({ 'X-Goog-FieldMask': 'candidates', 'x-unknown': 'kept' }), {});
    expect([sent?.get('x-goog-fieldmask'), sent?.get('x-unknown')]).toEqual([null, 'kept']);
  });

  test('are shown the key in a header, a token as Bearer', () => {
    expect(headers('AIza-not-a-key')).toEqual({ 'x-goog-api-key': 'AIza-not-a-key' });
    expect(headers('ya29.not-a-token')).toEqual({ authorization: 'Bearer ya29.not-a-token' });
    expect(headers(null)).toEqual({});
  });

  test('get the bytes of a client of the same dialect untouched', () => {
    expect(gemini.provider.passthrough.edits({ contents: [] }, {})).toEqual({});
  });
});
