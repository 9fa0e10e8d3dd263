// Models on Google Cloud: Google's own, and those that it serves for other vendors.
import { AT_AMAZON } from './claude-names.ts';
import type { ProviderKind } from './kind.ts';
import { CLAUDE_PRICES, GEMINI_PRICES } from './newer-prices.ts';
import { CLAUDE_OUTPUT, CLOUD_GEMINI_OUTPUT } from './output-limits.ts';

const OWN_SERVERS = /^https:\/\/(([a-z0-9-]+-)?aiplatform|aiplatform\.(eu|us)\.rep)\.googleapis\.com$/;

export const GOOGLE_CLOUD: ProviderKind = {
  kind: 'vertex',
  telemetryName: 'gcp.vertex_ai',
  dialect: 'gemini',
  baseUrl: 'https://{location}-aiplatform.googleapis.com',
  // https://docs.cloud.google.com/vertex-ai/generative-ai/docs/learn/locations
  baseUrlFor: {
    location: {
      global: 'https://aiplatform.googleapis.com',
      eu: 'https://aiplatform.eu.rep.googleapis.com',
      us: 'https://aiplatform.us.rep.googleapis.com',
    },
  },
  endpoint: '/v1/projects/{project}/locations/{location}/publishers/google/models/{model}:{method}',
  // https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/multimodal-live
  socket: {
    path: '/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/{method}',
    model: 'projects/{project}/locations/{location}/publishers/google/models/{model}',
  },
  partnerModels: [
    {
      models: /^claude-/,
      dialect: 'anthropic-messages',
      endpoint: '/v1/projects/{project}/locations/{location}{path}',
    },
    {
      // https://docs.cloud.google.com/vertex-ai/generative-ai/docs/maas/call-open-model-apis
      models: /^[a-z\d-]+\/[\w.-]+-maas$/,
      dialect: 'openai-chat',
      endpoint: '/v1/projects/{project}/locations/{location}/endpoints/openapi{path}',
      unlisted: true,
    },
  ],
  // The second variable of each option is the one that Anthropic's own programs read.
  optionVariables: {
    project: ['GOOGLE_CLOUD_PROJECT', 'ANTHROPIC_VERTEX_PROJECT_ID'],
    location: ['GOOGLE_CLOUD_LOCATION', 'CLOUD_ML_REGION'],
  },
  keyVariable: null,
  authorization: 'google-default-credentials',
  modelPatterns: [/^(gemini|gemma)-[^:]+$/, /^text-(multilingual-)?embedding-0\d\d$/, /^claude-[^@]+@/],
  otherNames: [AT_AMAZON],
  priceId: 'google',
  pricedAt: OWN_SERVERS,
  resells: ['anthropic'],
  newerPrices: { ...CLAUDE_PRICES, ...GEMINI_PRICES },
  // Claude outside of `global`, from 4.5 on: https://platform.claude.com/docs/en/about-claude/pricing
  dearer: {
    at: /^https:\/\/(?!aiplatform\.googleapis\.com)/,
    models: /^claude-[a-z]+-(4-([5-9]|\d\d)|[5-9]|\d\d)\b/,
    times: 1.1,
  },
  audioAtTextPrice: true,
  quirks: {
    cloudMethods: true,
    bindingControls: OWN_SERVERS,
    textCompletions: false,
    outputLimits: [...CLOUD_GEMINI_OUTPUT, ...CLAUDE_OUTPUT],
  },
};
