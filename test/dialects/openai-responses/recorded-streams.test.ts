// Every recorded stream: decoded as an independent fold reads it, unchanged by encode and decode again, and
// itself within the grammar but for the departures that are named here.
import { describe, expect, test } from 'bun:test';
import type { Part } from '../../../src/model/content.ts';
import { openToken } from '../../../src/model/opaque-token.ts';
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { parseObject } from '../../../src/model/json/json.ts';
import { mergeUsage, NO_USAGE } from '../../../src/model/usage.ts';
import { readEvents } from '../../support/read-events.ts';
import { recordings } from '../../support/recordings.ts';
import { sequenced } from '../../support/sequenced.ts';
import { answerOf, CONTEXT, callsOf, decode, encode, textsOf, violations } from './events.ts';
import { foldStream } from './fold.ts';

const streams = recordings('openai-responses', { streamed: true });

const UNNAMED = /the event is named ""/;
const DONE_SENTINEL = /\[DONE\], which this dialect does not have/;
const EMPTY_OUTPUT = /the output of response.completed differs from the items/;
const SAYS_ELSE = /differs from/;

/** What servers, or those who recorded them, do otherwise. */
const DEPARTURES: Record<string, RegExp[]> = {
  // Neither names its events; one numbers the parts of a message from 1.
  'bedrock-mantle/rubyllm-providers-bedrock-mantle-responses-chat-streams-4e6962': [
    UNNAMED,
    /content 1 is added after 0 parts/,
    SAYS_ELSE,
  ],
  'openrouter/llm-openrouter-test-llm-openrouter-test-image-prompt-i1': [UNNAMED, DONE_SENTINEL],
  'openrouter/llm-openrouter-test-llm-openrouter-test-tool-calls-i2': [UNNAMED, DONE_SENTINEL],
  'openrouter/pydantic-test-openai-responses-raw-cot-stream-openrouter': [UNNAMED, DONE_SENTINEL],
  // The terminal repeats no output.
  'chatgpt-codex/rig-reasoning-session-two-tool-calls-streaming': [EMPTY_OUTPUT],
  'chatgpt-codex/rig-unicode-arguments-streaming': [EMPTY_OUTPUT],
  'chatgpt-codex/rig-usage-accumulates-across-streaming-multi-turn-i1': [EMPTY_OUTPUT],
  // Ids are made anew for each event.
  'github-copilot/rig-reasoning-roundtrip-streaming': [/changes its id/, /names item/, /the id changes/],
  // Arguments come without deltas.
  'lmstudio/vercel-lmstudio-tool-call-1': [SAYS_ELSE],
  'lmstudio/vercel-lmstudio-tool-call-2': [SAYS_ELSE],
  // Two of three lists of tools are never done.
  'openai/pydantic-test-openai-responses-model-mcp-list-tools-stre-ca1161': [
    /\(mcp_list_tools\) is not done/,
  ],
  // The recorder left deltas, and a whole item, out.
  'openai/vercel-openai-phase-1': [
    /sequence_number \d+ after \d+/,
    SAYS_ELSE,
    /an item is added at 2 after 1/,
    /for item 2, which was not added/,
    /item 1 \(message\) is not done/,
    EMPTY_OUTPUT,
  ],
  // Two responses, one after the other, in one file.
  'openai/vercel-openai-shell-tool-1': [/./],
};

function key(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

/** Without what the encoder may rightly say in other words. */
function comparable(events: readonly StreamEvent[]) {
  const { id, parts, usage, finish, error, ...rest } = answerOf(events);
  return {
    ...rest,
    // Those of servers other than OpenAI's are given its prefix.
    id: id?.replace(/^resp_/, ''),
    parts: parts.map(comparablePart),
    // An error ends a stream without its counts.
    usage: error === null ? usage : null,
    finish: finish?.unified === 'other' ? 'end_turn' : finish?.unified,
    error: error?.code,
  };
}

function comparablePart(part: Part): unknown {
  // The id was made before the token came; what counts is what is encrypted.
  if (part.type === 'reasoning') return { ...part, signature: encryptedIn(part) };
  if (part.type === 'tool-call' && part.arguments === '') return { ...part, arguments: '{}' };
  return part;
}

function encryptedIn(part: Part): unknown {
  const token = part.type === 'reasoning' ? part.signature : undefined;
  if (token === undefined) return undefined;
  return parseObject(openToken('openai-responses', token) ?? '')?.encrypted_content;
}

test('there are recorded streams, and each named departure is of one of them', () => {
  expect(streams.length).toBeGreaterThan(0);
  const known = new Set(streams.map((recording) => key(recording.id)));
  if (known.size > 10) expect(Object.keys(DEPARTURES).filter((id) => !known.has(id))).toEqual([]);
});

describe.each(streams.map((recording) => [recording.id, recording] as const))('%s', (_, recording) => {
  const recorded = readEvents(recording.body);
  const events = decode(recorded);
  const answer = answerOf(events);
  const expected = foldStream(recording.body);

  test('decodes as the bytes say', () => {
    expect(answer.id).toBe(expected.id);
    expect(answer.model).toBe(expected.model);
    expect(textsOf(answer.parts, 'text').join('')).toBe(expected.text);
    expect(textsOf(answer.parts, 'refusal').join('')).toBe(expected.refusal);
    expect(textsOf(answer.parts, 'reasoning')).toEqual(expected.reasoning);
    expect(callsOf(answer.parts)).toEqual(expected.calls);
    expect(answer.parts.map(encryptedIn).filter((each) => each !== undefined)).toEqual(expected.encrypted);
    const citations = answer.parts.flatMap((part) => (part.type === 'text' ? (part.citations ?? []) : []));
    expect(citations.map((citation): unknown => citation.extension?.fields)).toEqual(expected.annotations);
    if (expected.hasError) expect(answer.error).not.toBeNull();
    else {
      const unified = { completed: 'end_turn', max_output_tokens: 'max_tokens' }[expected.finish ?? ''];
      const wanted = expected.calls.length > 0 ? 'tool_use' : unified;
      expect(answer.finish).toEqual({ raw: expected.finish, unified: wanted as 'end_turn' });
    }
  });

  test('loses no hosted item', () => {
    const shownParts = answer.parts.filter(
      (part) => part.type === 'image' || (part.type === 'tool-call' && part.kind === 'server'),
    );
    expect(shownParts.length + answer.extensions.length).toBe(expected.hosted.length);
  });

  test('counts what the upstream counted', () => {
    const { usage } = answer;
    const stated = expected.usage;
    expect(usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens).toBe(
      Number(stated?.input_tokens ?? 0),
    );
    expect(usage.outputTokens).toBe(Number(stated?.output_tokens ?? 0));
  });

  test('survives encode and decode', () => {
    const again = decode(encode(sequenced(events)));
    expect(comparable(again)).toEqual(comparable(sequenced(events)));
  });

  test('encodes to the grammar', () => {
    const wire = encode(sequenced(events));
    expect(violations(wire)).toEqual([]);
    const checker = openaiResponses.createGrammarChecker();
    for (const event of wire) checker.check(event);
    const { finish, usage } = checker.summary();
    if (answer.finish !== null) expect(finish).toBe(expected.finish);
    if (answer.finish !== null)
      expect(mergeUsage(NO_USAGE, usage)).toEqual({ ...answer.usage, webSearches: usage.webSearches ?? 0 });
  });

  test('keeps to the grammar itself, but for what is named', () => {
    const allowed = DEPARTURES[key(recording.id)] ?? [];
    const found = violations(recorded);
    expect(found.filter((problem) => !allowed.some((pattern) => pattern.test(problem)))).toEqual([]);
    for (const pattern of allowed) expect(found.some((problem) => pattern.test(problem))).toBe(true);
  });

  test('is truncated without its terminal', () => {
    const last = recorded.findIndex(({ data }) =>
      /"response\.(completed|incomplete|failed)"|"type":"error"/.test(data),
    );
    const cut = answerOf(decode(recorded.slice(0, last)));
    expect(cut.finish).toBeNull();
    expect(cut.error).toBeNull();
  });
});

test('ids are the same for the same request, and others for another', () => {
  const stream = streams.find((recording) => foldStream(recording.body).text !== '');
  if (stream === undefined) throw new Error('no stream with text');
  const events = sequenced(decode(readEvents(stream.body)));
  expect(encode(events)).toEqual(encode(events));
  const other = encode(events, { ...CONTEXT, requestId: 'req2' });
  expect(JSON.stringify(other)).toBe(JSON.stringify(encode(events)).replaceAll('_req1_', '_req2_'));
});
