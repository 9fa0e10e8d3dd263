// A whole answer → NeutralResponse. It is read as a stream of one chunk, since both have the same form.
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import { createResponseCollector } from '../../model/replay.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { type Account, MalformedEvent } from '../dialect.ts';
import { ChunkDecoder } from './decode-chunk.ts';
import { parseUsage } from './usage.ts';

export function parseResponse(body: JsonObject): NeutralResponse {
  const collector = createResponseCollector();
  const decoder = new ChunkDecoder(collector);
  decoder.read(body);
  decoder.end();
  if (!decoder.ended()) {
    throw new MalformedEvent('the answer has neither a finishReason nor a promptFeedback.blockReason');
  }
  return collector.response();
}

export function accountIn(body: JsonObject): Account {
  const counts = asObject(body.usageMetadata);
  return { model: asString(body.modelVersion) || null, usage: counts && parseUsage(counts) };
}
