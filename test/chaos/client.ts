// One client of a chaos run: sends one request, reads it or leaves in the middle, and reports how it ended.
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import { QUESTION_OF } from '../faults/question.ts';
import { readStream, readWhole } from '../faults/read-answer.ts';
import { clientRequest } from '../support/client-requests.ts';
import type { Dice } from './dice.ts';
import { MOCK_WORDS } from './upstreams.ts';

export interface Ask {
  client: DialectId;
  model: string;
  question: string;
  stream: boolean;
  manner: 'reads' | 'reads slowly' | 'leaves';
  /** After which it leaves. */
  leavesAfterMs: number;
}

/** `broken`: what the client got keeps no promise; `why` says which. */
export interface Seen {
  outcome: 'success' | 'failed' | 'left' | 'broken';
  requestId: string | null;
  why: string;
}

const FAULTS = [
  '',
  '',
  '',
  '',
  '',
  '',
  '429',
  '500',
  '529',
  '401',
  '400',
  'html',
  'refuse',
  'hang-headers',
  'hang-first-event',
  'error-first',
  'error:5',
  'cut:5',
  'reset:5',
  'stall:5',
  'drip:7',
  'malformed:5',
  'garbage',
  'duplicate-terminal',
] as const;

export function drawAsk(dice: Dice): Ask {
  const client = dice.pick(DIALECT_IDS as readonly [DialectId, ...DialectId[]]);
  const provider = dice.pick(DIALECT_IDS as readonly [DialectId, ...DialectId[]]);
  const fault = dice.pick(FAULTS);
  const pace = `tokens=20,rate=${dice.pick([200, 1_000])},ttft=${dice.pick([0, 30])}`;
  const model = dice.pick([
    `sim-${provider}/${pace}${fault === '' ? '' : `,fault=${fault}`}`,
    `sim-${provider}/${pace}${fault === '' ? '' : `,fault=${fault}`}`,
    `mock-${provider}/any`,
    `moody/${pace}`,
  ]);
  return {
    client,
    model,
    question: `It ${dice.pick(MOCK_WORDS)}.`,
    stream: dice.next() < 0.7,
    manner: dice.pick(['reads', 'reads', 'reads', 'reads', 'reads', 'reads slowly', 'leaves']),
    leavesAfterMs: dice.between(0, 200),
  };
}

/** Between two reads of a slow reader. */
const PAUSE_MS = 15;

export async function ask(
  url: string,
  { client, model, question, stream, manner, leavesAfterMs }: Ask,
): Promise<Seen> {
  const { path, body } = clientRequest(client, { model, stream, more: QUESTION_OF[client](question) });
  const leaving = new AbortController();
  const timer = manner === 'leaves' ? setTimeout(() => leaving.abort(), leavesAfterMs) : undefined;
  let requestId: string | null = null;
  try {
    const response = await fetch(url + path, {
      method: 'POST',
      // A connection of its own: what is open at the end is the gateway's to providers.
      headers: { 'content-type': 'application/json', connection: 'close' },
      keepalive: false,
      body: JSON.stringify(body),
      signal: leaving.signal,
    });
    requestId = response.headers.get('x-sluice-request-id');
    const bytes = await readAll(response, manner === 'reads slowly' ? PAUSE_MS : 0);
    return { requestId, ...judge({ client, model, stream }, response, bytes) };
  } catch (error) {
    if (leaving.signal.aborted) return { outcome: 'left', requestId, why: '' };
    return { outcome: 'broken', requestId, why: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

async function readAll(response: Response, pauseMs: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    if (pauseMs > 0) await Bun.sleep(pauseMs);
  }
  return Buffer.concat(chunks);
}

function judge(
  { client, model, stream }: Pick<Ask, 'client' | 'model' | 'stream'>,
  response: Response,
  bytes: Uint8Array,
): Omit<Seen, 'requestId'> {
  const isStream = stream && response.status === 200;
  const { endings, violations } = isStream
    ? readStream(client, bytes)
    : readWhole(client, response.status, response.headers, new TextDecoder().decode(bytes));
  // An error ends a stream in place of what its grammar demands.
  if (endings.length === 1 && endings[0] === 'error') return { outcome: 'failed', why: '' };
  // A provider's bytes pass to clients of its own dialect, its mistakes among them.
  const isOwn = model.includes(`-${client}/`);
  if (endings.length === 1 && (isOwn || violations.length === 0)) return { outcome: 'success', why: '' };
  // Gemini's answers end with the stream, so that a reason to end may be told again.
  const isToldAgain = isOwn && client === 'gemini' && endings.every((ending) => ending === 'finish');
  if (isToldAgain && endings.length > 0) return { outcome: 'success', why: '' };
  return { outcome: 'broken', why: `endings ${endings.join(', ') || 'none'}; ${violations.join('; ')}` };
}
