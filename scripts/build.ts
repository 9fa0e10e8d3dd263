// `npm run build [DIRECTORY]`: the program in a few small files instead of 500, which start in half the time. `npm ci` runs it; the
// launcher takes src/ where it was not run, or where src/ has changed since.
import { cpSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = join(import.meta.dir, '..');
const OUTPUT = process.argv[2] ?? join(ROOT, 'build');

/** The program, and the threads that it starts from files of their own. All end beside each other. */
const ENTRIES = ['main.ts', 'ledger/store-thread.ts', 'server/module-thread.ts'];
/** The dashboard's files, as a browser gets them: read from beside the program. */
const PAGE = 'management/dashboard/page';
/** Loaded by few and late: they stay where npm put them. */
const EXTERNAL = [
  '@aws-sdk/*',
  '@napi-rs/keyring',
  '@opentelemetry/*',
  '@smithy/*',
  'google-auth-library',
  'gpt-tokenizer',
];

rmSync(OUTPUT, { recursive: true, force: true });
const { success, logs, outputs } = await Bun.build({
  entrypoints: ENTRIES.map((entry) => join(ROOT, 'src', entry)),
  outdir: OUTPUT,
  naming: '[name].[ext]',
  target: 'bun',
  splitting: true,
  external: EXTERNAL,
  // A fifth less to parse. Stack traces name files and lines by the source map; profiles run the source.
  minify: true,
  // For the lines in stack traces; read when there is one.
  sourcemap: 'linked',
});
for (const log of logs) console.error(String(log));
if (!success) process.exit(1);
cpSync(join(ROOT, 'src', PAGE), join(OUTPUT, 'page'), { recursive: true });
const bytes = outputs.reduce((sum, { size, kind }) => (kind === 'sourcemap' ? sum : sum + size), 0);
console.log(`${relative(ROOT, OUTPUT)}: ${(bytes / 1e6).toFixed(1)} MB of JavaScript`);
