// Reads a whole message from the provider.
import type { Extension } from '../../model/content.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { countsOf } from '../../model/usage.ts';
import type { Account } from '../dialect.ts';
import { providerOf } from './author.ts';
import { requireArray } from './fields.ts';
import { parseFinish } from './finish.ts';
import { parseContent } from './parse-content.ts';
import { parseUsage } from './usage.ts';
import { isEmpty, withoutFields } from '../shared/own-fields.ts';
import { extensionOf } from './wire.ts';

const KNOWN = ['id', 'type', 'role', 'model', 'content', 'stop_reason', 'stop_sequence', 'usage'];

/** @throws GatewayError `upstream_malformed` if the body is not a message. */
export function parseResponse(body: JsonObject): NeutralResponse {
  const id = asString(body.id) ?? null;
  const { model, usage } = accountIn(body);
  const author = providerOf(id);
  const content = requireArray(body.content, 'content', author.fail);
  const parts = parseContent(content, 'content', author);
  const called = parts.some((part) => part.type === 'tool-call' && part.kind === 'function');
  return {
    id,
    model,
    parts,
    finish: parseFinish(body.stop_reason, body.stop_sequence, called),
    ...countsOf(usage),
    ...moreOf(body),
  };
}

/** Keeps fields without a neutral form. Empty ones mean nothing: some lists are always present if a beta was requested. */
function moreOf(body: JsonObject): { extension?: Extension } {
  const { extension } = extensionOf(withoutFields(body, KNOWN));
  if (extension === undefined) return {};
  const empty = Object.entries(extension.fields).filter(
    ([, value]) => typeof value === 'object' && value !== null && isEmpty(value),
  );
  return {
    extension: empty.length === 0 ? extension : { ...extension, defaults: empty.map(([name]) => name) },
  };
}

export function accountIn(body: JsonObject): Account {
  const usage = asObject(body.usage);
  return { model: asString(body.model) || null, usage: usage && parseUsage(usage) };
}
