// What a row's quirks make of a request, built by the gateway or written by a client of the same dialect.
import { expect } from 'bun:test';
import { openaiChat } from '../../src/dialects/openai-chat/index.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import type { NeutralRequest } from '../../src/model/request.ts';
import { findProviderKind } from '../../src/providers/kinds.ts';

/** A model of each row, none of them special. */
export const MODELS: Record<string, string> = {
  deepseek: 'deepseek-chat',
  openrouter: 'anthropic/claude-sonnet-4.5',
  mistral: 'mistral-medium-2508',
  groq: 'openai/gpt-oss-120b',
  xai: 'grok-4.3',
  together: 'openai/gpt-oss-120b',
  fireworks: 'accounts/fireworks/models/glm-4p6',
  moonshot: 'kimi-k2.6',
  qwen: 'qwen3-max',
  cerebras: 'gpt-oss-120b',
  glm: 'glm-4.7',
  vllm: 'qwen3-8b',
};

function row(kind: string) {
  const found = findProviderKind(kind);
  if (found === undefined) throw new Error(`no row ${kind}`);
  return found;
}

export function build(kind: string, fields: Partial<NeutralRequest>, model = MODELS[kind] ?? '') {
  const request: NeutralRequest = {
    model,
    stream: false,
    system: [],
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
    tools: [],
    ...fields,
  };
  const { body, losses } = openaiChat.provider.buildRequest(request, { model, quirks: row(kind).quirks });
  return { body, lost: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

export function pass(kind: string, body: JsonObject) {
  const { passthrough } = openaiChat.provider;
  const { quirks } = row(kind);
  const edited = { ...body, ...passthrough.edits(body, quirks) };
  const again = { ...edited, ...passthrough.edits(JSON.parse(JSON.stringify(edited)), quirks) };
  expect(again).toEqual(edited);
  return {
    body: JSON.parse(JSON.stringify(edited)) as JsonObject,
    lost: passthrough.losses?.(body, quirks).map(({ feature }) => feature),
  };
}
