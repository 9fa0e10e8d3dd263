// Efforts that the conversation itself sets: `output_config` of system messages, which keeps the prompt cache of earlier turns valid.
// Providers of other dialects, and models that accept no system messages between turns, get the effort that is in force at the end; others
// of this dialect get the settings unchanged. https://platform.claude.com/docs/en/build-with-claude/effort-per-message
import type { Part } from '../../model/content.ts';
import { asArray, asNumber, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import {
  isReasoningEffort,
  type Message,
  type NeutralRequest,
  type ReasoningEffort,
} from '../../model/request.ts';
import { ID, ownFields } from './wire.ts';

/** The field of the request's extension that keeps what `takeEffortChanges` took out. */
const EFFORT_CHANGES = 'effort_changes';
const SETTINGS = 'messages.output_config';

/**
 * Moves these settings out of the messages, into the request's own setting for thinking. A message that contains nothing else is removed.
 * The request's extension keeps them, so that nothing is reported as lost elsewhere.
 */
export function takeEffortChanges(request: NeutralRequest): void {
  const changes: JsonObject[] = [];
  const messages: Message[] = [];
  let inForce: ReasoningEffort | undefined;
  /** A setting that no new input of the user's follows yet: it applies from the next one on. */
  let coming: ReasoningEffort | undefined;
  let isAsked = false;
  for (const [at, message] of request.messages.entries()) {
    const change = message.role === 'system' ? message.parts.find(isChange) : undefined;
    if (change === undefined) {
      messages.push(message);
      if (message.role === 'system') continue;
      isAsked = message.role === 'user' && message.parts.some(({ type }) => type !== 'tool-result');
      if (isAsked) inForce = coming ?? inForce;
      if (isAsked) coming = undefined;
      continue;
    }
    const parts = message.parts.filter((part) => part !== change);
    changes.push({ message: at, isWhole: parts.length === 0, settings: change.value });
    if (parts.length > 0) messages.push({ ...message, parts });
    if (isAsked) inForce = effortIn(change.value);
    else coming = effortIn(change.value);
  }
  if (changes.length === 0) return;
  const { fields = {}, defaults = [] } = request.extension ?? {};
  const kept: JsonObject = { changes, effort: request.reasoning?.effort ?? null };
  request.messages = messages;
  request.extension = {
    dialect: ID,
    fields: { ...fields, [EFFORT_CHANGES]: kept },
    defaults: [...defaults, EFFORT_CHANGES],
  };
  if (inForce !== undefined) request.reasoning = { ...request.reasoning, effort: inForce };
}

/** The request without what `takeEffortChanges` kept, for models that accept no system messages. */
export function withoutEffortChanges(request: NeutralRequest): NeutralRequest {
  const { extension } = request;
  if (extension?.dialect !== ID || extension.fields[EFFORT_CHANGES] === undefined) return request;
  const { [EFFORT_CHANGES]: _, ...fields } = extension.fields;
  return { ...request, extension: { ...extension, fields } };
}

/** Reverses `takeEffortChanges` for a provider of this dialect; the same request if nothing was removed. */
export function putBackEffortChanges(request: NeutralRequest): NeutralRequest {
  const kept = asObject(ownFields(request.extension)[EFFORT_CHANGES]);
  if (kept === undefined) return request;
  const messages = [...request.messages];
  for (const entry of asArray(kept.changes) ?? []) {
    const { message, isWhole, settings = null } = asObject(entry) ?? {};
    const at = asNumber(message) ?? 0;
    const part: Part = { type: 'opaque', dialect: ID, name: SETTINGS, value: settings };
    const said = isWhole === true ? undefined : messages[at];
    // A transformer may have moved the instruction to which it belonged.
    const rest = said?.role === 'system' ? said.parts : undefined;
    messages.splice(at, rest === undefined ? 0 : 1, { role: 'system', parts: [...(rest ?? []), part] });
  }
  const { effort: _, ...reasoning } = request.reasoning ?? {};
  const effort = isReasoningEffort(kept.effort) ? { effort: kept.effort } : {};
  const { reasoning: __, ...others } = withoutEffortChanges(request);
  const settings = { ...reasoning, ...effort };
  return { ...others, messages, ...(Object.keys(settings).length > 0 && { reasoning: settings }) };
}

/** Whether it sets only an effort. Any other setting is reported as lost where it does not pass. */
function isChange(part: Part): part is Extract<Part, { type: 'opaque' }> {
  if (part.type !== 'opaque' || part.dialect !== ID || part.name !== SETTINGS) return false;
  const settings = asObject(part.value);
  return settings !== undefined && Object.keys(settings).length === 1 && effortIn(settings) !== undefined;
}

function effortIn(settings: JsonValue): ReasoningEffort | undefined {
  const effort = asObject(settings)?.effort;
  return isReasoningEffort(effort) ? effort : undefined;
}
