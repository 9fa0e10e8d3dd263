// LiteLLM's proxy, which Python runs: https://docs.litellm.ai/docs/proxy/deploy
import type { Peer } from './peer.ts';

const KEY = 'sk-benchmark-client';

export const litellm: Peer = {
  name: 'LiteLLM',
  version: '1.108.7',
  program: 'litellm/bin/litellm',
  install: `python3 -m venv litellm &&
litellm/bin/pip install 'litellm[proxy]==1.108.7'`,
  pairs: [
    ['anthropic-messages', 'anthropic-messages'],
    ['openai-chat', 'anthropic-messages'],
  ],
  // It takes YAML, of which JSON is a subset.
  files: ({ url, provider, model }) => ({
    'config.yaml': JSON.stringify({
      model_list: [
        {
          model_name: model,
          litellm_params: {
            model: `${provider === 'anthropic-messages' ? 'anthropic' : provider}/${model}`,
            api_base: url,
            api_key: 'benchmark-provider',
          },
        },
      ],
      general_settings: { master_key: KEY },
    }),
  }),
  command: (program, port) => [
    program,
    '--config',
    'config.yaml',
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--num_workers',
    '1',
  ],
  // Its built-in price list, and no log line for each request.
  environment: { LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_LOG: 'ERROR' },
  headers: () => ({ authorization: `Bearer ${KEY}`, 'x-api-key': KEY }),
};
