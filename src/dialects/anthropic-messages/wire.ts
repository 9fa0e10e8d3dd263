// Names of the Anthropic Messages wire that several files here share.
import type { DialectId } from '../../model/dialect-id.ts';
import { createOwnFields } from '../shared/own-fields.ts';

export const ID = 'anthropic-messages' satisfies DialectId;

/** The `anthropic-version` to send if the client names none. */
export const VERSION = '2023-06-01';

export const { extensionOf, keptAs, ownFields } = createOwnFields(ID);

/** A summary that replaces the turns before it. */
export const COMPACTION = 'compaction';

/** A reference to a declared tool that was held back until the client found it for the model. */
export const TOOL_REFERENCE = 'tool_reference';

/** Marks a part as one of several pieces of a document. */
export const PIECE = 'document_piece';

/** Blocks by which the model calls a tool that the provider runs. */
export const SERVER_TOOL_BLOCKS: ReadonlySet<string> = new Set(['server_tool_use', 'mcp_tool_use']);

/** Whether the block is the result of a tool that the provider ran: `web_search_tool_result`, `mcp_tool_result`, … */
export function isServerToolResult(type: string): boolean {
  return type !== 'tool_result' && type.endsWith('_tool_result');
}
