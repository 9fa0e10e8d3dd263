// The loss table as a page.
import { TABLE_WIRES, WIRES } from './wires.ts';
import { type Cell, type ClientTable, buildTables, type Section } from './table.ts';

const INTRODUCTION = `# What is carried between dialects

Generated from the codecs by \`npm run generate\`; do not edit. For each feature, a request in the client's dialect goes
through the code that serves requests, and what a provider would get is compared with how that provider's dialect says the
same; likewise for answers, whole and streamed. A feature that neither arrives nor is reported as lost fails the build.

| word | means |
|---|---|
| carried | arrives, in the form that the other side's dialect has for it |
| approximated | replaced by something close: the note says by what. The audit row names it, with the note |
| lost | does not arrive. \`x-sluice-lost\` (for requests) and the audit row give this name |
| refused | the request is refused with \`unsupported_feature\`, since an answer without it would be wrong |
| – | the provider's dialect cannot say it, so there is nothing to carry |

A field of a request or of an answer's content that this version does not know is lost under its path
(\`messages.content.new_field\`). On the same dialect it passes.

Fields about the service rather than the answer (times, prices, fingerprints, an echo of the request)
reach only clients of the provider's own dialect; times and prices are in the audit row. The service tier that served reaches others
where both have the same name for it (\`flex\`, \`priority\`; Anthropic's and Converse's clients: \`priority\`).

On the same dialect bytes pass. \`bedrock-invoke\` carries what Anthropic Messages does, in Amazon's envelope, and
\`code-assist\` what Gemini does, in another envelope of Google's. Providers of one dialect differ: their quirks are in
[providers.md](providers.md) and [providers-openai-shaped.md](providers-openai-shaped.md). These were used here:
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
    '### Requests\n',
    renderSections(requests, notes),
    '\n### Answers\n',
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
