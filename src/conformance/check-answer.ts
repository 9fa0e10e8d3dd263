// Checks one answer of a server: its head, its stream by the dialect's grammar, and the shape of its errors.
import { type Dialect, FRAMING_TYPES } from '../dialects/dialect.ts';
import { GatewayError } from '../model/errors.ts';
import { isObject, parseObject } from '../model/json/json.ts';
import { FRAME_FORMATS } from '../sse/frame-format.ts';
import { messageOf } from '../model/thrown.ts';

/** In bytes; answers to these short questions are far smaller. */
const MAX_BODY = 4 * 1024 * 1024;
/** The most characters that a violation quotes from a server's answer. */
const MAX_QUOTE = 200;

export async function checkStream(dialect: Dialect, response: Response): Promise<string[]> {
  if (response.status !== 200) return [await describeStatus(response)];
  const { framing = 'sse' } = dialect.provider;
  const violations = checkType(response, FRAMING_TYPES[framing]);
  const checker = dialect.createGrammarChecker();
  const format = FRAME_FORMATS[framing];
  const splitter = format.createSplitter(MAX_BODY);
  const take = (frame: Uint8Array) => {
    const event = format.parse(frame);
    if (event !== undefined) checker.check(event);
  };
  try {
    await readBody(response, (chunk) => splitter.push(chunk).frames.forEach(take));
    take(splitter.flush());
  } catch (error) {
    violations.push(`the stream broke: ${messageOf(error)}`);
  }
  violations.push(...checker.end());
  if (violations.length === 0 && checker.summary().finish === null)
    violations.push('the stream states no reason why it ended');
  return violations;
}

export async function checkWhole(dialect: Dialect, response: Response): Promise<string[]> {
  if (response.status !== 200) return [await describeStatus(response)];
  const violations = checkType(response, 'application/json');
  const body = parseObject(await readText(response));
  if (body === undefined) return [...violations, 'the body is not a JSON object'];
  try {
    const error = dialect.provider.errorInBody(body);
    if (error !== undefined)
      violations.push(`an error with status 200: ${error.message.slice(0, MAX_QUOTE)}`);
    else dialect.provider.parseResponse(body);
  } catch (error) {
    violations.push(`the body is not an answer of the dialect: ${messageOf(error)}`);
  }
  return violations;
}

/** Checks the answer to an invalid request. */
export async function checkError(dialect: Dialect, response: Response): Promise<string[]> {
  const { status } = response;
  const violations = checkType(response, 'application/json');
  if (status < 400 || status > 499) violations.push(`HTTP ${status} for a bad request; it must be a 4xx`);
  const body = parseObject(await readText(response));
  if (body === undefined) return [...violations, 'the error body is not a JSON object'];
  const model = dialect.client.buildError(new GatewayError('invalid_request', 'example'), 'example');
  if (model.type !== undefined && body.type !== model.type)
    violations.push(
      `the error body's type is ${JSON.stringify(body.type)}, not ${JSON.stringify(model.type)}`,
    );
  if (!isObject(model.error)) {
    if (typeof body.error !== typeof model.error || body.error === '')
      violations.push(`the error body's error is not a ${typeof model.error}`);
    return violations;
  }
  if (!isObject(body.error)) return [...violations, 'the error body has no object `error`'];
  for (const [name, example] of Object.entries(model.error)) {
    const kind = typeof example;
    // In some dialects an error's code may be null and is then optional; the message never is.
    const isOwed = kind === 'number' || name === 'message' || name === 'type' || name === 'status';
    if (isOwed && typeof body.error[name] !== kind)
      violations.push(`the error body's error.${name} is not a ${kind}`);
  }
  return violations;
}

function checkType(response: Response, expected: string): string[] {
  const type = response.headers.get('content-type') ?? '';
  const isExpected = type.split(';', 1)[0]?.trim().toLowerCase() === expected;
  return isExpected ? [] : [`content-type is "${type.slice(0, MAX_QUOTE)}", not ${expected}`];
}

async function describeStatus(response: Response): Promise<string> {
  const text = await readText(response);
  const error = parseObject(text)?.error;
  const words = isObject(error) ? error.message : error;
  return `HTTP ${response.status}: ${(typeof words === 'string' ? words : text).slice(0, MAX_QUOTE)}`;
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  await readBody(response, (chunk) => {
    text += decoder.decode(chunk, { stream: true });
  });
  return text + decoder.decode();
}

/** Throws where the body is longer than MAX_BODY or breaks off. */
async function readBody(response: Response, take: (chunk: Uint8Array) => void): Promise<void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.length;
      if (bytes > MAX_BODY) throw new Error(`the body is longer than ${MAX_BODY} bytes`);
      take(value);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
