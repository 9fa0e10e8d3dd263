// Argument names that Claude accepts, on any platform: "Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'".
import type { ToolNameRule } from '../dialect.ts';

export const ARGUMENT_NAMES: ToolNameRule = { signs: /[^a-zA-Z0-9_.-]/, longest: 64 };
