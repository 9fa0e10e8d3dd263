// The loss table as a page.
import { TABLE_WIRES, WIRES } from './wires.ts';
import { type Cell, type ClientTable, buildTables, type Section } from './table.ts';

const INTRODUCTION = `# What is carried between dialects

Made by \`npm run generate\` from the codecs themselves; do not edit. For each feature a client's own words go through
the code that serves requests, and what a provider would get is compared with that provider's words for the same; so
too with answers, whole and streamed. A feature that neither arrives nor is named as lost fails the build.

| word | means |
|---|---|
| carried | arrives in the words of the other side |
| approximated | something stands in for it: the note says what. The audit row names it, with the note |
| lost | does not arrive. The name is what \`x-sluice-lost\` (for requests) and the audit row say |
| refused | the request is refused with \`unsupported_feature\`, since an answer without it would be wrong |
| – | the provider has no words for it, so there is nothing to tell |

A field of a request, or of what a model says, that this version has never heard of is lost by its path:
\`messages.content.new_field\`. The client's own wire passes it.

What tells of the service and not of the answer (times, prices, fingerprints, the tier that served, the request told
back) stays with clients of the provider's own dialect; times and prices are in the audit row.

The client's own wire passes bytes. \`bedrock-invoke\` says what Anthropic Messages says, in Amazon's envelope,
and \`code-assist\` what Gemini says, in another of Google's.
Providers of one wire differ: quirks of single ones are in [providers.md](providers.md) and
[providers-openai-shaped.md](providers-openai-shaped.md). Asked here were:
`;

export function renderFidelityPage(): string {
  const models = TABLE_WIRES.map((wire) => {
    const { kind, model, reasoningModel } = WIRES[wire];
    const thinking = reasoningModel === model ? 'the same' : `\`${reasoningModel}\``;
    return `| \`${wire}\` | ${kind === undefined ? 'none' : `\`${kind}\``} | \`${model}\` | ${thinking} |`;
  });
  const head = ['| wire | quirks of | model | for thinking |', '|---|---|---|---|', ...models].join('\n');
  return [INTRODUCTION, head, ...buildTables().map(renderClient)].join('\n').concat('\n');
}

function renderClient({ client, requests, answers }: ClientTable): string {
  const notes: string[] = [];
  const parts = [
    `\n## Clients that speak \`${client}\`\n`,
    '### What they ask\n',
    renderSections(requests, notes),
    '\n### What they are told\n',
    renderSections(answers, notes),
  ];
  if (notes.length > 0) parts.push('', ...notes.map((note, at) => `${at + 1}. ${note}`));
  return parts.join('\n');
}

function renderSections(sections: readonly Section[], notes: string[]): string {
  return sections
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, rows }) => {
      const wires = TABLE_WIRES;
      const lines = rows.map(({ feature, cells }) =>
        row([feature, ...wires.map((wire) => renderCell(cells[wire], notes))]),
      );
      return [row([title, ...wires]), `|${'---|'.repeat(wires.length + 1)}`, ...lines].join('\n');
    })
    .join('\n\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function renderCell(cell: Cell | undefined, notes: string[]): string {
  if (cell === undefined) return '–';
  const { outcome, lost } = cell;
  switch (outcome.kind) {
    case 'carried':
    case 'refused':
      return outcome.kind;
    case 'lost':
      return `lost: ${lost.map((name) => `\`${name}\``).join(', ')}`;
    case 'approximated': {
      if (!notes.includes(outcome.how)) notes.push(outcome.how);
      return `approximated (${notes.indexOf(outcome.how) + 1})`;
    }
  }
}
