// Tools that Claude knows by their type and the client runs: a shell, an editor, a computer. Converse has no form for them, so they are
// sent in Claude's own form beside it, and Amazon combines the two. https://docs.aws.amazon.com/bedrock/latest/userguide/computer-use.html
import { asArray, asString, type JsonObject } from '../../model/json/json.ts';
import type { NeutralRequest, Tool, ToolChoice } from '../../model/request.ts';
import { betasOf } from '../claude/betas.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { argumentSchema } from '../shared/schemas/object-schema.ts';
import type { Family } from './models.ts';
import { ANTHROPIC } from './wire.ts';

const KNOWN = /^(bash|text_editor|computer)_\d/;

export function isOwnTool(tool: Tool, family: Family): boolean {
  if (tool.type !== 'server' || family !== 'claude') return false;
  const { dialect, fields } = tool.definition;
  return dialect === ANTHROPIC && KNOWN.test(asString(fields.type) ?? '');
}

/** Converse requires a tool in `toolConfig`, and a `toolConfig` for a conversation with calls. */
export const STAND_IN: JsonObject = {
  toolSpec: {
    name: 'unused',
    description: 'Never call this tool.',
    inputSchema: { json: argumentSchema(undefined) },
  },
};

/**
 * `fields` with these tools, the betas that they need, and the choice of one of them, which `toolConfig` cannot name.
 * @param isForcible whether the model can be forced to call a tool.
 */
export function withOwnTools(
  fields: JsonObject,
  { tools, toolChoice }: NeutralRequest,
  { family, isForcible }: { family: Family; isForcible: boolean },
  losses: LossReport,
): JsonObject {
  const own = tools.flatMap((tool) => (tool.type === 'server' && isOwnTool(tool, family) ? [tool] : []));
  if (own.length === 0) return fields;
  const declared = own.map(({ definition }) => {
    const { cache_control: breakpoint, ...settings } = definition.fields;
    if (breakpoint !== undefined) losses.lost('cache_control');
    return settings;
  });
  const betas = [...(asArray(fields.anthropic_beta) ?? []), ...betasOf({ tools: declared })];
  const chosen = chosenAmong(own, tools, toolChoice);
  return {
    ...fields,
    tools: declared,
    ...(betas.length > 0 && { anthropic_beta: betas }),
    ...(isForcible && chosen !== undefined && { tool_choice: { type: 'tool', name: chosen } }),
  };
}

/** The tool that must be called. If it is the only one, beside the stand-in, the choice must name it. */
function chosenAmong(
  own: readonly Tool[],
  tools: readonly Tool[],
  choice: ToolChoice | undefined,
): string | undefined {
  if (choice?.type === 'tool') return own.find(({ name }) => name === choice.name)?.name;
  const [first, ...others] = own;
  const isAlone = others.length === 0 && tools.every(({ type }) => type === 'server');
  return choice?.type === 'required' && isAlone ? first?.name : undefined;
}
