// `npm run generate`: writes the loss table, made by running the codecs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderFidelityPage } from './fidelity/render.ts';

const file = 'docs/fidelity.md';
writeFileSync(join(import.meta.dir, '..', file), renderFidelityPage());
console.log(file);
