// What a server's quirks change in a body's tools and in the choice among them.
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Quirks } from '../quirks.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { ALLOWED_DECLARED, NONE_DECLARED } from '../shared/tools/allowed-tools.ts';
import type { Edits } from './adapt.ts';

export function adaptTools(body: JsonObject, edits: Edits, quirks: Quirks, losses: LossReport): void {
  if (quirks.strictTools !== undefined) adaptStrict(body, edits, quirks.strictTools, losses);
  if (quirks.allowedTools === false) declareAllowed(body, edits, losses);
  if (quirks.toolChoiceAutoOnly === true) leaveChoice(body, edits, losses);
  if (quirks.toolStream !== true || body.stream !== true || body.tool_stream !== undefined) return;
  if ((toolsOf(body, edits)?.length ?? 0) > 0) edits.tool_stream = true;
}

/** For a server that accepts no strict tools, or only if all are strict. */
function adaptStrict(body: JsonObject, edits: Edits, taken: false | 'all', losses: LossReport): void {
  const tools = asArray(body.tools);
  if (tools === undefined) return;
  const anyStrict = tools.some(isStrict);
  const isRefused = taken === 'all' ? anyStrict && !tools.every(isStrict) : !taken && tools.some(saysStrict);
  if (!isRefused) return;
  if (anyStrict) losses.lost('tools.strict');
  edits.tools = tools.map(withoutStrict);
}

/** For a server that cannot be told which tools are allowed: only these are declared. */
function declareAllowed(body: JsonObject, edits: Edits, losses: LossReport): void {
  const allowed = asObject(asObject(body.tool_choice)?.allowed_tools);
  const tools = toolsOf(body, edits);
  if (allowed === undefined || tools === undefined) return;
  const names = new Set((asArray(allowed.tools) ?? []).map(nameOf));
  const declared = tools.filter((tool) => names.has(nameOf(tool)));
  if (declared.length > 0) {
    losses.approximated('tool_choice', ALLOWED_DECLARED);
    edits.tool_choice = allowed.mode ?? 'auto';
    edits.tools = declared;
  } else {
    // The tools stay, since a history with calls must not be sent without any.
    if (allowed.mode === 'required') losses.lost('tool_choice', NONE_DECLARED);
    edits.tool_choice = 'none';
  }
}

/** For a server that always leaves the choice to its model. */
function leaveChoice(body: JsonObject, edits: Edits, losses: LossReport): void {
  const choice = edits.tool_choice ?? body.tool_choice;
  if (choice === undefined || choice === null || choice === 'auto') return;
  edits.tool_choice = undefined;
  if (choice === 'none') {
    losses.approximated('tool_choice', '`none`: no tool is offered');
    edits.tools = undefined;
    return;
  }
  losses.lost('tool_choice');
  // The model cannot be forced to call the named tool, but at least it is not offered any other.
  const named = nameOf(choice);
  const tools = toolsOf(body, edits) ?? [];
  const only = tools.filter((tool) => nameOf(tool) === named);
  if (named !== undefined && only.length > 0 && only.length < tools.length) edits.tools = only;
}

/** The tools after the edits so far. */
function toolsOf(body: JsonObject, edits: Edits): JsonValue[] | undefined {
  return asArray('tools' in edits ? edits.tools : body.tools);
}

function nameOf(tool: JsonValue): string | undefined {
  const { function: declared, custom } = asObject(tool) ?? {};
  return asString(asObject(declared ?? custom)?.name);
}

function saysStrict(tool: JsonValue): boolean {
  return asObject(asObject(tool)?.function)?.strict !== undefined;
}

function isStrict(tool: JsonValue): boolean {
  return asObject(asObject(tool)?.function)?.strict === true;
}

function withoutStrict(tool: JsonValue): JsonValue {
  const fields = asObject(tool);
  const declared = asObject(fields?.function);
  if (fields === undefined || declared?.strict === undefined) return tool;
  const { strict: _, ...rest } = declared;
  return { ...fields, function: rest };
}
