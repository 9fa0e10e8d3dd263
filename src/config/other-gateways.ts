// What other gateways' configurations call things, and what Sluice has instead, since people bring these files along.
import { table } from '../model/table.ts';
import type { KeyPath } from './problem.ts';

/** Keys at the top of a file. The words follow "unknown key; ". */
const SECTIONS = table<string>({
  // LiteLLM's, by its page "Config.yaml".
  model_list:
    'as LiteLLM has it; here each provider is an entry of providers, and a name for its model one of routing.model_mappings',
  litellm_settings:
    'as LiteLLM has it; here retries are providers.NAME.max_retries, fallbacks routing.fallback_chain',
  router_settings: 'as LiteLLM has it; here several targets and their strategy are a rule of routing',
  general_settings:
    'as LiteLLM has it; here its master_key is one of server.keys, its database_url audit.store',
  environment_variables: 'as LiteLLM has it; here they are set in the environment or in .env',
  // claude-code-router's, by its README.
  Providers:
    'as claude-code-router has it; here providers is a section: NAME: { dialect, base_url, api_key }',
  Router:
    'as claude-code-router has it; here its default is routing.default_provider, the others are routing.scenarios',
  APIKEY: 'as claude-code-router has it; here it is one of server.keys',
  PROXY_URL: 'as claude-code-router has it; here it is HTTPS_PROXY in the environment',
  API_TIMEOUT_MS: 'as claude-code-router has it; here it is providers.NAME.timeouts',
  HOST: 'here it is server.host',
  PORT: 'here it is server.port',
  // Portkey's, by its page "Configs".
  targets: 'as Portkey has them; here they are the targets of a rule of routing, or routing.fallback_chain',
  strategy: 'as Portkey has it; here it is that of a rule of routing',
  retry: 'here it is providers.NAME.max_retries',
  cache: 'here answers are not kept; what a provider caches of prompts is used',
  master_key: 'here it is one of server.keys',
  fallbacks: 'here it is routing.fallback_chain',
});

/** Keys in the entry of a provider. */
const OF_PROVIDER = table<string>({
  keys: 'here it is api_keys, a list of the keys alone',
  key: 'here it is api_key',
  token: 'here it is api_key',
  api_base: 'here it is base_url',
  url: 'here it is base_url',
  endpoint: 'here it is base_url',
  type: 'here it is kind, a known provider, or dialect',
  provider: 'here it is kind, a known provider, or dialect',
  retries: 'here it is max_retries',
  proxy: 'here it is HTTPS_PROXY in the environment, for all providers',
  rpm: 'here it is an entry of rate_limits',
  tpm: 'here it is an entry of rate_limits',
});

/** The words for an unknown key that another gateway has, beginning with a semicolon; otherwise empty. */
export function otherGatewaysHint(path: KeyPath, key: string): string {
  const isProvider = path.length === 2 && path[0] === 'providers';
  const words = path.length === 0 ? SECTIONS[key] : isProvider ? OF_PROVIDER[key] : undefined;
  return words === undefined ? '' : `; ${words}`;
}
