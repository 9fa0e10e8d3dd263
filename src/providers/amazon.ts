// Amazon Bedrock. Requests are signed with the machine's AWS credentials, or carry an API key.
import type { ProviderKind } from './kind.ts';
import { AMAZON_PRICES } from './newer-prices.ts';
import { CLAUDE_OUTPUT } from './output-limits.ts';

const OWN_SERVERS = /^https:\/\/bedrock-runtime(-fips)?\.[a-z0-9-]+\.amazonaws\.com$/;

const BEDROCK = {
  baseUrl: 'https://bedrock-runtime.{region}.amazonaws.com',
  modelsBaseUrl: 'https://bedrock.{region}.amazonaws.com',
  optionVariables: { region: ['AWS_REGION', 'AWS_DEFAULT_REGION'], profile: ['AWS_PROFILE'] },
  keyVariable: 'AWS_BEARER_TOKEN_BEDROCK',
  authorization: 'aws-signature',
  priceId: 'aws',
  newerPrices: AMAZON_PRICES,
  wrongPrices: /^(amazon\.titan-embed-text-v2|us-gov\.anthropic\.claude-sonnet-4-5)/,
  // GovCloud has its own prices, one of which is known: https://github.com/Portkey-AI/models/pull/49
  dearer: {
    at: /\.us-gov-[a-z]+-\d\./,
    models: /^(?!us-gov\.anthropic\.claude-sonnet-4-5)/,
    times: null,
  },
  // Discounts and premiums differ by model; reserved capacity is paid by the month.
  tiers: { flex: null, priority: null, reserved: null, optimized: null },
  telemetryName: 'aws.bedrock',
  pricedAt: OWN_SERVERS,
  quirks: { bindingControls: OWN_SERVERS, outputLimits: CLAUDE_OUTPUT },
} as const satisfies Partial<ProviderKind>;

export const AMAZON: readonly ProviderKind[] = [
  {
    ...BEDROCK,
    kind: 'bedrock',
    dialect: 'bedrock-converse',
    // A client that sends a Claude request to a profile whose ARN names no model has chosen Claude.
    alsoTakes: { wire: 'bedrock-invoke', models: /anthropic\.claude|^arn:/ },
    // `us.anthropic.claude-…`, `amazon.nova-…`, or an ARN.
    modelPatterns: [
      /^([a-z-]{2,7}\.)?(ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot(ai)?|nvidia|openai|qwen|stability|twelvelabs|writer|zai)\.[\w-]/,
      /^arn:aws[\w-]*:bedrock:/,
    ],
  },
  {
    ...BEDROCK,
    kind: 'bedrock-anthropic',
    dialect: 'bedrock-invoke',
    dormant: true,
    modelPatterns: [/^([a-z-]{2,7}\.)?anthropic\.claude/],
  },
];
