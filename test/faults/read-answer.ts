// What a client read, reduced to what is promised of it: the text, the endings, the grammar.
import { MalformedEvent } from '../../src/dialects/dialect.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import { parseObject } from '../../src/model/json/json.ts';
import type { StreamEvent } from '../../src/model/events.ts';
import type { SseEvent } from '../../src/sse/event.ts';
import { readEvents } from '../support/read-events.ts';

export interface ReadAnswer {
  /** Of the answer, without errors. */
  text: string;
  /** `finish` or `error`, each time that the client was told one: exactly one is right. */
  endings: string[];
  /** Why the answer is over, '' where it is not. */
  finish: string;
  /** The error's words, '' where there is none. */
  error: string;
  /** Of the client's dialect. */
  violations: string[];
}

export function readStream(client: DialectId, bytes: Uint8Array): ReadAnswer {
  const events = readEvents(bytes);
  const endings: string[] = [];
  let error = '';
  // One decoder an event: a decoder is silent after the first ending. That of Messages takes none before a beginning.
  const opening = client === 'anthropic-messages' ? events.slice(0, 1) : [];
  const opened = collect(client, opening);
  const beginning = opened.some(isEnding) ? [] : opening;
  const before = beginning.length === 0 ? 0 : opened.length;
  for (const event of events) {
    for (const decoded of collect(client, [...beginning, event]).slice(before)) {
      if (decoded.type === 'finish') endings.push('finish');
      if (decoded.type === 'error') {
        endings.push('error');
        error = decoded.error.message;
      }
    }
  }
  let text = '';
  let finish = '';
  decode(client, events, (decoded) => {
    if (decoded.type === 'text-delta') text += decoded.text;
    if (decoded.type === 'finish') finish = decoded.finish.unified;
  });
  const checker = DIALECTS[client].createGrammarChecker();
  for (const event of events) checker.check(event);
  return { text, endings, finish, error, violations: checker.end() };
}

function isEnding({ type }: StreamEvent): boolean {
  return type === 'finish' || type === 'error';
}

function collect(client: DialectId, events: readonly SseEvent[]): StreamEvent[] {
  const decoded: StreamEvent[] = [];
  decode(client, events, (event) => void decoded.push(event));
  return decoded;
}

function decode(client: DialectId, events: readonly SseEvent[], onEvent: (event: StreamEvent) => void): void {
  const decoder = DIALECTS[client].provider.createStreamDecoder({ push: onEvent });
  for (const event of events) {
    try {
      decoder.decode(event);
    } catch (thrown) {
      if (!(thrown instanceof MalformedEvent)) throw thrown;
    }
  }
  decoder.end();
}

export function readWhole(client: DialectId, status: number, headers: Headers, body: string): ReadAnswer {
  const { provider } = DIALECTS[client];
  const json = parseObject(body);
  if (json === undefined)
    return { text: '', endings: [], finish: '', error: '', violations: [`no JSON: ${body}`] };
  if (status !== 200) {
    const { message } = provider.parseError({ status, headers, body });
    return { text: '', endings: ['error'], finish: '', error: message, violations: [] };
  }
  const { parts, finish } = provider.parseResponse(json);
  const text = parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
  return { text, endings: ['finish'], finish: finish.unified, error: '', violations: [] };
}
