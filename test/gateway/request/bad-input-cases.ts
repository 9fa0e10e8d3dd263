// Requests that are wrong, and the error that each must get.
import type { ErrorCode } from '../../../src/index.ts';

/** `server.max_body` of the gateway that gets them. */
export const MAX_BODY = 4 * 1024 * 1024;
export const HI = [{ role: 'user', content: 'hi' }];
export const GOOD = { model: 'claude/m', max_tokens: 9, messages: HI };

export interface BadInput {
  name: string;
  body?: string | Uint8Array<ArrayBuffer> | object;
  method?: string;
  headers?: Record<string, string>;
  path?: string;
  status: number;
  code: ErrorCode;
  /** In the message, for the person who has to mend it. */
  says: RegExp;
  /** Reached the provider; default: nothing does. */
  asked?: number;
}

export const CASES: BadInput[] = [
  {
    name: 'a model of a thousand characters and more',
    body: { ...GOOD, model: `claude/${'m'.repeat(1018)}` },
    status: 400,
    code: 'invalid_request',
    says: /model: a name of 1025 characters; send 1024 at most/,
  },
  {
    name: 'a long agent',
    body: { ...GOOD, agent_type: 'a'.repeat(300_000) },
    status: 400,
    code: 'invalid_request',
    says: /agent_type: a name of 300000 characters; send 256 at most/,
  },
  {
    name: 'a long project',
    body: GOOD,
    headers: { 'x-sluice-project': 'p'.repeat(257) },
    status: 400,
    code: 'invalid_request',
    says: /project_id: a name of 257 characters; send 256 at most/,
  },
  {
    name: 'not JSON',
    body: 'model=m',
    status: 400,
    code: 'invalid_request',
    says: /not JSON.*one JSON object/,
  },
  {
    name: 'half of JSON',
    body: '{"model":"m"',
    status: 400,
    code: 'invalid_request',
    says: /not JSON \(it ends too early, at line 1, column \d+: Expected '}'\); send/,
  },
  {
    name: 'single quotes',
    body: "{'model':'sk-a1b2c3'}",
    status: 400,
    code: 'invalid_request',
    says: /not JSON \(line 1, column 2: Single quotes \('\) are not allowed in JSON\); send/,
  },
  {
    name: 'a bare word',
    body: '{"model":sk-a1b2c3}',
    status: 400,
    code: 'invalid_request',
    says: /not JSON \(line 1, column \d+: [a-zA-Z ]+\); send/,
  },
  { name: 'an empty body', body: '', status: 400, code: 'invalid_request', says: /the body is empty; send/ },
  { name: 'a JSON array', body: '[]', status: 400, code: 'invalid_request', says: /one JSON object/ },
  { name: 'JSON null', body: 'null', status: 400, code: 'invalid_request', says: /one JSON object/ },
  { name: 'a NUL byte', body: '{"model":"m\u0000"}', status: 400, code: 'invalid_request', says: /not JSON/ },
  {
    name: 'bytes that are not UTF-8',
    body: new Uint8Array([...new TextEncoder().encode('{"model":"m'), 0xff, 0xfe, 0x22, 0x7d]),
    status: 400,
    code: 'invalid_request',
    says: /UTF-8/,
  },
  {
    name: 'a content type that is not JSON',
    body: GOOD,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
    code: 'invalid_request',
    says: /content-type: application\/json/,
  },
  {
    name: 'a body that is not compressed as it says',
    body: GOOD,
    headers: { 'content-encoding': 'gzip' },
    status: 400,
    code: 'invalid_request',
    says: /not complete gzip.*uncompressed/,
  },
  {
    name: 'a body compressed in an unknown way',
    body: GOOD,
    headers: { 'content-encoding': 'lzma' },
    status: 415,
    code: 'invalid_request',
    says: /"lzma".*gzip.*uncompressed/,
  },
  {
    name: 'too large',
    body: { ...GOOD, filler: 'x'.repeat(MAX_BODY) },
    status: 413,
    code: 'too_large',
    says: /server\.max_body/,
  },
  {
    name: 'no model',
    body: { messages: HI },
    status: 400,
    code: 'invalid_request',
    says: /^model: .*string/,
  },
  {
    name: 'a model that is a number',
    body: { ...GOOD, model: 5 },
    status: 400,
    code: 'invalid_request',
    says: /^model: /,
  },
  {
    name: 'a model that is empty',
    body: { ...GOOD, model: '' },
    status: 400,
    code: 'invalid_request',
    says: /^model: /,
  },
  {
    name: 'a stream that is text',
    body: { ...GOOD, stream: 'yes' },
    status: 400,
    code: 'invalid_request',
    says: /^stream: .*true or false/,
  },
  {
    name: 'an agent_type that is a list',
    body: { ...GOOD, agent_type: [1] },
    status: 400,
    code: 'invalid_request',
    says: /^agent_type: .*string/,
  },
  {
    name: 'a provider that is not enabled',
    body: { ...GOOD, model: 'openai/gpt-5' },
    status: 404,
    code: 'unknown_model',
    says: /OPENAI_API_KEY.*providers\.openai/,
  },
  {
    name: 'a forced target that does not exist',
    body: GOOD,
    headers: { 'x-sluice-target': 'nobody/m' },
    status: 404,
    code: 'unknown_model',
    says: /nobody\/m.*providers\.nobody/,
  },
  {
    name: 'a forced target that is empty',
    body: GOOD,
    headers: { 'x-sluice-target': '' },
    status: 404,
    code: 'unknown_model',
    says: /^x-sluice-target is empty; .*leave the header out/,
  },
  {
    name: 'a forced target without a provider',
    body: GOOD,
    headers: { 'x-sluice-target': '/m' },
    status: 404,
    code: 'unknown_model',
    says: /^x-sluice-target is "\/m", which names no provider; write "provider" or "provider\/model" there/,
  },
  // A GET may list what was answered there (OpenAI's stored completions).
  { name: 'PUT', method: 'PUT', status: 405, code: 'invalid_request', says: /use POST/ },
  { name: 'DELETE', method: 'DELETE', status: 405, code: 'invalid_request', says: /use POST/ },
  {
    name: '100,000 open brackets',
    body: '['.repeat(100_000),
    status: 400,
    code: 'invalid_request',
    says: /not JSON/,
  },
];

/** What only a translation has to read: at a provider of the client's own dialect these pass. */
export const TRANSLATED: BadInput[] = [
  {
    name: 'no messages',
    body: { messages: undefined },
    status: 400,
    code: 'invalid_request',
    says: /messages/,
  },
  {
    name: 'messages that are text',
    body: { messages: 'hi' },
    status: 400,
    code: 'invalid_request',
    says: /messages/,
  },
  {
    name: 'a message that is a number',
    body: { messages: [1] },
    status: 400,
    code: 'invalid_request',
    says: /messages/,
  },
  {
    name: 'a role that does not exist',
    body: { messages: [{ role: 'narrator', content: 'hi' }] },
    status: 400,
    code: 'invalid_request',
    says: /role/,
  },
  {
    name: 'content that is a number',
    body: { messages: [{ role: 'user', content: 7 }] },
    status: 400,
    code: 'invalid_request',
    says: /content/,
  },
  {
    name: 'a content part without a type',
    body: { messages: [{ role: 'user', content: [{}] }] },
    status: 400,
    code: 'invalid_request',
    says: /content.*type|type/,
  },
  {
    name: 'tools that are an object',
    body: { tools: {} },
    status: 400,
    code: 'invalid_request',
    says: /tools/,
  },
];
