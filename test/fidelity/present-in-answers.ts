// How to tell that an answer has a feature of the table, from what any dialect's decoder makes of it.
import type { Part } from '../../src/model/content.ts';
import type { NeutralResponse } from '../../src/model/response.ts';

export type Present = (answer: NeutralResponse) => boolean;

const some =
  (test: (part: Part) => boolean): Present =>
  ({ parts }) =>
    parts.some(test);

const calls = ({ parts }: NeutralResponse) =>
  parts.flatMap((part) => (part.type === 'tool-call' && part.kind !== 'server' ? [part] : []));

const cites = (kind: 'url' | 'document') =>
  some(
    (part) => part.type === 'text' && (part.citations ?? []).some((citation) => isOfKind(citation.url, kind)),
  );

function isOfKind(url: string | undefined, kind: 'url' | 'document'): boolean {
  return (url !== undefined) === (kind === 'url');
}

const runs = (names: RegExp) =>
  some((part) => part.type === 'tool-call' && part.kind === 'server' && names.test(part.name));

/** By the feature's name in the table; null where no decoder keeps what tells it. */
export const PRESENT_IN_ANSWERS: Record<string, Present | null> = {
  text: some((part) => part.type === 'text' && part.text !== ''),
  thinking: some((part) => part.type === 'reasoning' && part.text !== ''),
  'thinking and a summary of it': null,
  'signature of thinking, to be sent back': some(
    (part) => part.type === 'reasoning' && part.text !== '' && part.signature !== undefined,
  ),
  'thinking that only the provider can read': some(
    (part) =>
      part.type === 'reasoning' &&
      (part.redacted !== undefined || (part.text === '' && part.signature !== undefined)),
  ),
  'tool call': (answer) => calls(answer).some(({ kind }) => kind === 'function'),
  'signature of a call, to be sent back': (answer) =>
    calls(answer).some(({ id, signature }) => signature !== undefined || id.includes('__sluice_')),
  'parallel calls': (answer) => calls(answer).length > 1,
  'free-text call': (answer) => calls(answer).some(({ kind }) => kind === 'custom'),
  'refusal in words': some((part) => part.type === 'refusal' && part.text !== ''),
  'citation of a web page': cites('url'),
  'citation of a document': cites('document'),
  'search that the provider ran': runs(/^web_search$/),
  'code that the provider ran': runs(/code_execution|code_interpreter/),
  "call of a remote MCP server's tool": some(
    (part) => part.type === 'tool-call' && part.mcpServer !== undefined,
  ),
  'generated image': some((part) => part.type === 'image' && part.source.kind === 'base64'),
  'audio answer': some((part) => part.type === 'audio'),
  // Anthropic's clients are told of a refusal in words by the reason, too.
  'end of the turn': ({ finish, parts }) =>
    finish.unified === 'end_turn' && !parts.some(({ type }) => type === 'refusal'),
  'token limit reached': ({ finish }) => finish.unified === 'max_tokens',
  'which stop sequence was hit': ({ finish }) => finish.stopSequence !== undefined,
  'refused by the provider': ({ finish }) => finish.unified === 'refusal',
  'context window full': ({ finish }) => finish.unified === 'context_window_exceeded',
  'to be continued (`pause_turn`)': ({ finish }) => finish.unified === 'pause_turn',
  'finish reason that no other dialect has': null,
  'log probabilities': null,
  'what moderation found (`moderation`)': null,
  'safety ratings': null,
  'input and output tokens': ({ usage }) => usage.outputTokens > 0,
  'tokens read from a cache': ({ usage }) => usage.cacheReadTokens > 0,
  'tokens written to a cache': ({ usage }) => usage.cacheWriteTokens > 0,
  'of these, for a cache of one hour': ({ usage }) => usage.cacheWrite1hTokens > 0,
  'reasoning tokens': ({ usage }) => usage.reasoningTokens > 0,
  'audio tokens': ({ usage }) => usage.audioInputTokens > 0,
  'searches billed separately': ({ usage }) => usage.webSearches > 0,
};
