// How to point the programs that people use at the gateway, as rows of data, one per program.
import { PLACEHOLDER_KEY } from '../model/placeholder-key.ts';
import type { SettingsOverlay } from './settings-overlay.ts';

export interface ClientProgram {
  /** Environment variables to set; undefined leaves a variable unchanged. */
  environment(gateway: Gateway): Record<string, string | undefined>;
  /** Arguments placed before the person's own. */
  arguments?(gateway: Gateway): string[];
  /** The model that it will ask for, if its arguments or its environment say so. */
  modelIn?(
    args: readonly string[],
    environment: Readonly<Record<string, string | undefined>>,
  ): string | undefined;
  /** Settings that no variable or argument can set. */
  settings?: SettingsOverlay;
}

export interface Gateway {
  /** `http://HOST:PORT` or `https://HOST:PORT`, without a trailing slash. */
  url: string;
  /** The key that the gateway expects; null where it requires none. */
  key: string | null;
  /** The context window of the model that `modelIn` found, in tokens; undefined where it or the model is unknown. */
  contextWindow: number | undefined;
  /** Whether the variable is set in the person's environment. */
  has(variable: string): boolean;
  /** Whether a file below the person's home exists and contains `text`. */
  holds(path: string, text: string): boolean;
}

/** The gateway's own key, or else the person's, which passes through, or else the placeholder. */
function keyFor({ key, has }: Gateway, ...variables: string[]): string | undefined {
  return key ?? (variables.some(has) ? undefined : PLACEHOLDER_KEY);
}

const anthropic = (gateway: Gateway) => ({
  ANTHROPIC_BASE_URL: gateway.url,
  ...(gateway.key === null ? {} : { ANTHROPIC_AUTH_TOKEN: gateway.key, ANTHROPIC_API_KEY: '' }),
});

const openai = (gateway: Gateway) => ({
  OPENAI_BASE_URL: `${gateway.url}/v1`,
  // The name that older SDKs and several programs read.
  OPENAI_API_BASE: `${gateway.url}/v1`,
  OPENAI_API_KEY: keyFor(gateway, 'OPENAI_API_KEY'),
});

const gemini = (gateway: Gateway) => ({
  GOOGLE_GEMINI_BASE_URL: gateway.url,
  GEMINI_API_KEY: keyFor(gateway, 'GEMINI_API_KEY', 'GOOGLE_API_KEY'),
});

/** The base URLs of Anthropic's SDKs for clouds. */
const anthropicInClouds = ({ url }: Gateway) => ({
  ANTHROPIC_VERTEX_BASE_URL: `${url}/v1`,
  ANTHROPIC_BEDROCK_BASE_URL: url,
});

/** Claude Code's clouds whose paths the gateway does not serve (2.1.332). */
const OTHER_CLOUDS = ['FOUNDRY', 'MANTLE', 'ANTHROPIC_AWS', 'ANTHROPIC_GOOGLE_CLOUD'].map(
  (cloud) => `CLAUDE_CODE_USE_${cloud}`,
);

/**
 * Claude Code may be set up for a cloud, also in its settings, which take precedence over its environment. The base URLs
 * of clouds then lead to the gateway, and it gets the key for the vendor in place of the cloud's.
 */
const claudeInClouds = (gateway: Gateway) => ({
  ...anthropicInClouds(gateway),
  CLAUDE_CODE_SKIP_VERTEX_AUTH: '1',
  ANTHROPIC_VERTEX_PROJECT_ID: gateway.has('ANTHROPIC_VERTEX_PROJECT_ID') ? undefined : 'sluice',
  CLOUD_ML_REGION: gateway.has('CLOUD_ML_REGION') ? undefined : 'global',
  CLAUDE_CODE_SKIP_BEDROCK_AUTH: '1',
  // It would be sent instead of that key.
  AWS_BEARER_TOKEN_BEDROCK:
    gateway.key !== null && gateway.has('AWS_BEARER_TOKEN_BEDROCK') ? gateway.key : undefined,
  ...Object.fromEntries(OTHER_CLOUDS.filter(gateway.has).map((variable) => [variable, ''])),
});

/** Applies to all models other than Claude's (2.1.332). */
const CLAUDE_WINDOW = 'CLAUDE_CODE_MAX_CONTEXT_TOKENS';
const OF_CLAUDE = /claude-|^(best|default|haiku|opus|opusplan|sonnet)$/i;

/** The value of `--option value` or `--option=value`, the last one if there are several. */
function optionIn(args: readonly string[], option: string): string | undefined {
  const at = args.findLastIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  return args[at] === option ? args[at + 1] : args[at]?.slice(option.length + 1);
}

const CODEX_KEY_VARIABLE = 'SLUICE_CLIENT_KEY';

export const CLIENT_PROGRAMS: Readonly<Record<string, ClientProgram>> = {
  claude: {
    environment: (gateway) => ({
      ...anthropic(gateway),
      ...claudeInClouds(gateway),
      // The person's login or key passes through; without either, Claude Code would only ask for one.
      ...(gateway.key === null && !isLoggedIn(gateway) && { ANTHROPIC_AUTH_TOKEN: PLACEHOLDER_KEY }),
      // Claude Code knows only Claude's window, and would summarise a conversation with another model too late or too early.
      [CLAUDE_WINDOW]: gateway.has(CLAUDE_WINDOW) ? undefined : gateway.contextWindow?.toString(),
    }),
    modelIn: (args, environment) => {
      const named = optionIn(args, '--model') ?? environment.ANTHROPIC_MODEL;
      const model = named && (environment[`ANTHROPIC_DEFAULT_${named.toUpperCase()}_MODEL`] ?? named);
      return model && !OF_CLAUDE.test(model) ? model : undefined;
    },
  },
  codex: {
    environment: ({ key }) => ({ [CODEX_KEY_VARIABLE]: key ?? PLACEHOLDER_KEY }),
    arguments({ url }) {
      const provider = {
        name: 'Sluice',
        base_url: `${url}/v1`,
        wire_api: 'responses',
        // Set even without a key: Codex merges this with a provider of that name in its own file, which may name another variable.
        env_key: CODEX_KEY_VARIABLE,
      };
      const settings = [
        ['model_provider', 'sluice'],
        ...Object.entries(provider).map(([name, value]) => [`model_providers.sluice.${name}`, value]),
      ];
      return settings.flatMap(([name, value]) => ['-c', `${name}=${JSON.stringify(value)}`]);
    },
  },
  copilot: {
    environment: ({ url, key }) => ({
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
      COPILOT_PROVIDER_TYPE: 'openai',
      // Chat Completions would not return the thinking of models that need it in the next turn.
      COPILOT_PROVIDER_WIRE_API: 'responses',
      // Takes precedence over an API key of the person.
      COPILOT_PROVIDER_BEARER_TOKEN: key ?? undefined,
    }),
  },
  gemini: {
    environment: gemini,
    // With another login method it would not use the base URL at all, and with none it does not start. Since 0.61, system settings apply
    // only where root alone can write, so this is set in the person's settings.
    settings: {
      variable: 'GEMINI_CLI_HOME',
      folder: '.gemini',
      file: 'settings.json',
      content: { security: { auth: { selectedType: 'gemini-api-key' } } },
    },
  },
  goose: {
    environment: (gateway) => ({
      ...OTHER_PROGRAM.environment(gateway),
      // It reads the base URLs of Anthropic's and Google's SDKs not at all, and that of OpenAI's only if it has no host.
      ANTHROPIC_HOST: gateway.url,
      OPENAI_HOST: gateway.url,
      GOOGLE_HOST: gateway.url,
      GOOGLE_API_KEY: keyFor(gateway, 'GOOGLE_API_KEY'),
    }),
  },
};

/** Where Claude Code notes an account, whether its token is in a file or in the keychain. */
function isLoggedIn({ has, holds }: Gateway): boolean {
  const variables = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'];
  return (
    variables.some(has) ||
    holds('.claude.json', '"oauthAccount"') ||
    holds('.claude.json', '"primaryApiKey"') ||
    holds('.claude/.credentials.json', '')
  );
}

/** Any other program: the variables that the official SDKs read. */
export const OTHER_PROGRAM: ClientProgram = {
  environment: (gateway) => ({
    ...anthropic(gateway),
    ANTHROPIC_API_KEY: keyFor(gateway, 'ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'),
    ...openai(gateway),
    ...gemini(gateway),
    ...anthropicInClouds(gateway),
    GOOGLE_VERTEX_BASE_URL: gateway.url,
  }),
};
