// The fields that this dialect's request parser reads, or keeps and names; all others are reported as unread.
import { byType, type KnownFields, type KnownRequest } from '../shared/losses/unread-fields.ts';

const CACHE_CONTROL: KnownFields = { type: true, ttl: true };

/** Sources of other kinds are kept with their block. */
const SOURCE = byType({
  base64: { media_type: true, data: true },
  text: { media_type: true, data: true },
  url: { url: true },
  file: { file_id: true },
});

/** Blocks keep all fields that are not listed, and blocks of other types all fields. */
const BLOCK = byType(
  {
    text: {},
    image: { source: SOURCE },
    document: { source: SOURCE, citations: { enabled: true } },
    thinking: {},
    redacted_thinking: {},
    tool_use: {},
    tool_result: { content: (value) => BLOCK(value) },
  },
  { cache_control: CACHE_CONTROL, '*': true },
);

const PLACE: KnownFields = { type: true, city: true, region: true, country: true, timezone: true };

export const KNOWN: KnownRequest = {
  body: {
    system: BLOCK,
    messages: { content: BLOCK, '*': true },
    tools: { user_location: PLACE, cache_control: CACHE_CONTROL, input_schema: true, '*': true },
    tool_choice: { type: true, name: true, disable_parallel_tool_use: true },
    output_config: {
      format: byType({ json_schema: { schema: true } }),
      '*': true,
    },
    '*': true,
  },
};
