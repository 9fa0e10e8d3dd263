// Portkey's gateway, which Node runs: https://www.npmjs.com/package/@portkey-ai/gateway
import type { Peer } from './peer.ts';

export const portkey: Peer = {
  name: 'Portkey',
  version: '1.15.2',
  program: 'portkey/node_modules/@portkey-ai/gateway/build/start-server.js',
  // With a later @hono/node-server it answers no stream: https://github.com/Portkey-AI/gateway/issues/1389
  install: `mkdir -p portkey && cd portkey && npm init -y &&
npm pkg set 'overrides.@hono/node-server=1.12.2' &&
npm install --ignore-scripts @portkey-ai/gateway@1.15.2`,
  pairs: [
    ['anthropic-messages', 'anthropic-messages'],
    ['openai-chat', 'anthropic-messages'],
  ],
  files: () => ({}),
  command: (program, port) => ['node', program, `--port=${port}`, '--headless'],
  environment: { NODE_ENV: 'production' },
  headers: ({ url, provider }) => ({
    authorization: 'Bearer benchmark-provider',
    'x-portkey-provider': provider === 'anthropic-messages' ? 'anthropic' : provider,
    'x-portkey-custom-host': `${url}/v1`,
  }),
};
