// Assembles a recorded stream straight from its bytes, knowing nothing of the decoder: the yardstick for it.
import type { JsonObject } from '../../../src/model/json/json.ts';
import { dataLines } from '../../support/data-lines.ts';

/** What the fold looks at; everything may be missing. */
interface RecordedChunk {
  error?: unknown;
  usage?: JsonObject | null;
  x_groq?: { usage?: JsonObject };
  choices?: RecordedChoice[];
}

interface RecordedChoice {
  index: number;
  finish_reason?: string | null;
  usage?: JsonObject;
  delta?: {
    content?: string | { type: string; text?: string; thinking?: { text: string }[] }[] | null;
    refusal?: string | null;
    reasoning_content?: string | null;
    reasoning?: string | null;
    reasoning_details?: { text?: string }[];
    tool_calls?: { index?: number; function: { name: string; arguments?: string | null } }[] | null;
  };
}

export interface Folded {
  text: string;
  reasoning: string;
  refusal: string;
  tools: { name: string; arguments: string }[];
  finish: string | null;
  usage: JsonObject | null;
  hasError: boolean;
}

export function foldStream(body: Uint8Array): Folded {
  const folded: Folded = {
    text: '',
    reasoning: '',
    refusal: '',
    tools: [],
    finish: null,
    usage: null,
    hasError: false,
  };
  const byKey = new Map<string, { name: string; arguments: string }>();
  for (const payload of dataLines(body)) {
    if (payload === '[DONE]') continue;
    const chunk = JSON.parse(payload) as RecordedChunk;
    if (chunk.error) folded.hasError = true;
    const choice = (chunk.choices ?? []).find((each) => each.index === 0);
    folded.usage = chunk.usage ?? choice?.usage ?? chunk.x_groq?.usage ?? folded.usage;
    if (choice === undefined) continue;
    folded.finish = choice.finish_reason || folded.finish;
    const delta = choice.delta ?? {};
    if (typeof delta.content === 'string') folded.text += delta.content;
    for (const part of Array.isArray(delta.content) ? delta.content : []) {
      if (part.type === 'text') folded.text += part.text ?? '';
      if (part.type === 'thinking') for (const piece of part.thinking ?? []) folded.reasoning += piece.text;
    }
    const details = (delta.reasoning_details ?? []).map((each) => each.text ?? '').join('');
    folded.reasoning += delta.reasoning_content || delta.reasoning || details;
    folded.refusal += delta.refusal ?? '';
    for (const call of delta.tool_calls ?? []) {
      const key = `${call.index}`;
      let tool = byKey.get(key);
      if (tool === undefined) {
        tool = { name: call.function.name, arguments: '' };
        byKey.set(key, tool);
        folded.tools.push(tool);
      }
      tool.arguments += call.function.arguments ?? '';
    }
  }
  return folded;
}
