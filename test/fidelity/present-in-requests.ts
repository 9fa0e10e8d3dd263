// How to tell that a request has a feature of the table, from what any dialect's parser makes of it.
import type { MediaSource, Part } from '../../src/model/content.ts';
import type { NeutralRequest, Tool } from '../../src/model/request.ts';

export type Asks = (request: NeutralRequest) => boolean;

const some =
  (test: (part: Part) => boolean, roles: readonly string[] = ['user', 'assistant']): Asks =>
  ({ messages }) =>
    messages.some(({ role, parts }) => roles.includes(role) && parts.some(test));

const media = (type: 'image' | 'document' | 'audio', test: (source: MediaSource) => boolean): Asks =>
  some((part) => part.type === type && test(part.source), ['user']);

const offers =
  (test: (tool: Tool) => boolean): Asks =>
  ({ tools }) =>
    tools.some(test);

const runs = (names: RegExp): Asks => offers((tool) => tool.type === 'server' && names.test(tool.name));

const forbids =
  (mode: 'auto' | 'required'): Asks =>
  ({ toolChoice, tools, allowedTools }) =>
    toolChoice?.type === mode &&
    allowedTools !== undefined &&
    tools.some(({ name }) => !allowedTools.includes(name));

const isPdf = (source: MediaSource) => source.kind === 'base64' && source.mediaType === 'application/pdf';

/** By the feature's name in the table; null where only its own dialect keeps what tells it. */
export const PRESENT_IN_REQUESTS: Record<string, Asks | null> = {
  'system prompt': ({ system }) => system.some(({ text }) => text !== ''),
  'system message between turns': ({ messages }) => messages.some(({ role }) => role === 'system'),
  "participant's name": ({ messages }) => messages.some(({ name }) => name !== undefined),
  'earlier answer': some((part) => part.type === 'text' && part.text.trim() !== '', ['assistant']),
  // OpenAI's clients end so as well, and do not mean it.
  'last turn of the assistant, to go on with (prefill)': null,
  'earlier refusal': some((part) => part.type === 'refusal' && part.text !== ''),
  'citations of an earlier answer': null,
  'cache breakpoint': some((part) => part.type === 'text' && part.cacheControl !== undefined, ['user']),
  'stored conversation (`previous_response_id`, `thread`)': null,
  'stored prefix (`cachedContent`)': null,
  'context editing (`context_management`)': null,
  'image, base64': media('image', ({ kind }) => kind === 'base64'),
  'image that the model made': some((part) => part.type === 'image', ['assistant']),
  'image, URL': media('image', ({ kind }) => kind === 'url'),
  "image, id in the provider's file store": media('image', ({ kind }) => kind === 'file'),
  'image detail': some(
    (part) => part.type === 'image' && part.detail !== undefined && part.detail !== 'auto',
  ),
  'PDF, base64': media('document', isPdf),
  'PDF, URL': media('document', (source) => source.kind === 'url' && source.url.endsWith('.pdf')),
  "document, id in the provider's file store": media('document', ({ kind }) => kind === 'file'),
  'video, URL of a page that shows it': null,
  "document's title": null,
  'text as a document': media('document', ({ kind }) => kind === 'text'),
  'citations wanted of a document': null,
  'audio, base64': media('audio', ({ kind }) => kind === 'base64'),
  'video, base64': null,
  function: offers(({ type }) => type === 'function'),
  'tool name of 100 letters': null,
  'schema with `$ref`, `const`, type lists, limits': null,
  'schema that is a choice among objects (`anyOf` at the top)': null,
  'strict arguments': offers((tool) => tool.type === 'function' && tool.strict === true),
  'tool of free text (`custom`)': offers(({ type }) => type === 'custom'),
  'grammar of a free text': null,
  // Read anywhere else, they are tools as all others are.
  'tools that the conversation brings along (`additional_tools`, as Codex does)': null,
  'tools in a namespace': offers((tool) => tool.type !== 'server' && tool.namespace !== undefined),
  'tool choice: auto': null,
  'tool choice: none': ({ toolChoice, tools }) => toolChoice?.type === 'none' && tools.some(isOwn),
  'tool choice: some tool': ({ toolChoice, tools }) => toolChoice?.type === 'required' && tools.some(isOwn),
  'tool choice: this tool': ({ toolChoice, tools }) => toolChoice?.type === 'tool' && tools.some(isOwn),
  'only these tools, if any': forbids('auto'),
  'one of these tools': forbids('required'),
  'one call at a time': ({ parallelToolCalls, tools }) => parallelToolCalls === false && tools.some(isOwn),
  'call and its result': some((part) => part.type === 'tool-result'),
  'failed result': some((part) => part.type === 'tool-result' && part.isError === true),
  'image in a result': some(
    (part) =>
      part.type === 'tool-result' &&
      part.content.some((each) => each.type === 'image' && each.source.kind === 'base64'),
  ),
  'call of free text': some((part) => part.type === 'tool-call' && part.kind === 'custom'),
  'web search': ({ searchesWeb }) => searchesWeb === true,
  'page fetch': runs(/^(web_fetch|urlContext)/),
  'code execution': runs(/^(code_execution|code_interpreter|codeExecution)/),
  'file search': runs(/^(file_search|fileSearch)/),
  'remote MCP server': null,
  'image generation': runs(/^image_generation/),
  "tool of a shape that the provider's models know (shell, editor, computer)": null,
  'most tokens': ({ maxOutputTokens }) => maxOutputTokens !== undefined && maxOutputTokens >= 16,
  JSON: ({ outputFormat }) => outputFormat?.type === 'json',
  'JSON by schema': ({ outputFormat }) => outputFormat?.type === 'json-schema',
  "JSON by Gemini's own schema (`responseSchema`)": null,
  'one of a list, as plain text (`text/x.enum`)': null,
  'how strictly the schema is kept (`strict`)': null,
  "schema's description": null,
  verbosity: ({ verbosity }) => verbosity !== undefined,
  'several answers': null,
  'log probabilities': null,
  'spoken answer': null,
  'expected answer (`prediction`)': null,
  temperature: ({ temperature }) => temperature !== undefined,
  'top p': ({ topP }) => topP !== undefined,
  'top k': ({ topK }) => topK !== undefined,
  seed: ({ seed }) => seed !== undefined,
  'frequency penalty': ({ frequencyPenalty }) => (frequencyPenalty ?? 0) !== 0,
  'presence penalty': ({ presencePenalty }) => (presencePenalty ?? 0) !== 0,
  'stop sequences': ({ stopSequences }) => (stopSequences?.length ?? 0) > 0,
  'six stop sequences': null,
  'token biases (`logit_bias`)': null,
  'safety settings': null,
  "end user's id": ({ user }) => user !== undefined,
  metadata: null,
  'service tier': null,
  'prompt cache key': ({ cacheKey }) => cacheKey !== undefined,
  'how long the prompt cache keeps (`prompt_cache_retention`)': ({ cacheSettings }) =>
    cacheSettings?.prompt_cache_retention !== undefined,
  'the provider keeps the exchange (`store`)': null,
  'no thinking': null,
  effort: null,
  'budget in tokens': null,
  'as much as the model thinks fit': null,
  'readable thinking wanted': null,
  "signed thinking of the provider's own earlier turn": null,
  'thinking that a provider of another dialect did': null,
};

function isOwn({ type }: Tool): boolean {
  return type !== 'server';
}
