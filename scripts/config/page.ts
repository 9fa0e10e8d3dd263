// The schema as a page for people and as a JSON Schema for editors.
import { buildJsonSchema, type SchemaNode } from '../../src/config/json-schema.ts';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';
import { MODULE_ENTRY } from '../../src/transformers/entry.ts';
import { TRANSFORMERS } from '../../src/transformers/registry.ts';
import { listSchemaKeys, moduleOptions, type SchemaKey, transformerOptions } from './keys.ts';

/** `sluice.schema.json`. */
export function renderJsonSchema(): string {
  const schema = buildJsonSchema();
  const sections = Object.entries(schema.properties ?? {}).map(([name, node]) => [
    name,
    orEmpty(name === 'providers' ? withEmptyEntries(node) : node),
  ]);
  const root: SchemaNode = {
    ...schema,
    properties: { $schema: { type: 'string' }, ...Object.fromEntries(sections) },
  };
  return `${JSON.stringify({ title: 'Sluice configuration', ...root }, null, 2)}\n`;
}

/** A section, be it a list, or a provider, with nothing behind its name is null in YAML. */
function orEmpty(node: SchemaNode): SchemaNode {
  return node.type === 'object' || node.type === 'array' ? { ...node, type: [node.type, 'null'] } : node;
}

function withEmptyEntries(node: SchemaNode): SchemaNode {
  const { additionalProperties: entry } = node;
  return typeof entry === 'object' ? { ...node, additionalProperties: orEmpty(entry) } : node;
}

/** `docs/configuration.md`. */
export function renderConfigPage(): string {
  const keys = listSchemaKeys();
  const sections = keys.filter((key) => key.section && !/(\*|\[\])$/.test(key.path));
  const body = [
    ...sections.flatMap((section) => renderSection(section, keys)),
    ...renderTransformers(),
    ...renderKinds(),
  ];
  return [
    '<!-- Written by `npm run generate` from src/config/schema.ts; change it there. -->',
    '# Configuration',
    '',
    ...PREFACE,
    ...renderContents(body),
    ...body,
  ].join('\n');
}

function renderContents(body: readonly string[]): string[] {
  const headings = body.filter((line) => line.startsWith('## ')).map((line) => line.slice('## '.length));
  return [`Sections: ${headings.map((heading) => `[${heading}](#${anchorOf(heading)})`).join(', ')}.`, ''];
}

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

function renderSection(section: SchemaKey, keys: SchemaKey[]): string[] {
  const inner = [`${section.path}.*`, `${section.path}[]`];
  const prefix = keys.find((key) => inner.includes(key.path))?.path ?? section.path;
  const leaves = keys.filter(
    (key) => !key.section && key.path.slice(0, key.path.lastIndexOf('.')) === prefix,
  );
  return [
    `## \`${prefix.replaceAll('*', 'NAME')}\``,
    '',
    withLinks(section.node.description),
    '',
    ...(leaves.length === 0 ? [] : renderTable(leaves)),
  ];
}

function renderTable(keys: SchemaKey[]): string[] {
  const rows = keys.map(({ path, node, needed }) => {
    const name = path.slice(path.lastIndexOf('.') + 1);
    const fallback = needed ? 'needed' : defaultOf(node);
    return `| \`${name}\` | ${typeOf(node)} | ${fallback} | ${withLinks(node.description)} |`;
  });
  return ['| key | type | default | meaning |', '|---|---|---|---|', ...rows, ''];
}

/** Descriptions name other pages as messages and editors show them; here these are links. */
function withLinks(description = ''): string {
  return description.replaceAll(/\bdocs\/([\w-]+\.md)/g, '[$1]($1)');
}

function defaultOf({ default: value }: SchemaNode): string {
  if (value === undefined || value === '') return '';
  return `\`${JSON.stringify(value).replaceAll('"', '')}\``;
}

function typeOf(node: SchemaNode): string {
  const named = node.$ref?.split('/').at(-1);
  // What zod names itself is any JSON value.
  if (named !== undefined) return named.startsWith('__') ? 'any value' : `\`${named}\``;
  if (node.anyOf !== undefined) return node.title ?? node.anyOf.map(typeOf).join(' or ');
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(', ');
  if (node.items !== undefined) return `list of ${plural(typeOf(node.items))}`;
  const rest = node.additionalProperties;
  if (typeof rest === 'object') return `name → ${typeOf(rest)}`;
  return node.title ?? [node.type ?? 'any'].flat().join(' or ');
}

function plural(type: string): string {
  return type
    .split(' or ')
    .map((word) => (word.endsWith('`') ? word : `${word}s`))
    .join(' or ');
}

function renderTransformers(): string[] {
  return [
    '## `TRANSFORMER`',
    '',
    'A name, or `{ name: …, … }` with options. [transformers.md](transformers.md) says what each does.',
    '',
    ...TRANSFORMERS.flatMap(({ name, summary, options }) => {
      const keys = transformerOptions(options);
      return [`### \`${name}\``, '', summary, '', ...(keys.length === 0 ? [] : renderTable(keys))];
    }),
    '### A path',
    '',
    MODULE_ENTRY.description,
    '',
    ...renderTable(moduleOptions()),
  ];
}

function renderKinds(): string[] {
  const rows = PROVIDER_KINDS.map(
    ({
      kind,
      dialect,
      alsoSpeaks = [],
      partnerModels = [],
      baseUrl,
      keyVariable,
      otherKeyVariables = [],
      authorization,
    }) => {
      const spoken =
        dialect === 'any'
          ? 'every one'
          : [dialect, ...alsoSpeaks, ...partnerModels.map((row) => row.dialect)]
              .map((id) => `\`${id}\``)
              .join(', ');
      const address = /^https?:/.test(baseUrl) ? `\`${baseUrl}\`` : 'inside the gateway';
      const named =
        keyVariable === null
          ? 'none needed'
          : [keyVariable, ...otherKeyVariables].map((name) => `\`${name}\``).join(', or ');
      const key =
        authorization === undefined ? named : `${keyVariable === null ? '' : `${named}, or `}the host`;
      return `| \`${kind}\` | ${spoken} | ${address} | ${key} |`;
    },
  );
  return [
    '## Known kinds',
    '',
    'A provider with one of these names, or with one as `kind`, needs only the options that appear in its address;',
    '[providers.md](providers.md) has notes on some of them.',
    '',
    '| kind | dialect | `base_url` | key from |',
    '|---|---|---|---|',
    ...rows,
    '',
  ];
}

const PREFACE = [
  'Sluice runs without any configuration. Otherwise it reads the first of these files that exists:',
  '',
  '1. the file named by `--config`',
  '2. the file named by `$SLUICE_CONFIG`',
  '3. `sluice.yaml`, `.yml`, `.toml`, `.json` or `.jsonc` in the working directory',
  '4. the same in `$SLUICE_HOME` (default `~/.sluice`)',
  '',
  'Every known provider whose key is in the environment is enabled as well, unless the file configures that name, and so is the',
  'simulator. A provider whose key cannot be found is disabled with a warning. `sluice check` prints what results.',
  '',
  '- **Mistakes**: an unknown key or a value of the wrong type is an error. A file has at most 1 MB, 100 levels and 1,000 YAML aliases.',
  '- **Changes**: the file is watched, even if it is created later. A valid change applies to new requests. An invalid one is refused: the',
  '  error is logged and shown in `/gateway/health`. `server.host`, `server.port`, `server.workers`, `audit.enabled`, `audit.store` and turning',
  '  `server.tls` on or off need a restart.',
  '- **Secrets** are `env:NAME`, `credential:NAME` (stored encrypted by `sluice credentials store NAME`), `file:PATH` (relative to the',
  '  configuration file) or the value itself. A change of a stored key or of a file is picked up while the gateway runs.',
  '- **Durations** are `500ms`, `10s`, `2m`, `1h30m`, `30d`; **sizes** are `512KB`, `64MB`, `1GB`, in powers of 1024.',
  '- **Targets** are `provider` or `provider/model`, split at the first `/`.',
  '- **`.env`** in the working directory counts as part of the environment, and so does `.env.local`, which takes precedence over it. In their values',
  '  `$NAME` stands for that variable if the variable is set, if the name is in braces, or if it is all of the value; any other `$` is kept. `\\$`',
  '  is always a `$`.',
  '- **The log** goes to standard error, the address to standard output. `SLUICE_LOG=json` makes each line a JSON object, whatever `log` says; a level',
  '  (`debug`, `info`, `warn`, `error`) can be added: `SLUICE_LOG=json,debug`.',
  '- **In an editor**, keys are completed where a YAML file begins with `# yaml-language-server: $schema=PATH/sluice.schema.json`; that file is in',
  '  the clone.',
  '',
  '```yaml',
  'providers:',
  '  anthropic: { api_key: env:ANTHROPIC_API_KEY }',
  '  lab: { dialect: openai-chat, base_url: http://10.0.0.5:8000/v1, models: { fast: qwen3-8b } }',
  'routing:',
  '  default_provider: anthropic',
  '  fallback_chain: [lab/fast]',
  'audit: { retention: 7d }',
  'costs:',
  '  pricing_overrides: { "lab/*": { input_per_million: 0, output_per_million: 0 } }',
  '```',
  '',
];
