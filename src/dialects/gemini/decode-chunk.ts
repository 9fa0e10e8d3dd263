// One `GenerateContentResponse` after the other → neutral events. A whole answer is a stream of one.
// https://ai.google.dev/api/generate-content#generatecontentresponse
//
// What has no neutral word becomes an `extension` by its own name, see unworded.ts.
import type { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import { asArray, asObject, asString, isObject, type JsonObject } from '../../model/json.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import { MalformedEvent } from '../dialect.ts';
import { fingerprint } from './call-id.ts';
import { createCitationReader } from './citations.ts';
import { createCallDecoder } from './decode-calls.ts';
import { errorInBody } from './errors.ts';
import { brokenFinish, parseFinish, reasonName } from './finish.ts';
import { serverCall, serverResult } from './server-tools.ts';
import { signatureFromProvider } from './signature.ts';
import { createTextIndex } from './text-index.ts';
import { parseUsage } from './usage.ts';
import { partName, unwordedFields } from './unworded.ts';
import { ID, isEmpty } from './wire.ts';

export interface ChunkDecoder {
  read(chunk: JsonObject): void;
  /** No chunk follows: a reason to finish that was given now counts, as none can be taken back any more. */
  end(): void;
  ended(): boolean;
}

export function createChunkDecoder(emit: (event: StreamEvent) => void): ChunkDecoder {
  let started = false;
  let ended = false;
  let scope = '';
  let reason: string | undefined;
  let blocked: string | undefined;
  let nextBlock = 0;
  let open: { type: 'text' | 'reasoning'; block: number } | undefined;
  /** A signature on text or media seals what stands before it, behind the sources of that text. */
  let seal: OpaqueToken | undefined;
  let serverCallId = '';
  /** Candidates but the first were there. */
  let hasMore = false;
  const index = createTextIndex();
  const sources = createCitationReader(index);
  const calls = createCallDecoder(
    emit,
    () => nextBlock++,
    () => scope,
  );

  function fail(error: GatewayError): void {
    ended = true;
    emit({ type: 'error', error });
  }

  function close(): void {
    if (open !== undefined) emit({ type: `${open.type}-end`, block: open.block });
    open = undefined;
    calls.close();
  }

  function blockOf(type: 'text' | 'reasoning'): number {
    if (open?.type === type) return open.block;
    close();
    const block = nextBlock++;
    open = { type, block };
    emit({ type: `${type}-start`, block });
    if (type === 'text') index.begin();
    return block;
  }

  function flushSeal(): void {
    if (seal === undefined) return;
    close();
    const block = nextBlock++;
    emit({ type: 'reasoning-start', block });
    emit({ type: 'reasoning-signature', block, signature: seal });
    emit({ type: 'reasoning-end', block });
    seal = undefined;
  }

  function readText(text: string, part: JsonObject): void {
    const signature = signatureFromProvider(part);
    const isThought = part.thought === true;
    if (text !== '') {
      const type = isThought ? 'reasoning' : 'text';
      const block = blockOf(type);
      if (!isThought) index.add(text);
      emit({ type: `${type}-delta`, block, text });
    }
    if (signature === undefined) return;
    if (isThought && open?.type === 'reasoning') {
      emit({ type: 'reasoning-signature', block: open.block, signature });
      close();
    } else seal = signature;
  }

  function readPart(part: JsonObject): void {
    flushSeal();
    if (part.functionCall !== undefined) {
      if (open !== undefined) close();
      const error = calls.read(part);
      if (error !== undefined) fail(error);
      return;
    }
    const text = asString(part.text);
    if (text !== undefined) {
      if (text !== '') calls.close();
      readText(text, part);
      return;
    }
    if (isEmpty(part)) return;
    close();
    const blob = asObject(part.inlineData);
    if (blob !== undefined && part.thought !== true) {
      const mediaType = asString(blob.mimeType) ?? 'application/octet-stream';
      emit({ type: 'media', block: nextBlock++, mediaType, data: asString(blob.data) ?? '' });
      seal = signatureFromProvider(part);
      return;
    }
    const call = serverCall(part, signatureFromProvider(part), calls.newId);
    const result = call === undefined ? serverResult(part, () => serverCallId) : undefined;
    if (call !== undefined) {
      const { arguments: args, ...start } = call;
      const block = nextBlock++;
      serverCallId = call.id;
      emit({ type: 'tool-start', block, kind: 'server', ...start });
      emit({ type: 'tool-delta', block, arguments: args });
      emit({ type: 'tool-end', block });
    } else if (result !== undefined) {
      emit({ type: 'server-tool-result', block: nextBlock++, part: result });
    } else emit({ type: 'extension', dialect: ID, name: partName(part), value: { value: part } });
  }

  function readCandidate(candidate: JsonObject): void {
    const content = asObject(candidate.content);
    for (const part of asArray(content?.parts) ?? []) {
      if (!isObject(part)) throw new MalformedEvent('a part is not an object');
      readPart(part);
      if (ended) return;
    }
    for (const citation of sources.read(candidate)) {
      if (open?.type === 'text') emit({ type: 'citation', block: open.block, citation });
      // A source without a text that could rest on it.
      else emit({ type: 'extension', dialect: ID, name: 'citations', value: {} });
    }
    flushSeal();
    const searches = asArray(asObject(candidate.groundingMetadata)?.webSearchQueries)?.length ?? 0;
    if (searches > 0) emit({ type: 'usage', usage: { webSearches: searches } });
    for (const { name, value } of unwordedFields(candidate))
      emit({ type: 'extension', dialect: ID, name, value });
    reason = reasonName(candidate.finishReason) ?? reason;
    const broken =
      reason === undefined
        ? undefined
        : brokenFinish(reason, asString(candidate.finishMessage), calls.called());
    if (broken !== undefined) fail(broken);
  }

  return {
    ended: () => ended,
    read(chunk) {
      const error = errorInBody(chunk);
      if (error !== undefined) {
        fail(error);
        return;
      }
      if (chunk.candidates !== undefined && !Array.isArray(chunk.candidates)) {
        throw new MalformedEvent('candidates is not an array');
      }
      const id = asString(chunk.responseId) || null;
      scope ||= id ?? fingerprint(JSON.stringify(chunk));
      if (!started) {
        started = true;
        emit({ type: 'start', id, model: asString(chunk.modelVersion) || null });
      }
      const usage = parseUsage(asObject(chunk.usageMetadata) ?? {});
      if (!isEmpty(usage)) emit({ type: 'usage', usage });
      const feedback = asObject(chunk.promptFeedback);
      blocked = asString(feedback?.blockReason) ?? blocked;
      if (feedback !== undefined) {
        const value = { response: { promptFeedback: feedback } };
        emit({ type: 'extension', dialect: ID, name: 'promptFeedback', value });
      }
      const candidates = asArray(chunk.candidates) ?? [];
      if (candidates.some((item) => Number(asObject(item)?.index ?? 0) > 0) && !hasMore) {
        hasMore = true;
        emit({ type: 'extension', dialect: ID, name: 'candidates', value: {} });
      }
      const candidate = firstCandidate(candidates);
      if (candidate !== undefined) readCandidate(candidate);
    },
    end() {
      if (ended || (reason === undefined && blocked === undefined)) return;
      close();
      ended = true;
      // A prompt that was blocked got no answer, and so no reason of its own.
      const finish =
        reason === undefined
          ? ({ unified: 'refusal', raw: blocked ?? null } as const)
          : parseFinish(reason, calls.called());
      emit({ type: 'finish', finish });
    },
  };
}

/** The neutral model has room for one of several candidates. */
function firstCandidate(candidates: readonly unknown[]): JsonObject | undefined {
  for (const item of candidates) {
    if (!isObject(item)) throw new MalformedEvent('a candidate is not an object');
    if (item.index === undefined || item.index === null || item.index === 0) return item;
  }
  return undefined;
}
