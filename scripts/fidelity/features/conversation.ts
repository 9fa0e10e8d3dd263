// Roles, instructions, and settings of the whole conversation.
import type { JsonObject, JsonValue } from '../../../src/model/json/json.ts';
import type { FeatureGroup } from '../feature.ts';
import { modelTurn, userTurn } from '../shared-forms.ts';

const BRIEF = 'Be brief.';

const begun = (question: JsonObject, content: JsonValue): JsonObject[] => [
  { role: 'user', ...question },
  { role: 'assistant', content },
];

export const CONVERSATION: FeatureGroup = {
  title: 'Conversation',
  features: [
    {
      name: 'system prompt',
      forms: {
        'anthropic-messages': { system: BRIEF },
        'openai-chat': {
          messages: [
            { role: 'system', content: BRIEF },
            { role: 'user', content: 'hi' },
          ],
        },
        'openai-responses': { instructions: BRIEF },
        gemini: { systemInstruction: { parts: [{ text: BRIEF }] } },
        'bedrock-converse': { system: [{ text: BRIEF }] },
        'ollama-chat': {
          messages: [
            { role: 'system', content: BRIEF },
            { role: 'user', content: 'hi' },
          ],
        },
      },
    },
    {
      name: "Claude Code's billing line in the system prompt",
      forms: {
        'anthropic-messages': {
          system: [
            { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.197.02f; cc_entrypoint=cli;' },
          ],
        },
        'openai-chat': null,
        'openai-responses': null,
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      },
    },
    {
      name: 'system message between turns',
      forms: {
        'anthropic-messages': {
          messages: [{ role: 'user' }, { role: 'system', content: BRIEF }, { role: 'user' }],
        },
        'openai-chat': {
          messages: [{ role: 'user' }, { role: 'system', content: BRIEF }, { role: 'user' }],
        },
        'openai-responses': {
          input: [{ role: 'user' }, { role: 'system', content: BRIEF }, { role: 'user' }],
        },
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': {
          messages: [{ role: 'user' }, { role: 'system', content: BRIEF }, { role: 'user' }],
        },
      },
      sends: (client) => {
        const turns = ['hi', BRIEF, 'again'].map((content) => ({
          role: content === BRIEF ? 'system' : 'user',
          content,
        }));
        return client === 'openai-responses' ? { input: turns } : { messages: turns };
      },
    },
    {
      name: 'message of another agent (`agent_message`, as Codex does)',
      forms: {
        'anthropic-messages': { messages: [{ role: 'user', content: 'hi' }] },
        'openai-chat': { messages: [{ role: 'user', content: 'hi' }] },
        'openai-responses': {
          input: [
            {
              type: 'agent_message',
              author: '/root',
              recipient: '/root/other',
              content: [{ type: 'input_text', text: 'hi' }],
            },
          ],
        },
        gemini: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
        'bedrock-converse': { messages: [{ role: 'user', content: [{ text: 'hi' }] }] },
        'ollama-chat': { messages: [{ role: 'user', content: 'hi' }] },
      },
      clients: ['openai-responses'],
    },
    {
      name: "participant's name",
      forms: {
        'anthropic-messages': null,
        'openai-chat': { messages: [{ role: 'user', name: 'ada', content: 'hi' }] },
        'openai-responses': null,
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      },
    },
    {
      name: 'earlier answer',
      forms: modelTurn({
        'anthropic-messages': { type: 'text', text: 'Hello.' },
        'openai-chat': { content: 'Hello.' },
        'openai-responses': { role: 'assistant', content: 'Hello.' },
        gemini: { text: 'Hello.' },
        'bedrock-converse': { text: 'Hello.' },
        'ollama-chat': { content: 'Hello.' },
      }),
    },
    {
      name: 'last turn of the assistant, to go on with (prefill)',
      forms: {
        'anthropic-messages': { messages: begun({ content: 'hi' }, 'One, ten') },
        'openai-chat': null,
        'openai-responses': null,
        gemini: {
          contents: [
            { role: 'user', parts: [{ text: 'hi' }] },
            { role: 'model', parts: [{ text: 'One, ten' }] },
          ],
        },
        'bedrock-converse': { messages: begun({}, [{ text: 'One, ten' }]) },
        'ollama-chat': { messages: begun({ content: 'hi' }, 'One, ten') },
      },
    },
    {
      name: 'earlier refusal',
      forms: modelTurn({
        'anthropic-messages': null,
        'openai-chat': { refusal: 'I will not.' },
        'openai-responses': { role: 'assistant', content: [{ type: 'refusal', refusal: 'I will not.' }] },
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
    {
      name: 'citations of an earlier answer',
      forms: modelTurn({
        'anthropic-messages': {
          type: 'text',
          text: 'Hello',
          citations: [
            {
              type: 'web_search_result_location',
              url: 'https://a.test/',
              title: 'A',
              cited_text: 'Hello',
              encrypted_index: 'aW5kZXg=',
            },
          ],
        },
        'openai-chat': {
          content: 'Hello',
          annotations: [
            {
              type: 'url_citation',
              url_citation: { url: 'https://a.test/', title: 'A', start_index: 0, end_index: 5 },
            },
          ],
        },
        'openai-responses': {
          type: 'message',
          role: 'assistant',
          content: [
            {
              type: 'output_text',
              text: 'Hello',
              annotations: [
                { type: 'url_citation', url: 'https://a.test/', title: 'A', start_index: 0, end_index: 5 },
              ],
            },
          ],
        },
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
      clients: ['anthropic-messages', 'openai-chat', 'openai-responses'],
    },
    {
      name: 'citations of the system prompt',
      forms: {
        'anthropic-messages': {
          system: [
            {
              type: 'text',
              text: BRIEF,
              citations: [
                {
                  type: 'char_location',
                  cited_text: 'Be',
                  document_index: 0,
                  document_title: 'Style',
                  start_char_index: 0,
                  end_char_index: 2,
                },
              ],
            },
          ],
        },
        'openai-chat': null,
        'openai-responses': null,
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      },
    },
    {
      name: 'cache breakpoint',
      forms: userTurn({
        'anthropic-messages': { type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } },
        'openai-chat': { type: 'text', text: 'hi', prompt_cache_breakpoint: { mode: 'explicit' } },
        'openai-responses': { type: 'input_text', text: 'hi', prompt_cache_breakpoint: { mode: 'explicit' } },
        gemini: null,
        'bedrock-converse': [{ text: 'hi' }, { cachePoint: { type: 'default' } }],
        'ollama-chat': null,
      }),
    },
    {
      name: 'stored conversation (`previous_response_id`, `thread`)',
      forms: {
        'anthropic-messages': { thread: { type: 'continue', previous_message_id: 'msg_1' } },
        'openai-chat': null,
        'openai-responses': { previous_response_id: 'resp_1' },
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      },
    },
    {
      name: 'stored prefix (`cachedContent`)',
      forms: {
        'anthropic-messages': null,
        'openai-chat': null,
        'openai-responses': null,
        gemini: { cachedContent: 'cachedContents/1' },
        'bedrock-converse': null,
        'ollama-chat': null,
      },
    },
    {
      name: 'context editing (`context_management`)',
      forms: {
        'anthropic-messages': { context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } },
        'openai-chat': null,
        'openai-responses': null,
        gemini: null,
        'bedrock-converse': {
          additionalModelRequestFields: {
            context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] },
            anthropic_beta: ['context-management-2025-06-27'],
          },
        },
        'ollama-chat': null,
      },
    },
  ],
};
