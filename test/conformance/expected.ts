// What a client of another dialect must read, told from what the provider's own SDK reads: finish reasons in the
// client's words, and the few things that its format or its SDK cannot hold, each with its reason.
import type { Recording } from '../support/recordings.ts';
import type { Answer } from './answer.ts';
import type { ClientName } from './clients.ts';

type Words = Record<string, string>;

const OPENAI_OF_ANTHROPIC: Words = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'content_filter',
};

/** Words of older or other servers, where an answer is told anew in its own format. */
const OPENAI_OF_OPENAI: Words = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
  eos: 'stop',
};

const ANTHROPIC_OF_OPENAI: Words = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
  // Together's word for the model's end token.
  eos: 'end_turn',
};

const VERCEL_OF_ANTHROPIC: Words = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  tool_use: 'tool-calls',
  max_tokens: 'length',
  refusal: 'content-filter',
};

/** `from` is the recording's wire; null reasons are resolved before. */
function expectedFinish(client: ClientName, from: string, finish: string | null): string | undefined {
  const word = finish ?? '';
  if (from === 'anthropic-messages') {
    if (client === 'anthropic') return word;
    return client === 'openai' ? OPENAI_OF_ANTHROPIC[word] : VERCEL_OF_ANTHROPIC[word];
  }
  if (client === 'openai') return OPENAI_OF_OPENAI[word];
  const own = ANTHROPIC_OF_OPENAI[word];
  return client === 'anthropic' || own === undefined ? own : VERCEL_OF_ANTHROPIC[own];
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
    client: '@ai-sdk/openai-compatible',
    recordings: /^openai-chat\/snowflake\/.*-streaming$/,
    why: 'it wants a finish reason, Snowflake gives none',
  },
  {
    client: '@ai-sdk/anthropic',
    recordings: /\/(pydantic-test-in-flight-mcp-call|rig-web-search-with-dynamic-filtering)/,
    why: 'it wants the call of each result in the same answer; one was made in the turn before, one is redacted',
  },
];

/** What a client's own request loses on the way to the other dialect, whatever the answer. */
export function lostOfRequest(client: ClientName, hasTools: boolean, stream: boolean): string[] {
  // Asks for what every other format does anyway: arguments as they come.
  return client === '@ai-sdk/anthropic' && hasTools && stream ? ['eager_input_streaming'] : [];
}

interface Departure {
  /** What of the answer differs for this client, in the words of the summary. */
  feature: string;
  why: string;
  /** True: the client is not told. False: it is told in another form, or more. */
  lost: boolean;
  applies(answer: Answer, client: ClientName, features: readonly string[]): boolean;
  apply(expected: Answer): void;
}

const isAnthropic = (client: ClientName) => client === 'anthropic' || client === '@ai-sdk/anthropic';

/** Every way in which a client of the other dialect may read something else than the provider's own SDK. */
const DEPARTURES: readonly Departure[] = [
  {
    feature: 'refusal text',
    why: 'the Messages format has no field for it: it is a text block',
    lost: false,
    applies: (answer, client) => isAnthropic(client) && answer.refusal !== '',
    apply(expected) {
      expected.text += expected.refusal;
      expected.refusal = '';
    },
  },
  {
    feature: 'absent usage',
    why: 'the Messages format requires counts: they are zero where the provider stated none',
    lost: false,
    applies: (answer, client) => isAnthropic(client) && answer.usage === null,
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
    feature: 'choices but the first',
    why: 'the Messages format has one answer, and its clients cannot ask for more',
    lost: true,
    applies: (_, client, features) => isAnthropic(client) && features.includes('multi-choice'),
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
    feature: 'signatures of reasoning',
    why: '`ai` keeps them in metadata of its own, or (chat completions) knows none',
    lost: false,
    applies: (answer, client) => client.startsWith('@ai-sdk/') && answer.seals.length > 0,
    apply(expected) {
      expected.seals = [];
    },
  },
  {
    feature: 'cache writes apart from input',
    why: '@ai-sdk/openai-compatible knows no cache writes and counts them as fresh input',
    lost: true,
    applies: (answer, client) =>
      client === '@ai-sdk/openai-compatible' && (answer.usage?.cacheWrite ?? 0) > 0,
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
    finish: expectedFinish(client, recording.wire, finish) ?? `no word for ${finish}`,
  };
  let lost = false;
  for (const departure of DEPARTURES) {
    if (!departure.applies(answer, client, recording.features)) continue;
    departure.apply(expected);
    lost ||= departure.lost;
  }
  return { expected, lost };
}
