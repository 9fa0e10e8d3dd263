// Thinking: how much is requested, and what of it the provider must get back.
import type { TableWire } from '../wires.ts';
import { ownToken, tokenToBytesWire, tokenToWire } from '../../../src/model/opaque-token.ts';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import type { FeatureGroup } from '../feature.ts';
import { modelTurn } from '../shared-forms.ts';

const SEAL = 'U2VhbGVk';
const THOUGHT = 'Both at once.';

/** The token of a Responses item holds its id as well. */
const RESPONSES_TOKEN = JSON.stringify({ id: 'rs_1', encrypted_content: SEAL });

/** Signed thinking of the provider, as a client has it in its history. */
function signedBy(client: DialectId, provider: TableWire): JsonObject {
  const maker = provider === 'bedrock-invoke' ? 'anthropic-messages' : provider;
  const text = maker === 'openai-responses' && client !== maker ? RESPONSES_TOKEN : SEAL;
  const token = ownToken(maker, text);
  const seal = tokenToWire(client, token);
  const forms = modelTurn({
    'anthropic-messages': [
      { type: 'thinking', thinking: THOUGHT, signature: seal },
      { type: 'text', text: 'So.' },
    ],
    'openai-chat': {
      content: 'So.',
      reasoning_details: [{ type: 'reasoning.text', text: THOUGHT, signature: seal }],
    },
    'openai-responses': [
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: THOUGHT }],
        encrypted_content: seal,
      },
      { role: 'assistant', content: 'So.' },
    ],
    gemini: [
      { text: THOUGHT, thought: true, thoughtSignature: tokenToBytesWire(client, token) },
      { text: 'So.' },
    ],
    'bedrock-converse': null,
    'ollama-chat': null,
  });
  return forms[client] ?? {};
}

const THINKS_BY_DEFAULT = {
  'anthropic-messages': 'claude-sonnet-5',
  'bedrock-converse': 'anthropic.claude-sonnet-5',
  'bedrock-invoke': 'anthropic.claude-sonnet-5',
};

export const REASONING: FeatureGroup = {
  title: 'Thinking',
  features: [
    {
      name: 'no thinking',
      reasons: true,
      models: THINKS_BY_DEFAULT,
      forms: {
        'anthropic-messages': { thinking: { type: 'disabled' } },
        'openai-chat': { reasoning_effort: 'none' },
        'openai-responses': { reasoning: { effort: 'none' } },
        gemini: { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } },
        'bedrock-converse': { additionalModelRequestFields: { thinking: { type: 'disabled' } } },
        'ollama-chat': { think: false },
      },
    },
    {
      name: 'thinking after results alone (`between_tools`)',
      models: {
        'anthropic-messages': 'claude-sonnet-5-5',
        'bedrock-converse': 'anthropic.claude-sonnet-5-5',
        'bedrock-invoke': 'anthropic.claude-sonnet-5-5',
      },
      forms: {
        'anthropic-messages': { thinking: { type: 'between_tools' } },
        'openai-chat': null,
        'openai-responses': null,
        gemini: null,
        'bedrock-converse': { additionalModelRequestFields: { thinking: { type: 'between_tools' } } },
        'ollama-chat': null,
      },
    },
    {
      name: 'effort',
      reasons: true,
      forms: {
        'anthropic-messages': { output_config: { effort: 'low' } },
        'openai-chat': { reasoning_effort: 'low' },
        'openai-responses': { reasoning: { effort: 'low' } },
        gemini: { generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } },
        'bedrock-converse': { additionalModelRequestFields: { output_config: { effort: 'low' } } },
        'ollama-chat': { think: 'low' },
      },
    },
    {
      name: 'highest effort (`max`)',
      reasons: true,
      models: { 'openai-chat': 'gpt-5.6', 'openai-responses': 'gpt-5.6' },
      forms: {
        'anthropic-messages': { output_config: { effort: 'max' } },
        'openai-chat': { reasoning_effort: 'max' },
        'openai-responses': { reasoning: { effort: 'max' } },
        gemini: null,
        'bedrock-converse': { additionalModelRequestFields: { output_config: { effort: 'max' } } },
        'ollama-chat': { think: 'max' },
      },
    },
    {
      name: 'budget in tokens',
      reasons: true,
      forms: {
        'anthropic-messages': { thinking: { type: 'enabled', budget_tokens: 2048 } },
        'openai-chat': null,
        'openai-responses': null,
        gemini: { generationConfig: { thinkingConfig: { thinkingBudget: 2048 } } },
        'bedrock-converse': {
          additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2048 } },
        },
        'ollama-chat': null,
      },
    },
    {
      name: 'as much as the model decides',
      reasons: true,
      clients: ['anthropic-messages', 'gemini'],
      forms: {
        'anthropic-messages': { thinking: { type: 'adaptive' } },
        // The default of these.
        'openai-chat': {},
        'openai-responses': null,
        gemini: { generationConfig: { thinkingConfig: { thinkingBudget: -1 } } },
        'bedrock-converse': { additionalModelRequestFields: { thinking: { type: 'adaptive' } } },
        'ollama-chat': {},
      },
    },
    {
      name: 'readable thinking requested',
      clients: ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'],
      reasons: true,
      models: THINKS_BY_DEFAULT,
      forms: {
        'anthropic-messages': { thinking: { type: 'adaptive', display: 'summarized' } },
        'openai-chat': null,
        'openai-responses': { reasoning: { summary: 'auto' } },
        gemini: { generationConfig: { thinkingConfig: { includeThoughts: true } } },
        'bedrock-converse': {
          additionalModelRequestFields: { thinking: { type: 'adaptive', display: 'summarized' } },
        },
        // Hides nothing.
        'ollama-chat': {},
      },
    },
    {
      name: "signed thinking of the provider's own earlier turn",
      reasons: true,
      sends: signedBy,
      forms: modelTurn({
        'anthropic-messages': { type: 'thinking', thinking: THOUGHT, signature: SEAL },
        'openai-chat': { reasoning_details: [{ text: THOUGHT }] },
        'openai-responses': { type: 'reasoning', encrypted_content: SEAL },
        gemini: { thoughtSignature: SEAL },
        'bedrock-converse': { reasoningContent: { reasoningText: { text: THOUGHT, signature: SEAL } } },
        // Signs nothing.
        'ollama-chat': { thinking: THOUGHT },
      }),
      clients: ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'],
    },
    {
      name: 'thinking by a provider of another dialect',
      reasons: true,
      clients: ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'],
      sends: (client, provider) => signedBy(client, provider === 'gemini' ? 'anthropic-messages' : 'gemini'),
      forms: modelTurn({
        'anthropic-messages': null,
        'openai-chat': null,
        'openai-responses': null,
        gemini: null,
        'bedrock-converse': null,
        // Checks no signature: the text goes back.
        'ollama-chat': { thinking: THOUGHT },
      }),
    },
  ],
};
