// Which features of a recorded answer a client of another dialect has no words for, read from the recording's bytes
// without src: each must be named in the ledger's row, and nothing else.
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { Recording } from '../support/recordings.ts';
import { array, type Json, jsonOf, object } from './wire-facts.ts';

/** What is in an answer, in words of no dialect. */
interface Facts {
  /** Fields, blocks and items that only the wire's own dialect knows, by their names there. */
  own: Set<string>;
  /** Provider-run calls: whether a client of Responses gets them (searches and page visits). */
  serverCalls: Map<string, boolean>;
  /** Calls of tools of MCP servers, with their results. */
  mcpCalls: Set<string>;
  /** Runs of code, with what they printed: whether something was drawn. */
  codeRuns: Map<string, boolean>;
  /** Of these, those of which what they printed is encrypted. */
  sealedRuns: Set<string>;
  serverResults: Set<string>;
  /** Another tool, not the model, called for a search. */
  searchCaller: boolean;
  /** Sources: with an address, with a title or a quotation at least, with neither. */
  citations: Set<'url' | 'described' | 'bare'>;
  /** Of sources with an address, and of those without: what is said beside where they are. */
  ofPages: Set<SourceDetail>;
  ofDocuments: Set<SourceDetail>;
  media: Set<'image' | 'image.url' | 'audio'>;
  stopSequence: boolean;
  pauses: boolean;
  refusal: boolean;
  /** Calls whose argument is free text. */
  freeText: boolean;
  /** Of a text whose sources stand beside it: its bytes, and where the first of the quoted spans ends. */
  textBytes: number;
  quoteEnd: number;
  /** A signature behind the last text. */
  lastSignature: boolean;
  /** An ending that only the wire itself has a word for. */
  oddEnding: boolean;
  /** Of which texts log probabilities are told. */
  logprobs: Set<'text' | 'refusal'>;
  counts: Set<'cacheWrite' | 'cacheWrite1h' | 'webSearches' | 'audioInput' | 'audioOutput'>;
  /** Pieces of arguments by block, to tell calls that are cut short. */
  arguments: Map<unknown, string>;
}

/** `span`: of the words of the answer that rest on the source. Others are fields of the wire's own. */
type SourceDetail =
  | 'cited_text'
  | 'location'
  | 'span'
  | 'encrypted_index'
  | 'file_id'
  | 'index'
  | 'container_id';

/** What each dialect says of a source beside where it is. */
const SAID_OF_PAGES: Record<DialectId, readonly SourceDetail[]> = {
  'anthropic-messages': ['cited_text', 'span'],
  'openai-chat': ['cited_text', 'span'],
  'openai-responses': ['span'],
  gemini: ['span'],
  'ollama-chat': [],
};

/** Names under which the ledger must report what a client of `dialect` cannot be told. */
export function unsayable(recording: Recording, dialect: DialectId): string[] {
  const facts = factsOf(recording);
  const names = new Set(facts.own);
  for (const [name, isSearch] of facts.serverCalls) {
    if (!(isSearch && dialect === 'openai-responses')) names.add(`tools.${name}`);
  }
  if (dialect !== 'anthropic-messages' && dialect !== 'openai-responses')
    for (const name of facts.mcpCalls) names.add(`tools.${name}`);
  for (const [name, isDrawn] of facts.codeRuns) {
    if (dialect === 'openai-chat' || dialect === 'ollama-chat') names.add(`tools.${name}`);
    else if (facts.sealedRuns.has(name)) names.add(`tools.${name}.encrypted_stdout`);
    else if (isDrawn && dialect === 'anthropic-messages') names.add(`tools.${name}.image`);
  }
  for (const name of facts.serverResults) names.add(`tools.${name}`);
  if (facts.searchCaller && dialect === 'openai-responses') names.add('caller');
  const { citations, media, counts } = facts;
  if (citations.has('bare') || (citations.has('described') && dialect !== 'gemini')) names.add('citations');
  if (dialect === 'ollama-chat' && citations.size > 0) names.add('citations');
  for (const detail of dialect === 'ollama-chat' ? [] : facts.ofPages)
    if (!SAID_OF_PAGES[dialect].includes(detail)) names.add(`citations.${detail}`);
  // Others lose those sources.
  if (dialect === 'gemini')
    for (const detail of facts.ofDocuments)
      if (detail !== 'cited_text' && detail !== 'span') names.add(`citations.${detail}`);
  const showsNothing = dialect === 'anthropic-messages' || dialect === 'ollama-chat';
  if (media.has('audio') && (showsNothing || dialect === 'openai-responses')) names.add('audio');
  if (media.has('image.url') || (media.has('image') && showsNothing)) names.add('image');
  // What an image was made with is lost where the image itself is not.
  if (showsNothing) for (const name of names) if (name.startsWith('image.')) names.delete(name);
  if (losesLastSignature(recording, dialect)) names.add('thought_signature');
  if (dialect !== 'anthropic-messages') {
    if (facts.stopSequence) names.add('stop_sequence');
    if (facts.pauses) names.add('pause_turn');
  }
  const fields = COUNTS_WITHOUT_FIELD[dialect];
  for (const count of counts) {
    const field = fields[count];
    if (field !== undefined) names.add(field);
  }
  const spells = {
    'openai-chat': ['text', 'refusal'],
    'openai-responses': ['text'],
    gemini: ['text', 'refusal'],
    'ollama-chat': ['text', 'refusal'],
  };
  const spelled: string[] = Object.entries(spells).find(([id]) => id === dialect)?.[1] ?? [];
  if ([...facts.logprobs].some((text) => !spelled.includes(text))) names.add('logprobs');
  if ((dialect === 'gemini' || dialect === 'ollama-chat') && [...facts.arguments.values()].some(isCut))
    names.add('tool_calls');
  return [...names].sort();
}

/** Whether a client of `dialect` is not told the signature that stands behind the answer's last text. */
export function losesLastSignature(recording: Recording, dialect: DialectId): boolean {
  return dialect === 'anthropic-messages' && factsOf(recording).lastSignature;
}

/** Names under which the ledger must report what a client of `dialect` is told in another form. */
export function toldOtherwise(recording: Recording, dialect: DialectId): string[] {
  const { refusal, freeText, oddEnding, ofPages, textBytes, quoteEnd } = factsOf(recording);
  const names: string[] = [];
  if ((ofPages.has('span') || quoteEnd <= textBytes) && dialect === 'anthropic-messages')
    names.push('citations');
  if (oddEnding && dialect !== 'gemini') names.push('finish_reason');
  if (dialect === 'anthropic-messages' || dialect === 'gemini' || dialect === 'ollama-chat') {
    if (refusal) names.push('refusal');
    if (freeText) names.push('tools.custom');
  }
  return names.sort();
}

type Count = Facts['counts'] extends Set<infer Name extends string> ? Name : never;

const COUNTS_WITHOUT_FIELD: Record<DialectId, Partial<Record<Count, string>>> = {
  'anthropic-messages': {
    audioInput: 'usage.audio_input_tokens',
    audioOutput: 'usage.audio_output_tokens',
  },
  'openai-chat': { cacheWrite1h: 'usage.cache_write_1h_tokens' },
  'openai-responses': { cacheWrite1h: 'usage.cache_write_1h_tokens' },
  gemini: { cacheWrite: 'usage.cache_write_tokens', webSearches: 'usage.web_searches' },
  'ollama-chat': {
    cacheWrite: 'usage.cache_write_tokens',
    cacheWrite1h: 'usage.cache_write_1h_tokens',
    webSearches: 'usage.web_searches',
    audioInput: 'usage.audio_input_tokens',
    audioOutput: 'usage.audio_output_tokens',
  },
};

function factsOf(recording: Recording): Facts {
  const facts: Facts = {
    own: new Set(),
    serverCalls: new Map(),
    mcpCalls: new Set(),
    codeRuns: new Map(),
    sealedRuns: new Set(),
    serverResults: new Set(),
    searchCaller: false,
    citations: new Set(),
    ofPages: new Set(),
    ofDocuments: new Set(),
    media: new Set(),
    stopSequence: false,
    pauses: false,
    refusal: false,
    freeText: false,
    textBytes: 0,
    quoteEnd: Number.POSITIVE_INFINITY,
    lastSignature: false,
    oddEnding: false,
    logprobs: new Set(),
    counts: new Set(),
    arguments: new Map(),
  };
  const calls = new Map<unknown, string>();
  const read = READERS[recording.wire];
  if (read === undefined) throw new Error(`no reader for ${recording.wire}`);
  for (const value of jsonOf(recording)) read(value, facts, calls);
  return facts;
}

const READERS: Record<string, (value: Json, facts: Facts, calls: Map<unknown, string>) => void> = {
  'anthropic-messages': ofAnthropic,
  'openai-chat': ofChat,
  'openai-responses': ofResponses,
  'gemini-generate': ofGemini,
  'ollama-chat': ofOllama,
};

function count(facts: Facts, name: Count, value: unknown): void {
  if (typeof value === 'number' && value > 0) facts.counts.add(name);
}

const SAID_BLOCKS = new Set(['text', 'thinking', 'redacted_thinking', 'tool_use']);

function ofAnthropic(value: Json, facts: Facts, calls: Map<unknown, string>): void {
  const delta = object(value.delta);
  for (const field of ['container', 'context_management', 'stop_details']) {
    if (object(value[field]) !== undefined || object(delta?.[field]) !== undefined) facts.own.add(field);
  }
  if (typeof (value.stop_sequence ?? delta?.stop_sequence) === 'string') facts.stopSequence = true;
  if ((value.stop_reason ?? delta?.stop_reason) === 'pause_turn') facts.pauses = true;
  if (typeof delta?.partial_json === 'string') {
    facts.arguments.set(value.index, (facts.arguments.get(value.index) ?? '') + delta.partial_json);
  }
  const usage = object(object(value.message)?.usage) ?? object(value.usage);
  count(facts, 'cacheWrite', usage?.cache_creation_input_tokens);
  count(facts, 'cacheWrite1h', object(usage?.cache_creation)?.ephemeral_1h_input_tokens);
  count(facts, 'webSearches', object(usage?.server_tool_use)?.web_search_requests);
  const blocks = value.type === 'content_block_start' ? [value.content_block] : array(value.content);
  const cited = [delta?.citation, ...blocks.flatMap((block) => array(object(block)?.citations))];
  for (const citation of cited.map(object)) {
    if (citation === undefined) continue;
    facts.citations.add(citation.url === undefined ? 'described' : 'url');
    const details = citation.url === undefined ? facts.ofDocuments : facts.ofPages;
    for (const detail of ['cited_text', 'encrypted_index', 'file_id'] as const)
      if (citation[detail]) details.add(detail);
    // Pages are told.
    if (citation.type === 'char_location' || citation.type === 'content_block_location')
      details.add('location');
  }
  for (const each of blocks) {
    const block = object(each);
    const type = String(block?.type);
    const caller = object(block?.caller);
    if (type === 'tool_use' && caller !== undefined && caller.type !== 'direct') facts.own.add('caller');
    if (block === undefined || SAID_BLOCKS.has(type)) continue;
    if (type === 'mcp_tool_result' && calls.has(block.tool_use_id)) continue;
    const ran = /^(((bash|text_editor)_)?code_execution)_tool_result$/.exec(type)?.[1];
    if (ran !== undefined && calls.has(block.tool_use_id) && object(block.content) !== undefined) {
      if (object(block.content)?.encrypted_stdout) facts.sealedRuns.add(ran);
      facts.serverCalls.delete(ran);
      facts.codeRuns.set(ran, false);
      continue;
    }
    if (type === 'mcp_tool_use') {
      facts.mcpCalls.add(String(block.name));
      calls.set(block.id, String(block.name));
    } else if (type === 'server_tool_use') {
      const name = String(block.name);
      facts.serverCalls.set(name, name === 'web_search' || name === 'web_fetch');
      calls.set(block.id, name);
      if (caller !== undefined && caller.type !== 'direct' && facts.serverCalls.get(name) === true)
        facts.searchCaller = true;
    } else if (!type.endsWith('_tool_result')) facts.own.add(type);
    // A result is reported with its call, where that is in the same answer.
    else facts.serverResults.add(calls.get(block.tool_use_id) ?? 'server_tool_result');
  }
}

function ofChat(value: Json, facts: Facts): void {
  const choices = array(value.choices).map(object);
  const choice = choices.find((each) => each !== undefined && (each.index ?? 0) === 0);
  if (choices.some((each) => Number(each?.index ?? 0) > 0)) facts.own.add('choices');
  const message = object(choice?.delta) ?? object(choice?.message);
  const details = array(message?.reasoning_details).map(object);
  if (details.some((each) => each?.type === 'reasoning.encrypted')) facts.lastSignature = true;
  if (message?.content || array(message?.tool_calls).length > 0) facts.lastSignature = false;
  const { content, refusal } = object(choice?.logprobs) ?? {};
  if (array(content).length > 0) facts.logprobs.add('text');
  if (array(refusal).length > 0) facts.logprobs.add('refusal');
  for (const part of array(message?.content).map(object)) {
    if (part !== undefined && part.type !== 'text' && part.type !== 'thinking')
      facts.own.add(String(part.type));
  }
  const audio = object(message?.audio);
  if (typeof audio?.data === 'string' && audio.data !== '') facts.media.add('audio');
  for (const image of array(message?.images).map(object)) {
    const url = object(image?.image_url)?.url;
    if (typeof url === 'string') facts.media.add(url.startsWith('data:') ? 'image' : 'image.url');
  }
  for (const annotation of array(message?.annotations).map(object)) {
    const cited = object(annotation?.url_citation);
    if (cited !== undefined) facts.citations.add('url');
    if (cited?.content) facts.ofPages.add('cited_text');
    if (hasSpan(cited)) facts.ofPages.add('span');
  }
  // Perplexity's.
  if (array(value.citations).length + array(value.search_results).length > 0) facts.citations.add('url');
  if (typeof message?.refusal === 'string' && message.refusal !== '') facts.refusal = true;
  if (array(message?.tool_calls).some((call) => object(call)?.type === 'custom')) facts.freeText = true;
  if (choice?.finish_reason === 'other') facts.oddEnding = true;
  const stop = choice?.stop_reason ?? choice?.matched_stop;
  if (choice?.finish_reason === 'stop' && typeof stop === 'string' && stop !== '') facts.stopSequence = true;
  const filtered = JSON.stringify([choice?.content_filter_results ?? {}]);
  if (/"(filtered|detected)":true/.test(filtered)) facts.own.add('content_filter_results');
  if (/"(filtered|detected)":true/.test(JSON.stringify(value.prompt_filter_results ?? [])))
    facts.own.add('prompt_filter_results');
  const usage = object(value.usage);
  const promptDetails = object(usage?.prompt_tokens_details);
  count(facts, 'cacheWrite', promptDetails?.cache_write_tokens);
  count(facts, 'cacheWrite', usage?.cache_creation_input_tokens);
  count(facts, 'webSearches', object(usage?.server_tool_use_details)?.web_search_requests);
  count(facts, 'audioInput', promptDetails?.audio_tokens);
  count(facts, 'audioOutput', object(usage?.completion_tokens_details)?.audio_tokens);
}

const SERVER_CALLS: Record<string, string> = {
  web_search_call: 'web_search',
  file_search_call: 'file_search',
};
const SAID_ITEMS = new Set(['message', 'reasoning', 'function_call', 'custom_tool_call']);
/** Say nothing of an image, or only to the provider that keeps it. */
const SILENT = new Set(['type', 'id', 'status', 'result']);

function ofResponses(value: Json, facts: Facts): void {
  const response = object(value.response) ?? (value.object === 'response' ? value : undefined);
  const done = value.type === 'response.output_item.done' ? [value.item] : [];
  for (const item of [...array(response?.output), ...done].map(object)) {
    const type = String(item?.type);
    if (item === undefined) continue;
    if (type === 'custom_tool_call') facts.freeText = true;
    if (type === 'message') ofMessageItem(item, facts);
    else if (type === 'code_interpreter_call')
      facts.codeRuns.set('code_interpreter', JSON.stringify(item.outputs ?? []).includes('data:image/'));
    else if (type in SERVER_CALLS)
      facts.serverCalls.set(String(SERVER_CALLS[type]), type === 'web_search_call');
    else if (type === 'mcp_call') facts.mcpCalls.add(String(item.name));
    else if (type === 'image_generation_call' && item.result) {
      facts.media.add('image');
      for (const [name, field] of Object.entries(item)) {
        if (!SILENT.has(name) && field !== null) facts.own.add(`image.${name}`);
      }
    } else if (!SAID_ITEMS.has(type)) facts.own.add(type);
  }
  const usage = object(response?.usage);
  const details = object(usage?.input_tokens_details);
  count(facts, 'cacheWrite', details?.cache_write_tokens);
  const stated =
    object(object(response?.tool_usage)?.web_search)?.num_requests ??
    object(usage?.server_side_tool_usage_details)?.web_search_calls;
  count(facts, 'webSearches', stated ?? (usage === undefined ? 0 : searchesIn(response)));
}

/** Searches, and not what was opened of their results. */
function searchesIn(response: Json | undefined): number {
  const calls = array(response?.output).map(object);
  return calls.filter(
    (item) =>
      item?.type === 'web_search_call' && /^(search|undefined)$/.test(String(object(item.action)?.type)),
  ).length;
}

function ofMessageItem(item: Json, facts: Facts): void {
  if (typeof item.phase === 'string') facts.own.add('phase');
  for (const part of array(item.content).map(object)) {
    if (part?.type === 'refusal') facts.refusal = true;
    if (array(part?.logprobs).length > 0) facts.logprobs.add('text');
    for (const annotation of array(part?.annotations).map(object)) {
      const { url, filename } = annotation ?? {};
      facts.citations.add(url !== undefined ? 'url' : filename ? 'described' : 'bare');
      if (url !== undefined && hasSpan(annotation)) facts.ofPages.add('span');
      if (url === undefined && filename)
        for (const detail of ['file_id', 'index', 'container_id'] as const)
          if (annotation?.[detail] !== undefined) facts.ofDocuments.add(detail);
    }
  }
}

/** From 0 to 0 is no span. */
function hasSpan(place: Json | undefined): boolean {
  return Number(place?.end_index ?? 0) > Number(place?.start_index ?? 0);
}

function ofOllama(value: Json, facts: Facts): void {
  if (array(value.logprobs).length > 0) facts.logprobs.add('text');
  if (array(object(value.message)?.images).length > 0) facts.own.add('images');
}

const SAID_PARTS = new Set(['text', 'functionCall', 'inlineData', 'thought', 'thoughtSignature']);
const ODD_ENDINGS = new Set(['OTHER', 'LANGUAGE', 'NO_IMAGE', 'IMAGE_OTHER', 'TOO_MANY_TOOL_CALLS']);
const SAID_FIELDS = new Set(['content', 'finishReason', 'index', 'citationMetadata', 'tokenCount']);
const SOURCES = new Set(['groundingChunks', 'groundingSupports', 'retrievalMetadata']);

function ofGemini(value: Json, facts: Facts, calls: Map<unknown, string>): void {
  if (object(value.promptFeedback) !== undefined) facts.own.add('promptFeedback');
  const candidates = array(value.candidates).map(object);
  if (candidates.some((each) => Number(each?.index ?? 0) > 0)) facts.own.add('candidates');
  const candidate = candidates.find((each) => each !== undefined && (each.index ?? 0) === 0) ?? {};
  if (ODD_ENDINGS.has(String(candidate.finishReason))) facts.oddEnding = true;
  for (const [name, field] of Object.entries(candidate)) {
    if (!SAID_FIELDS.has(name) && name !== 'groundingMetadata' && !isEmpty(field)) facts.own.add(name);
  }
  const grounding = object(candidate.groundingMetadata) ?? {};
  for (const [name, field] of Object.entries(grounding)) {
    if (!SOURCES.has(name) && !isEmpty(field)) facts.own.add(`groundingMetadata.${name}`);
  }
  count(facts, 'webSearches', array(grounding.webSearchQueries).length);
  for (const chunk of array(grounding.groundingChunks).map(object)) {
    const source = object(chunk?.web) ?? object(chunk?.retrievedContext);
    if (source !== undefined) facts.citations.add(source.uri === undefined ? 'described' : 'url');
  }
  const chunks = array(grounding.groundingChunks).map(object);
  for (const support of array(grounding.groundingSupports).map(object))
    for (const number of array(support?.groundingChunkIndices)) {
      const chunk = chunks[Number(number)];
      const source = object(chunk?.web) ?? object(chunk?.retrievedContext);
      if (source?.uri !== undefined) facts.ofPages.add('span');
    }
  const quoted = object(candidate.citationMetadata);
  for (const source of [...array(quoted?.citations), ...array(quoted?.citationSources)].map(object)) {
    if (source?.uri !== undefined && source.endIndex !== undefined)
      facts.quoteEnd = Math.min(facts.quoteEnd, Number(source.endIndex));
    if (source?.uri !== undefined) facts.citations.add('url');
    else facts.citations.add(source?.title !== undefined ? 'described' : 'bare');
  }
  for (const part of array(object(candidate.content)?.parts).map(object)) ofPart(part ?? {}, facts, calls);
  for (const [name, details] of [
    ['audioInput', object(value.usageMetadata)?.promptTokensDetails],
    ['audioOutput', object(value.usageMetadata)?.candidatesTokensDetails],
  ] as const) {
    for (const detail of array(details).map(object))
      if (detail?.modality === 'AUDIO') count(facts, name, detail.tokenCount);
  }
}

function ofPart(part: Json, facts: Facts, calls: Map<unknown, string>): void {
  const isSaid = part.functionCall !== undefined || part.thought === true || part.text !== '';
  if (part.thoughtSignature !== undefined || isSaid) {
    facts.lastSignature =
      part.thoughtSignature !== undefined && part.functionCall === undefined && part.thought !== true;
  }
  if (part.text && part.thought !== true) facts.textBytes += Buffer.byteLength(String(part.text));
  const blob = object(part.inlineData);
  if (blob !== undefined && part.thought !== true)
    facts.media.add(String(blob.mimeType).startsWith('audio/') ? 'audio' : 'image');
  const toolCall = object(part.toolCall);
  const name = toolCall === undefined ? 'code_execution' : String(toolCall.toolType).toLowerCase();
  if (part.executableCode !== undefined || toolCall !== undefined) {
    facts.serverCalls.set(name, false);
    calls.set('last', name);
  } else if (part.codeExecutionResult !== undefined) {
    facts.serverCalls.delete(name);
    facts.codeRuns.set(name, false);
  } else if (part.toolResponse !== undefined) {
    facts.serverResults.add(calls.get('last') ?? 'server_tool_result');
  } else for (const field of Object.keys(part)) if (!SAID_PARTS.has(field)) facts.own.add(field);
}

function isCut(text: string): boolean {
  try {
    JSON.parse(text || '{}');
    return false;
  } catch {
    return true;
  }
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value ?? {}).length === 0);
}
