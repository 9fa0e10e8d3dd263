// `npm run generate`: writes what is made from the configuration schema.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderConfigPage, renderJsonSchema } from './config/page.ts';

const root = join(import.meta.dir, '..');

for (const [file, text] of [
  ['docs/configuration.md', renderConfigPage()],
  ['sluice.schema.json', renderJsonSchema()],
] as const) {
  writeFileSync(join(root, file), text);
  console.log(file);
}
