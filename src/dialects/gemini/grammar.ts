// Checks a stream of chunks for what Google's clients rely on; for tests and conformance runs.
import {
  asArray,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  parseObject,
} from '../../model/json/json.ts';
import type { Usage } from '../../model/usage.ts';
import type { GrammarChecker } from '../dialect.ts';
import { isKnownReason } from './finish.ts';
import { parseUsage } from './usage.ts';

/** A part has exactly one of these, which determines what it is. */
const KINDS = [
  ...['text', 'inlineData', 'fileData', 'functionCall', 'functionResponse', 'executableCode'],
  ...['codeExecutionResult', 'toolCall', 'toolResponse'],
];

/**
 * Strict about what breaks clients, but silent where Google's own servers vary (fields of a candidate, the chunk that brings the usage,
 * missing ids of calls).
 */
export function createGrammarChecker(): GrammarChecker {
  const violations: string[] = [];
  let events = 0;
  let id: string | undefined;
  let model: string | undefined;
  let finish: string | null = null;
  let isBlocked = false;
  let hasError = false;
  let usage: Partial<Usage> = {};
  /** Whether a call announced that more of it follows. */
  let openCall = false;
  const callIds = new Set<string>();

  function violate(problem: string): void {
    violations.push(`event ${events}: ${problem}`);
  }

  function checkCall(call: JsonObject): void {
    const name = asString(call.name);
    if (!name && !openCall) violate('a functionCall without a name');
    if (call.args !== undefined && !isObject(call.args)) violate('args that are not an object');
    const callId = asString(call.id);
    if (callId !== undefined && name) {
      if (callIds.has(callId)) violate(`the id ${callId} is used twice`);
      callIds.add(callId);
    }
    openCall = call.willContinue === true;
  }

  function checkPart(part: JsonObject): void {
    const kinds = KINDS.filter((kind) => part[kind] !== undefined);
    if (kinds.length !== 1)
      violate(`a part with ${kinds.length} kinds of content (${Object.keys(part).join(', ')})`);
    if (part.text !== undefined && typeof part.text !== 'string') violate('text that is not a string');
    if (part.thoughtSignature !== undefined && typeof part.thoughtSignature !== 'string') {
      violate('a thoughtSignature that is not a string');
    }
    const blob = asObject(part.inlineData);
    if (blob !== undefined && !(asString(blob.mimeType) && asString(blob.data))) {
      violate('inlineData without mimeType or data');
    }
    const call = asObject(part.functionCall);
    if (call !== undefined) checkCall(call);
  }

  function checkCandidate(candidate: JsonObject): void {
    const content = asObject(candidate.content);
    const parts = asArray(content?.parts);
    if (parts === undefined || parts.length === 0) violate('a candidate without parts');
    if (content !== undefined && content.role !== 'model') violate('a content whose role is not model');
    if (finish !== null && parts?.some(saysSomething) === true) violate('content after finishReason');
    for (const part of parts ?? []) {
      if (isObject(part)) checkPart(part);
      else violate('a part that is not an object');
    }
    const reason = candidate.finishReason;
    if (reason === undefined) return;
    if (typeof reason !== 'string' || !isKnownReason(reason)) violate(`finishReason ${String(reason)}`);
    if (finish !== null) violate('a second finishReason');
    finish = String(reason);
  }

  function checkIdentity(chunk: JsonObject): void {
    const chunkId = asString(chunk.responseId);
    const chunkModel = asString(chunk.modelVersion);
    if (chunkId === undefined) violate('a chunk without responseId');
    else if (id !== undefined && id !== chunkId) violate(`the responseId changes from ${id} to ${chunkId}`);
    if (chunkModel === undefined) violate('a chunk without modelVersion');
    else if (model !== undefined && model !== chunkModel) {
      violate(`the modelVersion changes from ${model} to ${chunkModel}`);
    }
    id = chunkId ?? id;
    model = chunkModel ?? model;
  }

  function checkUsage(metadata: JsonObject): void {
    usage = { ...usage, ...parseUsage(metadata) };
    const total = asNumber(metadata.totalTokenCount);
    if (total === undefined) return;
    const parts = [
      'promptTokenCount',
      'candidatesTokenCount',
      'thoughtsTokenCount',
      'toolUsePromptTokenCount',
    ];
    const sum = parts.reduce((all, name) => all + (asNumber(metadata[name]) ?? 0), 0);
    if (sum !== total) violate(`totalTokenCount ${total}, but its parts make ${sum}`);
  }

  return {
    check({ data }) {
      events++;
      if (hasError) violate('an event after an error');
      const chunk = parseObject(data);
      if (chunk === undefined) {
        violate('not a JSON object');
        return;
      }
      if (chunk.error !== undefined) {
        hasError = true;
        const error = asObject(chunk.error);
        const code = asNumber(error?.code);
        // Clients would read anything else as a chunk.
        if (code === undefined || code < 400 || code > 599) violate('an error without an HTTP code');
        if (!asString(error?.message)) violate('an error without message');
        if (!asString(error?.status)) violate('an error without status');
        return;
      }
      checkIdentity(chunk);
      if (asString(asObject(chunk.promptFeedback)?.blockReason)) isBlocked = true;
      else if (!Array.isArray(chunk.candidates)) violate('a chunk without candidates');
      for (const candidate of asArray(chunk.candidates) ?? []) {
        if (!isObject(candidate)) violate('a candidate that is not an object');
        else if ((candidate.index ?? 0) === 0) checkCandidate(candidate);
      }
      const metadata = asObject(chunk.usageMetadata);
      if (metadata !== undefined) checkUsage(metadata);
    },
    end() {
      events++;
      if (!hasError && finish === null && !isBlocked)
        violate('the stream ends without finishReason or error');
      if (!hasError && openCall) violate('the stream ends inside a functionCall');
      return violations;
    },
    summary: () => ({ finish, usage }),
  };
}

function saysSomething(part: unknown): boolean {
  const fields = asObject(part as JsonObject) ?? {};
  return Object.entries(fields).some(([name, value]) => !(name === 'text' && value === ''));
}
