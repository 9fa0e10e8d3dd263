// The fields that this dialect's request parser reads, or keeps and names. All others are reported as unread.
import type { KnownRequest } from '../shared/losses/unread-fields.ts';

export const KNOWN: KnownRequest = {
  body: {
    messages: {
      role: true,
      content: true,
      thinking: true,
      images: true,
      tool_calls: {
        id: true,
        type: true,
        // Open WebUI's copy of `function.index`.
        index: true,
        function: { index: true, name: true, arguments: true },
      },
      tool_name: true,
      tool_call_id: true,
      name: true,
    },
    tools: { type: true, function: { name: true, description: true, parameters: true } },
    '*': true,
  },
};
