// How a provider's model thinks, and what its thinking rules out: forced calls, whole answers.
import { asArray, asObject, type JsonObject } from '../../model/json/json.ts';
import type { ModelThinking, Quirks, ReasoningField } from '../quirks.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { adaptForcedCall, type AskedThinking, mayThink } from '../shared/tools/forced-call.ts';
import type { Edits } from './adapt.ts';

/** The provider row's own settings apply unless it has others for the model. */
export function thinkingOf(model: string, quirks: Quirks): ModelThinking & { field: ReasoningField } {
  const { reasoningField = 'reasoning_effort', efforts } = quirks;
  const own = quirks.modelThinking?.find(({ models }) => models.test(model));
  const rowEfforts = own?.field === undefined && efforts !== undefined ? { efforts } : {};
  return { models: /./, field: reasoningField, ...rowEfforts, ...own };
}

/** For a forced call, or required JSON or a whole answer, which some models cannot give while they think. */
export function adaptThinking(body: JsonObject, model: string, quirks: Quirks, losses: LossReport): Edits {
  const traits = thinkingOf(model, quirks);
  const { field, thinks } = traits;
  let state = askedIn(body, field);
  const edits: Edits = {};
  if (traits.streamsOnly === true && body.stream !== true && state !== 'off') {
    if (state === 'on') losses.lost('thinking');
    Object.assign(edits, turnedOff(field));
    state = 'off';
  }
  const canStop = thinks !== 'always' && mayThink(state, traits);
  if (traits.refusesJson === true && canStop && asksForJson(body)) {
    if (state === 'on') losses.lost('thinking');
    else losses.approximated('response_format', THINKING_OFF_FOR_JSON);
    Object.assign(edits, turnedOff(field));
    state = 'off';
  }
  const forced = forcedChoice(body);
  if (forced === undefined) return edits;
  switch (adaptForcedCall(forced, state, traits, asArray(body.tools)?.length ?? 0, losses)) {
    case 'kept':
      return edits;
    case 'thinking-off':
      return { ...edits, ...turnedOff(field) };
    case 'any-tool':
      return { ...edits, tool_choice: 'required' };
    case 'open':
      losses.lost('tool_choice');
      return { ...edits, tool_choice: undefined };
  }
}

/** Fields that stop the model from thinking for this answer; undefined if thinking was requested, or is always on. */
export function withoutThinking(body: JsonObject, model: string, quirks: Quirks): Edits | undefined {
  const { field, thinks } = thinkingOf(model, quirks);
  const state = askedIn(body, field);
  if (state === 'off' || (state === undefined && thinks === undefined)) return {};
  return state === 'on' || thinks === 'always' ? undefined : turnedOff(field);
}

/** Whether earlier calls must come with the thinking that led to them. */
export function needsReasoning(body: JsonObject, model: string, quirks: Quirks): boolean {
  const traits = thinkingOf(model, quirks);
  return traits.needsReasoning === true && mayThink(askedIn(body, traits.field), traits);
}

const THINKING_OFF_FOR_JSON = 'thinking is off for this answer: it rules out the format';

function asksForJson({ response_format: format }: JsonObject): boolean {
  const type = asObject(format)?.type;
  return type === 'json_object' || type === 'json_schema';
}

function forcedChoice({ tool_choice: choice }: JsonObject): 'required' | 'tool' | undefined {
  if (choice === 'required') return 'required';
  return asObject(choice) === undefined ? undefined : 'tool';
}

/** Undefined if the body has no setting for thinking. */
function askedIn(body: JsonObject, field: ReasoningField): AskedThinking {
  const effort = body.reasoning_effort;
  const said = {
    reasoning_effort: undefined,
    reasoning: asObject(body.reasoning)?.enabled,
    'reasoning.enabled': asObject(body.reasoning)?.enabled,
    thinking: asObject(body.thinking)?.type,
    enable_thinking: body.enable_thinking,
  }[field];
  if (said === false || said === 'disabled' || effort === 'none') return 'off';
  return said === undefined && effort === undefined ? undefined : 'on';
}

function turnedOff(field: ReasoningField): Edits {
  switch (field) {
    case 'reasoning_effort':
      return { reasoning_effort: 'none' };
    case 'reasoning':
    case 'reasoning.enabled':
      return { reasoning: { enabled: false } };
    case 'thinking':
      return { thinking: { type: 'disabled' }, reasoning_effort: undefined };
    case 'enable_thinking':
      return { enable_thinking: false, thinking_budget: undefined };
  }
}
