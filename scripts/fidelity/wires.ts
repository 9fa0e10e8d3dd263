// The wires of the table: their providers, the models that are asked, and a request and an answer without features.
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { Quirks } from '../../src/dialects/quirks.ts';
import { type DialectId, PROVIDER_DIALECT_IDS, type ProviderDialectId } from '../../src/model/dialect-id.ts';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

/** Those that the table shows: `code-assist` is Gemini's dialect in an envelope. */
export type TableWire = Exclude<ProviderDialectId, 'code-assist'>;

export const TABLE_WIRES: readonly TableWire[] = PROVIDER_DIALECT_IDS.filter((id) => id !== 'code-assist');

export interface WireFacts {
  /** The row of providers whose quirks count, undefined where no row speaks the wire. */
  kind?: string;
  model: string;
  /** For features of reasoning, where other models have them. */
  reasoningModel: string;
}

export const WIRES: Record<TableWire, WireFacts> = {
  'anthropic-messages': {
    kind: 'anthropic',
    model: 'claude-sonnet-4-5',
    reasoningModel: 'claude-opus-4-6',
  },
  'openai-chat': { kind: 'openai', model: 'gpt-4.1', reasoningModel: 'gpt-5' },
  'openai-responses': { model: 'gpt-4.1', reasoningModel: 'gpt-5' },
  gemini: { kind: 'gemini', model: 'gemini-2.5-pro', reasoningModel: 'gemini-2.5-pro' },
  'ollama-chat': { kind: 'ollama', model: 'llama3.2', reasoningModel: 'gpt-oss:20b' },
  'bedrock-converse': {
    kind: 'bedrock',
    model: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
    reasoningModel: 'anthropic.claude-opus-4-6-v1',
  },
  'bedrock-invoke': {
    kind: 'bedrock-anthropic',
    model: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
    reasoningModel: 'anthropic.claude-opus-4-6-v1',
  },
};

export function quirksOf(wire: TableWire): Quirks {
  const row = PROVIDER_KINDS.find(({ kind }) => kind === WIRES[wire].kind);
  return { ...row?.quirks, ...row?.ownQuirks };
}

export function sideOf(wire: TableWire) {
  return PROVIDER_SIDES[wire];
}

const HELLO: JsonObject[] = [{ role: 'user', content: 'hi' }];

/** A question without any feature. */
export const ASKS: Record<DialectId, JsonObject> = {
  'anthropic-messages': { model: 'any', max_tokens: 4096, messages: HELLO },
  'openai-chat': { model: 'any', messages: HELLO },
  'openai-responses': { model: 'any', input: HELLO },
  gemini: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
  'ollama-chat': { model: 'any', messages: HELLO },
};

/** An answer without content, to which features add theirs. */
export const ANSWERS: Record<Exclude<TableWire, 'bedrock-invoke'>, JsonObject> = {
  'anthropic-messages': {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'some-model',
    content: [],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 2 },
  },
  'openai-chat': {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'some-model',
    choices: [{ index: 0, message: { role: 'assistant', content: '' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  },
  'openai-responses': {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    model: 'some-model',
    status: 'completed',
    error: null,
    incomplete_details: null,
    output: [],
    usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
  },
  gemini: {
    candidates: [{ index: 0, content: { role: 'model', parts: [] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
    modelVersion: 'some-model',
    responseId: 'r1',
  },
  'ollama-chat': {
    model: 'some-model',
    created_at: '2026-01-01T00:00:00Z',
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'stop',
    prompt_eval_count: 3,
    eval_count: 2,
  },
  'bedrock-converse': {
    output: { message: { role: 'assistant', content: [] } },
    stopReason: 'end_turn',
    usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5 },
  },
};

export function clientOf(dialect: DialectId) {
  return DIALECTS[dialect].client;
}
