// Two turns between every two dialects. The first answer is a recording, the second request carries the client SDK's
// own history of it. What reaches the provider is held against what the provider's own SDK sends back without a
// gateway: text, sealed reasoning, calls with their ids and seals, results. Less than that must have been named.
import { afterAll, describe, expect, test } from 'bun:test';
import type { DialectId } from '../../src/model/dialect-id.ts';
import { DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { ProviderKind } from '../../src/providers/kind.ts';
import { OPENAI_SHAPED } from '../../src/providers/openai-shaped.ts';
import { RECORDED_AS } from '../support/client-requests.ts';
import { ownRecordings, type Recording, recordings } from '../support/recordings.ts';
import { createReplayFetch, type ReplayFetch } from '../support/replay-fetch.ts';
import { replyOf } from '../support/reply.ts';
import { CONVERSATIONS } from './conversations.ts';
import { asOneText, UNTOLD_JOINTS } from './expected.ts';
import { gatewayTo } from './gateway-for.ts';
import { type Held, heldHistory } from './held-history.ts';
import { createSummary, type Verdict } from './summary.ts';
import { losesLastSignature } from './unsayable.ts';
import { array, type Json, jsonOf, object } from './wire-facts.ts';

const summary = createSummary(DIALECT_IDS);
afterAll(() => {
  console.log(`\nHistories sent back, provider × client\n${summary.table()}\n`);
});

/** The recording first, then a text of the same wire. */
function twoAnswers(recording: Recording): ReplayFetch {
  const answers = ownRecordings(recording.wire, { streamed: recording.streamed, status: 'ok' });
  const text = answers.find(({ features }) => !features.includes('in-stream-error'));
  if (text === undefined) throw new Error('no second answer to give');
  let turn = 0;
  return createReplayFetch(() => replyOf(turn++ === 0 ? recording : text));
}

function sentBack(wire: DialectId, upstream: ReplayFetch): Held[] {
  const body = upstream.requests[1]?.json() as Json | undefined;
  if (body === undefined) throw new Error('there was no second request');
  return heldHistory(wire, body);
}

/** Its last chunk says the end of the text again, beside the whole of it, and OpenAI's helper adds it. */
const TOLD_TWICE = new Set(['openai-chat/perplexity/langchaingo-testtool-integration']);

/**
 * What the provider's own SDK sends back. Undefined where it cannot read the recording, or keeps nothing of it (an
 * answer that Google's drops as invalid, a call of the old form, a spoken answer of which it sends the id).
 */
async function ownHistory(wire: DialectId, recording: Recording): Promise<Held[] | undefined> {
  const upstream = twoAnswers(recording);
  try {
    await CONVERSATIONS[wire]({ fetch: upstream.fetch, stream: recording.streamed, tools: [] });
  } catch {
    return undefined;
  }
  const held = sentBack(wire, upstream);
  const said = held.map((each) => (each[0] === 'text' ? each[1] : '')).join('');
  const isEmpty = held.every(([kind]) => kind === 'text') && /^(Use a tool\.)?Go on\.$/.test(said);
  // OpenAI's stream helper joins parts (Mistral) as if they were strings.
  return isEmpty || said.includes('[object Object]') || TOLD_TWICE.has(recording.id) ? undefined : held;
}

/**
 * OpenAI encrypts reasoning anew each time that it tells it. The SDK's helper keeps the last telling, that of the
 * whole answer; the gateway, as others that read events, that of the item's end.
 */
function withSealsOfItems(recording: Recording, held: Held[]): Held[] {
  if (recording.wire !== RECORDED_AS['openai-responses'] || !recording.streamed) return held;
  const ofItems: string[] = [];
  const ofAnswer: string[] = [];
  for (const event of jsonOf(recording)) {
    if (event.type === 'response.output_item.done') ofItems.push(...sealsOf([event.item]));
    if (event.type === 'response.completed') ofAnswer.push(...sealsOf(array(object(event.response)?.output)));
  }
  return held.map((each): Held => {
    const place = each[0] === 'sealed' ? ofAnswer.indexOf(String(each[1])) : -1;
    return place === -1 ? each : ['sealed', ofItems[place] ?? ''];
  });
}

function sealsOf(items: readonly unknown[]): string[] {
  return items.flatMap((item) => {
    const seal = object(item)?.encrypted_content;
    return typeof seal === 'string' && seal !== '' ? [seal] : [];
  });
}

/** Without the signature behind the last text, which a client of the Messages format is not told. */
function withoutLastSignature(held: readonly Held[]): Held[] {
  const at = held.findLastIndex(([kind]) => kind === 'sealed');
  const [before, after] = [held[at - 1], held[at + 1]];
  if (before?.[0] !== 'text' || after?.[0] !== 'text') return held.filter((_, index) => index !== at);
  return [...held.slice(0, at - 1), ['text', before[1] + after[1]], ...held.slice(at + 2)];
}

/** Calls of Ollama's carry the seals before them; where none follows, its messages have no place for them. */
function withoutUncarried(held: readonly Held[]): Held[] {
  const lastCall = held.findLastIndex(([kind]) => kind === 'call');
  const kept: Held[] = [];
  for (const [at, each] of held.entries()) {
    const last = kept.at(-1);
    if (each[0] === 'sealed' && at > lastCall) continue;
    if (each[0] === 'text' && last?.[0] === 'text') kept[kept.length - 1] = ['text', last[1] + each[1]];
    else kept.push(each);
  }
  return kept;
}

const isFreeText = (each: Held) => each[0] === 'call' && typeof each[3] === 'string';

/** Clients without calls of free text know them as functions with one argument, and call them so again. */
function asFunctions(held: readonly Held[], client: DialectId): Held[] {
  if (client === 'openai-chat' || client === 'openai-responses') return [...held];
  return held.map((each): Held => {
    if (each[0] !== 'call' || typeof each[3] !== 'string') return each;
    const [kind, id, name, input, seal] = each;
    return [kind, id, name, { input }, seal];
  });
}

/** Clients whose SDKs have one text have what was said behind a search behind a blank line. */
function asTold(held: readonly Held[], wire: DialectId, client: DialectId): Held[] {
  const told = asFunctions(held, client);
  if (client === wire || client === 'anthropic-messages') return told;
  // To clients of Responses most of what stands between is told.
  const joints = client === 'openai-responses' ? UNTOLD_JOINTS : undefined;
  return told.map((each): Held => (each[0] === 'text' ? ['text', asOneText(each[1], joints)] : each));
}

/** What the recorded answers say behind code that was run, of which the provider is told in words where another dialect's client kept it. */
const BEHIND_RUNS =
  "(?=Following the standard|Here's a |Here’s the chart|54173879Go|The sum of the first|No worries)";
const RUN = new RegExp(`\\n*\\(Here this code was run[^]*?\\)\\n*${BEHIND_RUNS}|\\n*${BEHIND_RUNS}`, 'g');

const withoutRun = (held: readonly Held[]) =>
  held.map((each): Held => (each[0] === 'text' ? ['text', each[1].replace(RUN, '')] : each));

/** Whether the client keeps the code that the recorded answer ran. */
function keepsRun({ id, features }: Recording, client: DialectId): boolean {
  const isRun = features.includes('code-exec') && !/dynamic-filtering|file-search/.test(id);
  return isRun && client !== 'openai-chat' && client !== 'ollama-chat';
}

const toolsIn = (held: readonly Held[]) => [
  ...new Set(held.flatMap((each) => (each[0] === 'call' ? [each[2]] : []))),
];

for (const wire of DIALECT_IDS) {
  for (const recording of recordings(RECORDED_AS[wire], { status: 'ok' })) {
    if (recording.features.includes('in-stream-error')) continue;
    // What Google sends those who do not ask for events; the gateway does.
    if (recording.streamed && recording.body[0] === '['.charCodeAt(0)) continue;

    describe(recording.id, () => {
      let reading: Promise<Held[] | undefined> | undefined;
      for (const client of DIALECT_IDS) {
        test(client, async () => {
          reading ??= ownHistory(wire, recording);
          const history = await reading;
          if (history === undefined) return;
          const expected = losesLastSignature(recording, client) ? withoutLastSignature(history) : history;
          const all = client === wire ? history : withSealsOfItems(recording, expected);
          const own = client === 'ollama-chat' ? withoutUncarried(all) : all;
          let verdict: Verdict = 'fail';
          try {
            verdict = await play(wire, client, recording, own);
          } finally {
            summary.add(`${wire}, ${recording.streamed ? 'streamed' : 'whole'}`, client, verdict);
          }
        });
      }
    });
  }
}

/** Folders of recordings that have another name than the kind. */
const FOLDERS: Record<string, string> = { 'qwen-dashscope': 'qwen', zai: 'glm' };

/** Of the servers that speak Chat, the row that knows whether reasoning goes back to them, and how. */
function kindOf({ wire, provider, body }: Recording): ProviderKind | undefined {
  // Ids that the recorder took out have no provider's form.
  if (new TextDecoder().decode(body).includes('"call_REDACTED')) return undefined;
  if (wire !== RECORDED_AS['openai-chat']) return undefined;
  return OPENAI_SHAPED.find(({ kind }) => kind === (FOLDERS[provider] ?? provider));
}

/** What the recording's own bytes say of the model's reasoning; OpenAI's SDK has no word for it. */
function expectReasoning(
  recording: Recording,
  kind: ProviderKind | undefined,
  upstream: ReplayFetch,
  carriesSeals: boolean,
): void {
  const { replaysReasoning, replaysReasoningDetails } = kind?.quirks ?? {};
  if (replaysReasoning !== true && replaysReasoningDetails !== true) return;
  const second = upstream.requests[1]?.json() as Json | undefined;
  const messages = array(second?.messages).map(object);
  const message = messages.find((each) => each?.role === 'assistant');
  const said = [...jsonOf(recording)].map((body) => {
    const choice = object(array(body.choices)[0]);
    return object(choice?.delta) ?? object(choice?.message) ?? {};
  });
  if (replaysReasoning === true) {
    const text = said.map((each) => each.reasoning_content ?? each.reasoning ?? '').join('');
    const sent = message?.reasoning_content ?? '';
    // Of a model that may think, calls without its thinking go back with a stand-in.
    expect(text === '' && sent === '.' ? '' : sent).toBe(text);
    return;
  }
  const details = said.flatMap((each) => array(each.reasoning_details).map(object));
  const sent = array(message?.reasoning_details).map(object);
  const texts = ['text', 'summary'] as const;
  for (const field of carriesSeals ? ([...texts, 'signature', 'data'] as const) : texts) {
    const joined = (entries: readonly (Json | undefined)[]) =>
      entries.map((each) => each?.[field] ?? '').join('');
    expect([field, joined(sent)]).toEqual([field, joined(details)]);
  }
}

async function play(wire: DialectId, client: DialectId, recording: Recording, own: Held[]): Promise<Verdict> {
  const kind = kindOf(recording);
  const gateway = gatewayTo(recording.wire, twoAnswers(recording), kind?.kind);
  const { streamed: stream } = recording;
  const turns = CONVERSATIONS[client]({ fetch: gateway.fetch, stream, tools: toolsIn(own) });
  if (client === 'openai-chat' && stream && own.some(isFreeText)) {
    // OpenAI's helper for Chat streams knows no calls of free text, with or without the gateway.
    await expect(turns).rejects.toThrow('function.name');
    return 'lost';
  }
  await turns;
  const through = sentBack(wire, gateway.upstream);
  const carriesSeals = client !== 'ollama-chat' || own.some(([held]) => held === 'call');
  if (client !== wire) expectReasoning(recording, kind, gateway.upstream, carriesSeals);
  expect(JSON.stringify(through)).not.toContain('sluice');
  const told = asTold(own, wire, client);
  if (client === wire || !keepsRun(recording, client)) expect(through).toEqual(told);
  else {
    expect(JSON.stringify(through)).toContain('Here this code was run');
    expect(withoutRun(through)).toEqual(withoutRun(told));
  }
  const named = [...(await gateway.row(0)).lost, ...(await gateway.row(1)).lost];
  if (!Bun.deepEquals(asFunctions(own, client), own)) {
    expect(named.join()).toContain('tools.custom (approximated');
    return 'lost';
  }
  // Counts are told to the client alone, and text that cites its sources is the same text.
  const lost = named.filter(
    (name) => !name.includes(' (approximated') && !/^(usage\.|stop_sequence$)/.test(name),
  );
  return lost.length > 0 ? 'lost' : 'pass';
}
