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
      name: 'earlier code that the provider ran',
      forms: {
        'anthropic-messages': {
          tools: [{ type: 'code_execution_20250825', name: 'code_execution' }],
          messages: [
            { role: 'user', content: 'Run it' },
            {
              role: 'assistant',
              content: [
                {
                  ...{ type: 'server_tool_use', id: 'srvtoolu_1', name: 'code_execution' },
                  input: { code: 'print(1)' },
                },
                {
                  ...{ type: 'code_execution_tool_result', tool_use_id: 'srvtoolu_1' },
                  content: {
                    ...{ type: 'code_execution_result', stdout: '1', stderr: '', return_code: 0 },
                    content: [],
                  },
                },
                { type: 'text', text: 'It is 1' },
              ],
            },
            { role: 'user', content: 'Thanks' },
          ],
        },
        'openai-chat': null,
        'openai-responses': {
          tools: [{ type: 'code_interpreter', container: { type: 'auto' } }],
          input: [
            { type: 'message', role: 'user', content: 'Run it' },
            {
              ...{ type: 'code_interpreter_call', id: 'ci_1', status: 'completed', container_id: 'cntr_1' },
              ...{ code: 'print(1)', outputs: [{ type: 'logs', logs: '1' }] },
            },
            { type: 'message', role: 'assistant', content: 'It is 1' },
            { type: 'message', role: 'user', content: 'Thanks' },
          ],
        },
        gemini: {
          tools: [{ codeExecution: {} }],
          contents: [
            { role: 'user', parts: [{ text: 'Run it' }] },
            {
              role: 'model',
              parts: [
                { executableCode: { language: 'PYTHON', code: 'print(1)' } },
                { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
                { text: 'It is 1' },
              ],
            },
            { role: 'user', parts: [{ text: 'Thanks' }] },
          ],
        },
        ...NOWHERE,
      },
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
          mcp_servers: [
            { type: 'url', name: 'notes', url: 'https://mcp.test/', authorization_token: 'token' },
          ],
          tools: [
            {
              ...{ type: 'mcp_toolset', mcp_server_name: 'notes', default_config: { enabled: false } },
              configs: { find: { enabled: true } },
            },
          ],
        },
        'openai-chat': null,
        'openai-responses': {
          tools: [
            {
              ...{
                type: 'mcp',
                server_label: 'notes',
                server_url: 'https://mcp.test/',
                authorization: 'token',
              },
              ...{ allowed_tools: ['find'], require_approval: 'never' },
            },
          ],
        },
        gemini: null,
        ...NOWHERE,
      },
    },
    {
      name: 'remote MCP server, the calls of which the client approves',
      forms: {
        'anthropic-messages': null,
        'openai-chat': null,
        'openai-responses': {
          tools: [{ type: 'mcp', server_label: 'notes', server_url: 'https://mcp.test/' }],
        },
        gemini: null,
        ...NOWHERE,
      },
    },
    {
      name: "earlier call of a remote MCP server's tool",
      forms: {
        'anthropic-messages': {
          mcp_servers: [{ type: 'url', name: 'notes', url: 'https://mcp.test/' }],
          tools: [{ type: 'mcp_toolset', mcp_server_name: 'notes' }],
          messages: [
            { role: 'user', content: 'Find' },
            {
              role: 'assistant',
              content: [
                { type: 'mcp_tool_use', id: 'mcp_1', name: 'find', server_name: 'notes', input: { q: 'a' } },
                {
                  ...{ type: 'mcp_tool_result', tool_use_id: 'mcp_1', is_error: false },
                  content: [{ type: 'text', text: 'found' }],
                },
                { type: 'text', text: 'Found' },
              ],
            },
            { role: 'user', content: 'Thanks' },
          ],
        },
        'openai-chat': null,
        'openai-responses': {
          tools: [
            {
              ...{ type: 'mcp', server_label: 'notes', server_url: 'https://mcp.test/' },
              require_approval: 'never',
            },
          ],
          input: [
            { type: 'message', role: 'user', content: 'Find' },
            {
              ...{ type: 'mcp_call', id: 'mcp_1', name: 'find', server_label: 'notes' },
              ...{ arguments: '{"q":"a"}', output: 'found' },
            },
            { type: 'message', role: 'assistant', content: 'Found' },
            { type: 'message', role: 'user', content: 'Thanks' },
          ],
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
