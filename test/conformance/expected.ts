// What a client of another dialect must read, told from what the provider's own SDK reads: finish reasons in the
// client's words, and the few things that its format or its SDK cannot hold, each with its reason.
import type { Recording } from '../support/recordings.ts';
import type { Answer } from './answer.ts';
import { CLIENTS, type ClientName, OWN_SDK, type Wire } from './clients.ts';
import { losesLastSignature } from './unsayable.ts';

/** What each word for an ending means: the form that all are compared in. */
type Ending = 'end' | 'tool' | 'length' | 'refusal' | 'stop' | 'pause' | 'other';

const MEANING: Record<string, Record<string, Ending>> = {
  'anthropic-messages': {
    end_turn: 'end',
    stop_sequence: 'stop',
    pause_turn: 'pause',
    tool_use: 'tool',
    max_tokens: 'length',
    model_context_window_exceeded: 'length',
    refusal: 'refusal',
  },
  'openai-chat': {
    stop: 'end',
    length: 'length',
    tool_calls: 'tool',
    function_call: 'tool',
    content_filter: 'refusal',
    // Together's word for the model's end token.
    eos: 'end',
    other: 'other',
  },
  'openai-responses': {
    completed: 'end',
    max_output_tokens: 'length',
    content_filter: 'refusal',
  },
  'gemini-generate': {
    STOP: 'end',
    MAX_TOKENS: 'length',
    SAFETY: 'refusal',
    RECITATION: 'refusal',
    MODEL_ARMOR: 'refusal',
    PROHIBITED_CONTENT: 'refusal',
    OTHER: 'other',
    NO_IMAGE: 'other',
    UNEXPECTED_TOOL_CALL: 'end',
  },
  'ollama-chat': { stop: 'end', length: 'length' },
};

const ANTHROPIC_WORDS = {
  end: 'end_turn',
  tool: 'tool_use',
  length: 'max_tokens',
  refusal: 'refusal',
  stop: 'stop_sequence',
  pause: 'pause_turn',
  other: 'end_turn',
};
const CHAT_WORDS = {
  end: 'stop',
  tool: 'tool_calls',
  length: 'length',
  refusal: 'content_filter',
  stop: 'stop',
  pause: 'stop',
  other: 'stop',
};
const VERCEL_WORDS = { ...CHAT_WORDS, tool: 'tool-calls', refusal: 'content-filter' };
const WORDS: Record<ClientName, Record<Ending, string>> = {
  anthropic: ANTHROPIC_WORDS,
  openai: CHAT_WORDS,
  'openai-responses': {
    end: 'completed',
    tool: 'completed',
    length: 'max_output_tokens',
    refusal: 'content_filter',
    stop: 'completed',
    pause: 'completed',
    other: 'completed',
  },
  genai: {
    end: 'STOP',
    tool: 'STOP',
    length: 'MAX_TOKENS',
    refusal: 'SAFETY',
    stop: 'STOP',
    pause: 'STOP',
    other: 'OTHER',
  },
  ollama: {
    end: 'stop',
    tool: 'stop',
    length: 'length',
    refusal: 'stop',
    stop: 'stop',
    pause: 'stop',
    other: 'stop',
  },
  '@ai-sdk/anthropic': VERCEL_WORDS,
  '@ai-sdk/openai': VERCEL_WORDS,
  '@ai-sdk/openai responses': VERCEL_WORDS,
  '@ai-sdk/openai-compatible': VERCEL_WORDS,
};

/** Three dialects have no word for a turn that ends with calls. */
const SAYS_NO_CALLS = new Set(['openai-responses', 'gemini-generate', 'ollama-chat']);

/** `from` is the recording's wire; null reasons are resolved before. */
function expectedFinish(client: ClientName, from: string, answer: Answer, finish: string | null) {
  const word = finish ?? '';
  // An answer told anew in its own dialect keeps its word, except that chat completions has newer ones.
  if (OWN_SDK[from as Wire] === CLIENTS[client] && from !== 'openai-chat') return word;
  const meaning = MEANING[from]?.[word];
  if (meaning === undefined) return undefined;
  const called = meaning === 'end' && SAYS_NO_CALLS.has(from) && answer.calls.length > 0;
  return WORDS[client][called ? 'tool' : meaning];
}

/** Whether the reason to stop is a refusal. */
export function endsInRefusal({ wire }: Recording, { finish }: Answer): boolean {
  return MEANING[wire]?.[finish ?? ''] === 'refusal';
}

/** Recorded answers without a finish reason, and what they are told as: they end with [DONE] alone. */
const WITHOUT_FINISH: Record<string, string> = {
  'openai-chat/snowflake/pydantic-test-snowflake-test-snowflake-thinking': 'tool_calls',
  'openai-chat/snowflake/pydantic-test-snowflake-thinking-streaming': 'stop',
};

/** Recordings that one of `ai`'s providers cannot read, with or without the gateway. */
export const UNREADABLE_BY: readonly { client: ClientName; recordings: RegExp; why: string }[] = [
  {
    client: '@ai-sdk/openai',
    recordings:
      /^openai-chat\/mistral\/(ddpy-mistral-v1-chat|prism-stream-reasoning|rubyllm-chat-mistral-hybrid-reasoning)/,
    why: 'it takes content as a string only, Mistral sends an array of parts',
  },
  {
    client: 'openai-responses',
    recordings: /responses-chat-streams|apply-patch-tool-1|rig-reasoning-roundtrip-streaming$/,
    why: 'its stream helper throws at events that it does not know, and where the answer changes its id',
  },
  ...(['@ai-sdk/openai', '@ai-sdk/openai-compatible'] as const).map((client) => ({
    client,
    recordings:
      /^openai-responses\/openai\/(ddpy-response-custom-tool-call|lingua-responsesadditionaltools|reasoning-tools-stream$)/,
    why: 'it knows no calls of free text in chat completions, and offers no tools that a model could call so',
  })),
  {
    client: '@ai-sdk/openai-compatible',
    recordings: /^openai-chat\/snowflake\/.*-streaming$/,
    why: 'it wants a finish reason, Snowflake gives none',
  },
  {
    client: '@ai-sdk/openai responses',
    recordings: /\/vercel-xai-web-search-tool-1$/,
    why: 'it wants offsets of sources',
  },
  {
    client: '@ai-sdk/anthropic',
    recordings: /\/(pydantic-test-in-flight-mcp-call|rig-web-search-with-dynamic-filtering)/,
    why: 'it wants the call of each result in the same answer; one was made in the turn before, one is redacted',
  },
];

/** Two answers one behind the other: the gateway ends a stream with its answer, clients of the same dialect read on. */
export const TWO_ANSWERS = new Set(['openai-responses/openai/vercel-openai-shell-tool-1']);

interface Cancellation {
  /** What of the answer differs for this client, in the words of the summary. */
  feature: string;
  why: string;
  /** True: the client is not told. False: it is told in another form, or more. */
  lost: boolean;
  applies(answer: Answer, client: ClientName, recording: Recording): boolean;
  apply(expected: Answer): void;
}

const isGenai = (client: ClientName) => client === 'genai';
const isOllama = (client: ClientName) => client === 'ollama';
const isVercelOpenAi = (client: ClientName) => client.startsWith('@ai-sdk/openai');
const isAnthropic = (client: ClientName) => client === 'anthropic' || client === '@ai-sdk/anthropic';

const isOneText = (client: ClientName) =>
  isOllama(client) ||
  isGenai(client) ||
  ['openai', '@ai-sdk/openai', '@ai-sdk/openai-compatible'].includes(client);

const isChat = (client: ClientName) => client === 'openai' || client === '@ai-sdk/openai-compatible';

const isResponses = (client: ClientName) =>
  client === 'openai-responses' || client === '@ai-sdk/openai responses';

/** Where the recorded answers speak again behind what no client of another dialect is told of, such as tools looked up. */
export const UNTOLD_JOINTS: readonly (readonly [string, string])[] = [
  ['help answer your question!', 'Found it!'],
  ['help answer your question!', 'I found a weather tool!'],
  ['before answering.', '2 + 2'],
  ['parse it correctly.', 'I have the data'],
];

/** The same behind a search, code, a call or thoughts, or in a second message, which are items in Responses. */
const JOINTS: readonly (readonly [string, string])[] = [
  ...UNTOLD_JOINTS,
  ['for you right away!', 'Following the standard'],
  ['at the same time!', 'No worries'],
  ['let me view it!', 'Here'],
  ['specifically for that date.', 'Based on'],
  ['data for that exact date.', 'Based on'],
  ['get clearer headlines.', 'Based on'],
  ['requested. Let me start:', 'Let me continue'],
  ['remaining searches you requested:', 'Now continuing'],
  ['AAPL and GOOGL.', 'The result'],
  ["what it's about.", 'This Wikipedia page'],
  ['latest stable version.', 'Let me also check'],
  ['current stable series.', 'Based on'],
  ['key items with links.', 'Here are a few'],
];

/** Where the recorded answers think again. */
const THOUGHT_JOINTS: readonly (readonly [string, string])[] = [
  ['Let me search.', 'The search results'],
  ['official Ruby releases page.', 'The official'],
  ['give a more complete answer.', 'Now I have'],
];

/** The texts of a recorded answer as one, where they are apart. */
export function asOneText(texts: string, joints = JOINTS): string {
  return joints.reduce(
    (text, [before, behind]) => text.replace(before + behind, `${before}\n\n${behind}`),
    texts,
  );
}

/** Every way in which a client of the other dialect may read something else than the provider's own SDK. */
const DEPARTURES: readonly Cancellation[] = [
  {
    feature: 'texts that are apart',
    why: 'Chat Completions and Ollama have one text, and SDKs make one of Gemini’s, in which a blank line parts them',
    lost: false,
    applies: (answer, client) => isOneText(client) && asOneText(answer.text) !== answer.text,
    apply(expected) {
      expected.text = asOneText(expected.text);
    },
  },
  {
    feature: 'texts that are apart by what a Responses client is not told',
    why: 'SDKs join the texts of a message, in which a blank line parts them',
    lost: false,
    applies: (answer, client) => isResponses(client) && asOneText(answer.text, UNTOLD_JOINTS) !== answer.text,
    apply(expected) {
      expected.text = asOneText(expected.text, UNTOLD_JOINTS);
    },
  },
  {
    feature: 'thoughts that are apart',
    why: 'Chat Completions has one text for them, in which a blank line parts them',
    lost: false,
    applies: (answer, client) =>
      isChat(client) && asOneText(answer.reasoning, THOUGHT_JOINTS) !== answer.reasoning,
    apply(expected) {
      expected.reasoning = asOneText(expected.reasoning, THOUGHT_JOINTS);
    },
  },
  {
    feature: 'refusal in words',
    why: 'the Messages format tells it by the reason to stop',
    lost: false,
    applies: (answer, client) => isAnthropic(client) && answer.refusal !== '',
    apply(expected) {
      if (expected.finish === 'end_turn') expected.finish = 'refusal';
      if (expected.finish === 'stop') expected.finish = 'content-filter';
    },
  },
  {
    feature: 'refusal text',
    why: 'the Messages format, Gemini and Ollama have no field for it: it is text',
    lost: false,
    applies: (answer, client) =>
      (isAnthropic(client) || isGenai(client) || isOllama(client)) && answer.refusal !== '',
    apply(expected) {
      expected.text += expected.refusal;
      expected.refusal = '';
    },
  },
  {
    feature: 'refusal text',
    why: 'the AI SDK reads it as text that a filter ended',
    lost: false,
    applies: (answer, client) => isVercelOpenAi(client) && answer.refusal !== '',
    apply(expected) {
      expected.text += expected.refusal;
      expected.refusal = '';
      expected.finish = 'content-filter';
    },
  },
  {
    feature: 'absent usage',
    why: 'the Messages format requires counts: they are zero where the provider stated none',
    lost: false,
    applies: (answer, client) => client === 'anthropic' && answer.usage === null,
    apply(expected) {
      expected.usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };
    },
  },
  {
    feature: 'arguments that max_tokens cut short',
    why: 'the Messages format takes an object there: the text is put under `arguments`',
    lost: false,
    applies: (answer, client) =>
      isAnthropic(client) && answer.calls.some((call) => typeof call.arguments === 'string'),
    apply(expected) {
      for (const call of expected.calls) call.arguments = { arguments: call.arguments };
    },
  },
  {
    feature: 'calls that max_tokens cut short',
    why: 'Gemini and Ollama give calls whole, with an object',
    lost: true,
    applies: (answer, client) =>
      (isGenai(client) || isOllama(client)) &&
      answer.calls.some((call) => typeof call.arguments === 'string'),
    apply(expected) {
      expected.calls = expected.calls.filter((call) => typeof call.arguments !== 'string');
    },
  },
  {
    feature: 'choices but the first',
    why: 'the Messages format has one answer, and its clients cannot ask for more',
    lost: true,
    applies: (_, client, { features }) => isAnthropic(client) && features.includes('multi-choice'),
    apply() {},
  },
  {
    feature: 'reasoning text',
    why: '@ai-sdk/openai knows no reasoning in chat completions; the gateway sends it',
    lost: true,
    applies: (answer, client) => client === '@ai-sdk/openai' && answer.reasoning !== '',
    apply(expected) {
      expected.reasoning = '';
    },
  },
  {
    feature: 'signature behind the last text',
    why: 'a message of the Messages format does not end with thinking',
    lost: true,
    applies: (_, client, recording) => losesLastSignature(recording, CLIENTS[client].dialect),
    apply(expected) {
      expected.seals.pop();
    },
  },
  {
    feature: 'signatures of reasoning',
    why: '`ai` keeps them in metadata of its own, or (chat completions) knows none',
    lost: false,
    applies: (answer, client) => client.startsWith('@ai-sdk/') && answer.seals.length > 0,
    apply(expected) {
      expected.seals = [];
    },
  },
  {
    feature: 'signatures of reasoning that no call follows',
    why: 'in Ollama calls carry them, and nothing else could',
    lost: true,
    applies: (answer, client) => isOllama(client) && answer.seals.length > 0 && answer.calls.length === 0,
    apply(expected) {
      expected.seals = [];
    },
  },
  {
    feature: 'parts of the counts',
    why: 'Ollama counts what goes in and what comes out',
    lost: true,
    applies: ({ usage }, client) => isOllama(client) && usage !== null,
    apply({ usage }) {
      if (usage === null) return;
      usage.input += usage.cacheRead + usage.cacheWrite;
      Object.assign(usage, { cacheRead: 0, cacheWrite: 0, reasoning: 0 });
    },
  },
  {
    feature: 'cache writes apart from input',
    why: '@ai-sdk/openai-compatible and Gemini know no cache writes and count them as fresh input',
    lost: true,
    applies: (answer, client) =>
      (isGenai(client) || client === '@ai-sdk/openai-compatible') && (answer.usage?.cacheWrite ?? 0) > 0,
    apply({ usage }) {
      if (usage === null) return;
      usage.input += usage.cacheWrite;
      usage.cacheWrite = 0;
    },
  },
];

/** What `client` must read where the provider's own SDK reads `answer`; `lost` where it is told less. */
export function expectedAnswer(
  recording: Recording,
  answer: Answer,
  client: ClientName,
): { expected: Answer; lost: boolean } {
  const finish = WITHOUT_FINISH[recording.id] ?? answer.finish;
  const expected: Answer = {
    ...structuredClone(answer),
    finish: expectedFinish(client, recording.wire, answer, finish) ?? `no word for ${finish}`,
  };
  let lost = false;
  for (const departure of DEPARTURES) {
    if (!departure.applies(answer, client, recording)) continue;
    departure.apply(expected);
    lost ||= departure.lost;
  }
  return { expected, lost };
}
