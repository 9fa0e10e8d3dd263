// What a server's quirks change in a body of this dialect, whether the gateway built it or the client wrote it.
import { asArray, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Quirks } from '../quirks.ts';
import { ON_DEMAND } from '../openai/fields.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { adaptMessages, changesMessages, withFittedCallIds, withReasoning } from './adapt-messages.ts';
import { adaptTools } from './adapt-tools.ts';
import { adaptEffort } from './build-reasoning.ts';
import { adaptThinking, needsReasoning } from './model-thinking.ts';

export type Edits = Record<string, JsonValue | undefined>;

/**
 * Changes to the top level of `body`; undefined removes the field. Applying them again changes nothing. Every request passes through here,
 * so a quirk that a server does not have must cost no more than a check.
 */
export function adaptBody(body: JsonObject, quirks: Quirks, losses: LossReport): Edits {
  const edits: Edits = {};
  const { modelRefusals, modelThinking } = quirks;
  if (body.max_completion_tokens !== undefined && body.max_tokens !== undefined) {
    Object.assign(edits, oneLimit(body, quirks));
  } else if (quirks.maxTokensField === 'max_tokens') {
    rename(body, edits, 'max_completion_tokens', 'max_tokens');
  } else if (body.max_tokens !== undefined && refusesOlderLimit(modelOf(body), quirks)) {
    rename(body, edits, 'max_tokens', 'max_completion_tokens');
  }
  if (quirks.wholeUpTo !== undefined && isTooLong({ ...body, ...edits }, quirks.wholeUpTo))
    Object.assign(edits, { stream: true, stream_options: { include_usage: true } });
  adaptFields(body, edits, quirks, losses);
  if (modelRefusals !== undefined)
    for (const { models, fields } of modelRefusals)
      if (models.test(modelOf(body))) refuse(body, edits, fields, losses);
  if (quirks.refusesOtherEfforts?.test(modelOf(body)) === true)
    Object.assign(edits, adaptEffort({ ...body, ...edits }, modelOf(body), quirks, losses));
  adaptTools(body, edits, quirks, losses);
  if (modelThinking !== undefined) {
    const choosing = edits.tool_choice === undefined ? body : { ...body, tool_choice: edits.tool_choice };
    Object.assign(edits, adaptThinking(choosing, modelOf(body), quirks, losses));
  }
  const messages = asArray(body.messages);
  if (messages === undefined) return edits;
  let adapted = messages;
  if (quirks.callIds !== undefined) adapted = withFittedCallIds(adapted, quirks);
  if (changesMessages(quirks)) adapted = adaptMessages(adapted, modelOf(body), quirks, losses);
  if (modelThinking !== undefined && needsReasoning({ ...body, ...edits }, modelOf(body), quirks))
    adapted = withReasoning(adapted, losses);
  if (adapted !== messages) edits.messages = adapted;
  return edits;
}

/** Adds to `edits` what becomes of fields that the server names differently or refuses, whatever the request asks for. */
export function adaptFields(body: JsonObject, edits: Edits, quirks: Quirks, losses: LossReport): void {
  const { renamedFields, refusedFields } = quirks;
  if (renamedFields !== undefined)
    for (const [field, name] of Object.entries(renamedFields)) rename(body, edits, field, name);
  if (refusedFields !== undefined) refuse(body, edits, refusedFields, losses);
  if (quirks.words === 'openai') refuse(body, edits, ['safe_prompt'], losses);
  if (quirks.refusesOnDemand === true && body.service_tier === ON_DEMAND) edits.service_tier = undefined;
}

function modelOf(body: JsonObject): string {
  return asString(body.model) ?? '';
}

/**
 * If a body has two limits on the answer, the newer field counts. OpenAI refuses both together; other servers would read the one they
 * prefer, past the one that an operator's `max_tokens` has checked.
 */
function oneLimit({ max_completion_tokens: newer, max_tokens: older }: JsonObject, quirks: Quirks): Edits {
  const { maxTokensField = 'max_tokens' } = quirks;
  return { max_completion_tokens: undefined, max_tokens: undefined, [maxTokensField]: newer ?? older };
}

/**
 * OpenAI's reasoning models refuse the older field, so that clients with one form for any server, such as the AI SDK's `openai-compatible`,
 * would always be refused: https://github.com/anomalyco/opencode/issues/5421
 */
function refusesOlderLimit(model: string, { maxTokensField, fixedSampling }: Quirks): boolean {
  return maxTokensField === 'max_completion_tokens' && fixedSampling?.test(model) === true;
}

/**
 * Whether an answer that is not to be streamed may exceed what the server gives whole; then it is streamed and collected, which is
 * impossible for several alternatives.
 */
function isTooLong(body: JsonObject, most: number): boolean {
  const limit = body.max_completion_tokens ?? body.max_tokens;
  if (body.stream === true || (typeof body.n === 'number' && body.n > 1)) return false;
  return typeof limit === 'number' && limit > most;
}

function rename(body: JsonObject, edits: Edits, field: string, name: string): void {
  if (body[field] === undefined) return;
  edits[field] = undefined;
  if (body[name] === undefined) edits[name] = body[field];
}

function refuse(body: JsonObject, edits: Edits, fields: readonly string[], losses: LossReport): void {
  for (const field of fields) {
    if (body[field] === undefined) continue;
    edits[field] = undefined;
    if (!isDefault(field, body[field])) losses.lost(field);
  }
}

/** Applies `edits` to a body that the gateway built. */
export function applyEdits(body: JsonObject, edits: Edits): void {
  for (const [field, value] of Object.entries(edits)) {
    if (value === undefined) delete body[field];
    else body[field] = value;
  }
}

const NEUTRAL: Readonly<Record<string, JsonValue>> = {
  frequency_penalty: 0,
  presence_penalty: 0,
  parallel_tool_calls: true,
  service_tier: 'auto',
  logprobs: false,
  store: false,
  safe_prompt: false,
};

/** How a client reads the answer, not what it is. */
const READING = ['usage', 'include_reasoning'];

/** Values that mean the same as leaving the field out. */
function isDefault(field: string, value: JsonValue | undefined): boolean {
  return (
    READING.includes(field) ||
    value === null ||
    NEUTRAL[field] === value ||
    (field === 'service_tier' && value === ON_DEMAND)
  );
}
