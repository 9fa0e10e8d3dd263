// `sluice replay`: sends a recorded request again, and shows how the new answer differs from the old one.
import { type Change, diffLines, diffWordsWithSpace } from 'diff';
import { clientPath } from '../conformance/cases.ts';
import { readAnswer, readPart } from '../conformance/read-answer.ts';
import { DIALECTS } from '../dialects/registry.ts';
import { findReferences } from '../ledger/rows/binary-parts.ts';
import type { DialectId } from '../model/dialect-id.ts';
import { parseObject } from '../model/json/json.ts';
import type { AuditEntry } from '../management/shapes.ts';
import { REDACTED } from '../model/redact/shapes.ts';
import type { NeutralResponse } from '../model/response.ts';
import { numberFlag, stringFlag } from './arguments.ts';
import { type CliContext, type Command, CommandFailure, UsageError } from './command.ts';
import { costIn, tokensIn, UNKNOWN } from './figures.ts';
import {
  askGateway,
  findGateway,
  GATEWAY_FLAGS,
  type GatewayAddress,
  GatewayUnreachable,
  notSluice,
  readGateway,
} from './gateway-client.ts';
import { messageOf } from '../model/thrown.ts';

export const replayCommand: Command = {
  name: 'replay',
  summary:
    'Send a recorded request again and show how the answer differs; it is billed like any other request.',
  flags: {
    ...GATEWAY_FLAGS,
    to: {
      value: 'TARGET',
      summary: 'Where to send it, `provider` or `provider/model`; default: wherever it is routed now.',
    },
    speed: {
      value: 'X',
      summary:
        'First play the recorded answer, or what arrived of it, at X times its original pace (its text spread evenly over its time).',
    },
    json: { summary: 'Print both answers and their difference as JSON.' },
  },
  operands: ['REQUEST_ID'],
  examples: [['replay REQUEST_ID --to openai/gpt-5', 'What another model answers; "daemon logs" shows ids.']],
  async run(input, context) {
    const [id] = input.operands;
    if (id === undefined) throw new UsageError('replay needs a request id: sluice replay REQUEST_ID');
    const speed = numberFlag(input, 'speed');
    if (speed !== undefined && input.flags.json)
      throw new UsageError('--speed and --json cannot be combined: what is played is not JSON');
    const gateway = findGateway(input, context);
    const recorded = await findEntry(gateway, id);
    const { request_body: body, client_dialect } = recorded;
    if (recorded.operation !== 'generate') throw new CommandFailure(noAnswer(recorded));
    if (body === null || client_dialect === 'neutral') throw new CommandFailure(notKept(recorded));
    const dialect = DIALECTS[client_dialect];
    const sent = { request_redacted: body.includes(REDACTED) };
    const before = { entry: recorded, answer: answerOf(recorded, client_dialect, recorded.response_body) };
    if (speed !== undefined) await play(before, speed, context);
    const path = clientPath(dialect, recorded.requested_model ?? '', recorded.streamed);
    const target = stringFlag(input, 'to');
    const response = await askGateway(gateway, path, {
      method: 'POST',
      headers: {
        ...recorded.request_headers,
        'content-type': 'application/json',
        ...(target !== undefined && { 'x-sluice-target': target }),
        ...labelsOf(recorded, body),
      },
      body,
    });
    const text = await readText(gateway, response);
    const entry = await findEntry(gateway, idOf(gateway, response));
    const after = { entry, answer: answerOf(entry, client_dialect, text) };
    if (input.flags.json)
      context.out(JSON.stringify({ before, after, ...compare(before, after), ...sent }, null, 2));
    else for (const line of describe(before, after, sent)) context.out(line);
    return entry.success ? 0 : 1;
  },
};

/** An entry requested with its bodies. */
type Entry = AuditEntry & Required<Pick<AuditEntry, 'request_body' | 'response_body'>>;

interface Answer {
  /** The text of the answer, up to where it broke off if it did. */
  text: string;
  calls: { name: string; arguments: string }[];
  /** Why there is no answer, null where there is one. */
  failure: string | null;
}

interface Recorded {
  entry: Entry;
  answer: Answer;
}

/** What the ledger appends to a body that it cut, or stores instead of one that it left out. */
const CUT_MARK = /\[(cut|left out): [^\]]*\]\s*$/;

/** If the answer breaks off, the gateway failed: a provider's failure is reported inside the answer. */
async function readText(gateway: GatewayAddress, response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    throw new GatewayUnreachable(`${gateway.url} closed the connection before the answer was complete`, {
      cause,
    });
  }
}

function idOf(gateway: GatewayAddress, response: Response): string {
  const id = response.headers.get('x-sluice-request-id');
  if (id === null) throw notSluice(gateway);
  return id;
}

async function findEntry(gateway: GatewayAddress, id: string): Promise<Entry> {
  const query = new URLSearchParams({ request_id: id, include_bodies: 'true', include_binaries: 'true' });
  const { entries } = await readGateway<{ entries?: Entry[] }>(gateway, `/gateway/audit?${query}`);
  if (!Array.isArray(entries)) throw notSluice(gateway);
  const [entry] = entries;
  if (entry === undefined)
    throw new CommandFailure(
      `no request ${id} is recorded; /gateway/audit and "sluice daemon logs" list them`,
    );
  if (CUT_MARK.test(entry.request_body ?? ''))
    throw new CommandFailure(
      `the body of request ${id} was too long to be kept whole, so it cannot be sent again`,
    );
  const gone = findReferences(entry.request_body ?? '');
  if (gone.length > 0) {
    const parts = gone.map(({ mediaType, bytes }) => `${mediaType} of ${bytes} bytes`).join(', ');
    throw new CommandFailure(
      `request ${id} held binary parts that the ledger does not have (${parts}), so it cannot be sent again`,
    );
  }
  return entry;
}

/** Explains why it is not sent: as a message it would be paid for, and its answer would be compared with something else. */
function noAnswer({ request_id, operation }: Entry): string {
  return `request ${request_id} is of the kind ${operation}: only generation requests can be sent again`;
}

function notKept({ request_id, client_dialect, requested_model, error_message }: Entry): string {
  if (client_dialect === 'neutral')
    return `request ${request_id} came through the library, not as JSON: it cannot be sent again`;
  return requested_model === null && error_message !== null
    ? `request ${request_id} was refused before its body was read, so it cannot be sent again (${error_message})`
    : `the body of request ${request_id} was not kept; set audit.log_request_bodies to true to keep future ones`;
}

/** The agent and project, if they came from a header or a key and not from the body: rules and totals depend on them. */
function labelsOf({ agent_type, project_id }: Entry, body: string): Record<string, string> {
  const fields = parseObject(body);
  const labels = [
    ['x-sluice-agent', agent_type, fields?.agent_type],
    ['x-sluice-project', project_id, fields?.project_id],
  ] as const;
  // The characters of a header are bytes.
  return Object.fromEntries(
    labels.flatMap(([header, name, inBody]) =>
      name === null || inBody === name ? [] : [[header, Buffer.from(name).toString('latin1')]],
    ),
  );
}

function answerOf(entry: Entry, dialect: DialectId, body: string | null): Answer {
  const text = body ?? '';
  let failure = whyNone(entry, body);
  if (failure === null) {
    try {
      return essenceOf(readAnswer(DIALECTS[dialect], text));
    } catch (error) {
      failure = messageOf(error);
    }
  }
  return { text: readPart(DIALECTS[dialect], text), calls: [], failure };
}

/** Returns null where the body is a whole answer. */
function whyNone({ success, status, error_message }: Entry, body: string | null): string | null {
  // The row's own message is preferred: the body has it in the dialect's wording, under the provider's name.
  if (!success && error_message !== null) return error_message;
  if (status === 'aborted') return 'the client left before it was complete';
  if (body === null) return 'the answer was not kept; see audit.log_response_bodies';
  return CUT_MARK.test(body) ? 'the answer was too long to be kept whole' : null;
}

function essenceOf({ parts }: NeutralResponse): Answer {
  const text = parts
    .map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : ''))
    .join('');
  const calls = parts.flatMap((part) =>
    part.type === 'tool-call' ? [{ name: part.name, arguments: part.arguments }] : [],
  );
  return { text, calls, failure: null };
}

/** Plays the recorded answer with its timing as far as the row has it: when its text began and when it ended. */
async function play({ entry, answer }: Recorded, speed: number, context: CliContext): Promise<void> {
  const wait = (ms: number) => Bun.sleep(ms / speed);
  const ttft = entry.ttft_ms ?? entry.latency_ms;
  const words = answer.text.match(/\s*\S+\s*/g) ?? [];
  const pause = Math.max(0, entry.latency_ms - ttft) / Math.max(1, words.length);
  await wait(ttft);
  for (const word of words) {
    context.write(word);
    await wait(pause);
  }
  context.write('\n\n');
}

interface Difference {
  same_text: boolean;
  same_calls: boolean;
  /** The texts compared word by word, or line by line if hardly a word is the same: `-` is the old text, `+` the new. */
  text: string[];
}

function compare(before: Recorded, after: Recorded): Difference {
  const [old, now] = [before.answer, after.answer];
  const text = changesBetween(old.text, now.text).flatMap(({ added, removed, value }) => {
    if (!added && !removed) return [];
    return [`${added ? '+' : '-'} ${value.trim().replaceAll('\n', '\\n')}`];
  });
  const same_calls = JSON.stringify(old.calls) === JSON.stringify(now.calls);
  return { same_text: old.text === now.text, same_calls, text };
}

/** The comparison stops after this many changes: its time grows with the square of their number, to a minute for 6,000. */
const FEW_CHANGES = { maxEditLength: 1_000 };

function changesBetween(old: string, now: string): Pick<Change, 'added' | 'removed' | 'value'>[] {
  if (old === now) return [];
  return (
    diffWordsWithSpace(old, now, FEW_CHANGES) ??
    diffLines(old, now, FEW_CHANGES) ?? [
      { removed: true, added: false, value: old },
      { removed: false, added: true, value: now },
    ]
  );
}

/** How the request that was sent differs from the one that was recorded. */
interface Sent {
  /** Secrets were redacted when it was recorded. */
  request_redacted: boolean;
}

function describe(before: Recorded, after: Recorded, { request_redacted: isRedacted }: Sent): string[] {
  const rows: [name: string, of: (side: Recorded) => string][] = [
    ['target', ({ entry }) => (entry.provider === null ? UNKNOWN : `${entry.provider}/${entry.model}`)],
    ['status', ({ entry }) => `${entry.status} ${entry.http_status}`],
    ['finish', ({ entry }) => entry.finish_reason ?? UNKNOWN],
    ['tokens', ({ entry }) => tokensIn(entry.usage_known, entry.input_tokens, entry.output_tokens)],
    ['cost', ({ entry }) => costIn(entry.cost_usd, entry.usage_known)],
    ['first token', ({ entry }) => (entry.ttft_ms === null ? UNKNOWN : `${Math.round(entry.ttft_ms)} ms`)],
    ['total', ({ entry }) => `${Math.round(entry.latency_ms)} ms`],
  ];
  const width = Math.max(...rows.map(([, of]) => of(before).length), 'recorded'.length);
  const line = (name: string, one: string, two: string) =>
    `  ${name.padEnd(12)} ${one.padEnd(width)}  ${two}`;
  return [
    `${before.entry.request_id} of ${before.entry.timestamp}, sent again as ${after.entry.request_id}`,
    ...(isRedacted
      ? [`secrets were removed from the recorded request: ${REDACTED} was sent in their place`]
      : []),
    line('', 'recorded', 'now'),
    ...rows.map(([name, of]) => line(name, of(before), of(after))),
    ...[before, after].flatMap(({ entry, answer }) =>
      answer.failure === null
        ? []
        : [`${entry.request_id} has no ${answer.text === '' ? '' : 'whole '}answer: ${answer.failure}`],
    ),
    // If the new answer is missing, there is nothing to compare; if the old one is, the new one is worth reading.
    ...(after.answer.failure === null ? describeDifference(before, after) : []),
  ];
}

function describeDifference(before: Recorded, after: Recorded): string[] {
  const { same_text, same_calls, text } = compare(before, after);
  return [
    same_text ? 'the text is the same' : 'the text differs (- recorded, + now):',
    ...text.map((change) => `  ${change}`),
    same_calls ? 'the tool calls are the same' : 'the tool calls differ:',
    ...(same_calls ? [] : [...callLines('-', before), ...callLines('+', after)]),
  ];
}

function callLines(sign: string, { answer }: Recorded): string[] {
  return answer.calls.map((call) => `  ${sign} ${call.name}(${call.arguments})`);
}
