// Tools that the provider itself runs.
import type { FeatureGroup } from '../feature.ts';
import { offers } from '../shared-forms.ts';

const NOWHERE = { 'bedrock-converse': null, 'ollama-chat': null };

export const PROVIDER_TOOLS: FeatureGroup = {
  title: 'Provider tools',
  features: [
    {
      name: 'web search',
      forms: {
        ...offers({
          'anthropic-messages': { type: 'web_search_20250305', name: 'web_search' },
          'openai-chat': null,
          'openai-responses': { type: 'web_search' },
          gemini: { googleSearch: {} },
          ...NOWHERE,
        }),
        'openai-chat': { web_search_options: {} },
        'bedrock-converse': { toolConfig: { tools: [{ systemTool: { name: 'nova_grounding' } }] } },
      },
      models: { 'bedrock-converse': 'us.amazon.nova-2-lite-v1:0' },
    },
    {
      name: 'page fetch',
      forms: offers({
        'anthropic-messages': { type: 'web_fetch_20250910', name: 'web_fetch' },
        'openai-chat': null,
        'openai-responses': null,
        gemini: { urlContext: {} },
        ...NOWHERE,
      }),
    },
    {
      name: 'code execution',
      forms: offers({
        'anthropic-messages': { type: 'code_execution_20250825', name: 'code_execution' },
        'openai-chat': null,
        'openai-responses': { type: 'code_interpreter', container: { type: 'auto' } },
        gemini: { codeExecution: {} },
        ...NOWHERE,
      }),
    },
    {
      name: 'file search',
      forms: offers({
        'anthropic-messages': null,
        'openai-chat': null,
        'openai-responses': { type: 'file_search', vector_store_ids: ['vs_1'] },
        gemini: { fileSearch: { fileSearchStoreNames: ['fileSearchStores/1'] } },
        ...NOWHERE,
      }),
    },
    {
      name: 'remote MCP server',
      forms: {
        'anthropic-messages': {
          mcp_servers: [{ type: 'url', name: 'notes', url: 'https://mcp.test/' }],
          tools: [{ type: 'mcp_toolset', mcp_server_name: 'notes' }],
        },
        'openai-chat': null,
        'openai-responses': {
          tools: [{ type: 'mcp', server_label: 'notes', server_url: 'https://mcp.test/' }],
        },
        gemini: null,
        ...NOWHERE,
      },
    },
    {
      name: 'image generation',
      forms: offers({
        'anthropic-messages': null,
        'openai-chat': null,
        'openai-responses': { type: 'image_generation' },
        gemini: null,
        ...NOWHERE,
      }),
    },
    {
      name: "tool of a shape that the provider's models know (shell, editor, computer)",
      forms: {
        ...offers({
          'anthropic-messages': { type: 'bash_20250124', name: 'bash' },
          'openai-chat': null,
          'openai-responses': { type: 'local_shell' },
          gemini: { computerUse: { environment: 'ENVIRONMENT_BROWSER' } },
          ...NOWHERE,
        }),
        'bedrock-converse': {
          additionalModelRequestFields: { tools: [{ type: 'bash_20250124', name: 'bash' }] },
        },
      },
    },
  ],
};
