// Which words of a Messages request Claude takes only from those who name a beta feature: in a header at Anthropic, in
// the body at Amazon. https://platform.claude.com/docs/en/api/beta-headers
import { asArray, asObject, type JsonObject } from '../../model/json/json.ts';

/** @param body of a Messages request, or the part of it that is told beside another dialect's. */
export function betasOf({ thinking, context_management: management }: JsonObject): string[] {
  const betas = new Set<string>();
  const { block_binding: binding, display } = asObject(thinking) ?? {};
  if (binding !== undefined) betas.add('thinking-binding-controls-2026-08-01');
  if (display === 'updates') betas.add('thinking-display-updates-2026-08-18');
  for (const edit of asArray(asObject(management)?.edits) ?? []) {
    const { type } = asObject(edit) ?? {};
    betas.add(type === 'compact_20260112' ? 'compact-2026-01-12' : 'context-management-2025-06-27');
  }
  return [...betas];
}
