// Parts of a Messages request that Claude accepts only together with the name of a beta feature: in a header at Anthropic, in the body at
// Amazon. https://platform.claude.com/docs/en/api/beta-headers
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { HeaderReader } from '../../model/headers.ts';
import type { ReasoningSettings } from '../../model/request.ts';
import { table } from '../../model/table.ts';
import type { ModelTraits } from './models.ts';

/** By type of tool. */
const TOOLS: Record<string, string> = table({
  computer_20250124: 'computer-use-2025-01-24',
  computer_20251124: 'computer-use-2025-11-24',
  // https://docs.claude.com/en/docs/agents-and-tools/tool-use/memory-tool
  memory_20250818: 'context-management-2025-06-27',
  mcp_toolset: 'mcp-client-2025-11-20',
  tool_search_tool_regex_20251119: 'tool-search-tool-2025-10-19',
  tool_search_tool_bm25_20251119: 'tool-search-tool-2025-10-19',
});

export const BETA_HEADER = 'anthropic-beta';

const INTERLEAVED = 'interleaved-thinking-2025-05-14';

/** Whether a client of Anthropic's dialect asks for thinking between the calls of one turn, as Claude Code does. */
export function namesInterleaving(headers: HeaderReader | undefined): boolean {
  return (headers?.get(BETA_HEADER) ?? '').split(',').some((name) => name.trim() === INTERLEAVED);
}

/**
 * The name to send to Amazon, which refuses it for newer models: these think between calls by themselves.
 * @param body as for `betasOf`.
 */
export function interleavingBeta(
  body: JsonObject,
  settings: ReasoningSettings | undefined,
  { interleaves }: ModelTraits,
): string[] {
  const isAsked =
    interleaves && settings?.interleaved === true && asObject(body.thinking)?.type === 'enabled';
  return isAsked ? [INTERLEAVED] : [];
}

/**
 * Names that the body's fields require. Not used for clients of Anthropic's dialect at Anthropic, where some features are no longer betas:
 * these clients name their own.
 * @param body of a Messages request, or the part of one that is sent within another dialect's.
 */
export function betasOf(body: JsonObject): string[] {
  const betas = new Set<string>();
  const { block_binding: binding, display } = asObject(body.thinking) ?? {};
  if (binding !== undefined) betas.add('thinking-binding-controls-2026-08-01');
  if (display === 'updates') betas.add('thinking-display-updates-2026-08-18');
  for (const edit of asArray(asObject(body.context_management)?.edits) ?? [])
    betas.add(typeOf(edit) === 'compact_20260112' ? 'compact-2026-01-12' : 'context-management-2025-06-27');
  if (body.safeguards !== undefined) betas.add('dangerous-tool-use-2026-09-03');
  for (const tool of asArray(body.tools) ?? []) {
    const beta = TOOLS[typeOf(tool)];
    if (beta !== undefined) betas.add(beta);
  }
  for (const message of asArray(body.messages) ?? []) {
    const { role, content, output_config: config } = asObject(message) ?? {};
    if (role !== 'system') continue;
    if (config !== undefined) betas.add('mid-conversation-output-config-2026-07-01');
    for (const block of asArray(content) ?? []) {
      if (!/^tool_(addition|removal)$/.test(typeOf(block))) continue;
      betas.add('mid-conversation-tool-changes-2026-07-01');
      if (typeOf(asObject(block)?.tool ?? null) === 'tool_definition') betas.add('inline-tools-2026-09-15');
    }
  }
  return [...betas];
}

function typeOf(value: JsonValue): string {
  return asString(asObject(value)?.type) ?? '';
}
