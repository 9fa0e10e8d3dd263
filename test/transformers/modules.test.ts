// Transformers of the user's own: loaded from files, run on threads, bounded in time; what fails fails its request alone.
import { afterEach, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../../src/config/parse.ts';
import { resolveInput } from '../support/resolve-input.ts';
import type { ResolvedConfig } from '../../src/config/resolved.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { createWebHost } from '../../src/gateway/host.ts';
import { createGateway as createLibraryGateway, type UserTransformer } from '../../src/index.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { loadModules, retireModules } from '../../src/server/load-modules.ts';
import { runTransformer } from '../../src/transformers/run-module.ts';
import { runCommand } from '../support/cli-run.ts';
import { clientRequest, SPOKEN_DIALECTS } from '../support/client-requests.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { startSluice } from '../support/sluice-process.ts';
import { createFakeStore } from '../support/ledger-rows.ts';
import { headersOfClient, LAB_PROVIDERS } from '../support/test-gateway.ts';
import { readAnswer, replyTo, textAnswer } from '../support/transform-lab.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { eventually } from '../support/time-limit.ts';

const ROOT = join(import.meta.dir, '../..');
const BOTH = [true, false];
const folders: string[] = [];
const loaded: ResolvedConfig[] = [];

afterEach(() => {
  for (const config of loaded.splice(0)) retireModules(config);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folderWith(files: Record<string, string>): string {
  const folder = temporaryFolder('modules');
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

function configOf(transformers: unknown[]): ResolvedConfig {
  return resolveInput({
    providers: { lab: { ...LAB_PROVIDERS.claude, transformers } },
    routing: { default_provider: 'lab' },
  }).config;
}

async function gatewayWith(
  transformers: unknown[],
  directory: string,
  answer = textAnswer('one -', '- two'),
) {
  const config = configOf(transformers);
  loaded.push(config);
  expect(await loadModules(config, directory)).toEqual([]);
  const upstream = createReplayFetch((request) => replyTo(request, 'anthropic-messages', answer));
  const store = createFakeStore();
  const gateway = createGateway(config, { ...createWebHost({ fetch: upstream.fetch }), ledgerStore: store });
  return {
    upstream,
    async rows(): Promise<LedgerRow[]> {
      await gateway.flush();
      return store.rows();
    },
    async ask(client: DialectId, stream: boolean, say = 'hi') {
      const { path, body } = clientRequest(client, { stream });
      const text = JSON.stringify(body).replace(/"(hi|Hi|Hello)[^"]*"/, JSON.stringify(say));
      const response = await gateway.fetch(
        new Request(`http://127.0.0.1:8088${path}`, {
          method: 'POST',
          headers: headersOfClient(path),
          body: text,
        }),
      );
      return readAnswer(client, stream, response, new Uint8Array(await response.arrayBuffer()));
    },
  };
}

/** Does what the last user message says. */
const MISCHIEF = `
export default {
  async request(request) {
    const said = JSON.stringify(request.messages);
    if (said.includes('throw')) throw new Error('no such luck');
    if (said.includes('wait')) await new Promise(() => {});
    if (said.includes('loop')) for (;;) {}
    if (said.includes('nonsense')) return { nothing: true };
    if (said.includes('chatty')) return { ...request, messages: [{ role: 'user', content: 'hi' }] };
    if (said.includes('mere text')) return { ...request, system: ['Be brief.'] };
    if (said.includes('misspelt')) return { ...request, max_tokens: 9 };
    if (said.includes('hollow')) return { ...request, messages: [{ role: 'user', parts: [{ type: 'text' }] }, null] };
  },
  answer() {
    let seen = 0;
    return {
      event(event, emit) {
        if (event.type === 'text-delta' && event.text === 'two' && ++seen > 0) throw new Error('enough');
        if (event.type === 'text-delta' && event.text === 'odd') emit({ type: 'text-delta', block: 0 });
        emit(event);
      },
    };
  },
};
`;

describe('the example', () => {
  test.each(SPOKEN_DIALECTS.flatMap((client) => BOTH.map((stream) => ({ client, stream }))))(
    'for clients of $client, stream: $stream',
    async ({ client, stream }) => {
      const lab = await gatewayWith([{ name: './examples/house-style.ts', rule: 'Be British.' }], ROOT);
      const got = await lab.ask(client, stream);
      expect(got).toMatchObject({ status: 200, error: null, violations: [] });
      expect(got.text()).toBe('one – two');
      expect(JSON.stringify(lab.upstream.requests[0]?.json())).toContain('Be British.');
      expect(await lab.rows()).toMatchObject([
        {
          status: 'success',
          transformers: ['./examples/house-style.ts'],
          lost: expect.arrayContaining(['dashes as the model wrote them']),
        },
      ]);
    },
  );
});

describe('a module that fails', () => {
  // Longer than a busy machine takes.
  const entry = { name: './mischief.ts', time_limit: '10s' };

  test.each([
    ['throw', /\.\/mischief\.ts.*no such luck/],
    ['wait', /\.\/mischief\.ts.*did not end within 2000 ms/],
    ['loop', /\.\/mischief\.ts.*did not end within 2000 ms/],
    ['nonsense', /\.\/mischief\.ts.*not a valid request: \w+: /],
    ['hollow', /\.\/mischief\.ts.*not a valid request: messages\[0\]\.parts\[0\]\.text: expected string/],
    ['chatty', /\.\/mischief\.ts.*not a valid request: messages\[0\]\.parts: expected array/],
    ['mere text', /\.\/mischief\.ts.*not a valid request: system\[0\]: expected object, received string/],
    ['misspelt', /\.\/mischief\.ts.*not a valid request: .*max_tokens/],
  ])('%s: that request fails, saying which; those beside and behind it go on', async (what, reason) => {
    // Only what has to run into the limit gets a short one, within which a busy machine answers the others.
    const limited = /wait|loop/.test(what) ? { ...entry, time_limit: '2s' } : entry;
    const lab = await gatewayWith([limited], folderWith({ 'mischief.ts': MISCHIEF }), textAnswer('one'));
    const [bad, beside] = await Promise.all([
      lab.ask('openai-chat', true, what),
      lab.ask('anthropic-messages', false),
    ]);
    expect(bad.status).toBe(500);
    expect(bad.error).toMatch(reason);
    expect(beside.error).toBeNull();
    expect(beside.text()).toBe('one');
    expect((await lab.ask('gemini', true)).text()).toBe('one');
    const rows = await lab.rows();
    expect(rows.map(({ status }) => status).sort()).toEqual(['error', 'success', 'success']);
    expect(rows.find(({ status }) => status === 'error')).toMatchObject({ errorCode: 'transformer_failed' });
    // The provider was not asked for the one that failed.
    expect(lab.upstream.requests).toHaveLength(2);
  });

  test.each(SPOKEN_DIALECTS.map((client) => ({ client })))(
    'in mid-stream, $client: one error, no ending of an answer, and the upstream is let go',
    async ({ client }) => {
      for (const [text, reason] of [
        ['two', /enough/],
        ['odd', /text-delta whose text is no string/],
      ] as const) {
        const lab = await gatewayWith(
          [entry],
          folderWith({ 'mischief.ts': MISCHIEF }),
          textAnswer('one', text, 'three'),
        );
        const got = await lab.ask(client, true);
        expect(got.status).toBe(200);
        expect(got.violations).toEqual([]);
        expect(got.error).toMatch(reason);
        expect(got.finish).toBeNull();
        expect(got.bytes).not.toContain('three');
        expect(await lab.rows()).toMatchObject([{ status: 'error', errorCode: 'transformer_failed' }]);
      }
    },
  );
});

test('a function of its own may have a name that begins as a hook’s', async () => {
  const own = 'export default { request() {}, answered() {}, requestOf() {} }';
  expect(await loadModules(configOf(['./mine.ts']), folderWith({ 'mine.ts': own }))).toEqual([]);
});

describe('a module that does not load', () => {
  test.each([
    ['a file that is not there', {}, /does not load: \S*mine\.ts is not there/],
    ['a syntax error', { 'mine.ts': 'export default {' }, /does not load: Expected .*mine\.ts:1:\d+\)/],
    ['a throw at the top', { 'mine.ts': 'throw new Error("not today")' }, /not today/],
    ['nothing of use', { 'mine.ts': 'export default 7' }, /default export must be/],
    [
      'a hook whose name is misspelt',
      { 'mine.ts': 'export default { request() {}, answr() {} }' },
      /its `answr` is never called \(did you mean `answer`\?\)/,
    ],
    ['such a hook alone', { 'mine.ts': 'export default { onRequest() {} }' }, /did you mean `request`/],
    ['no function', { 'mine.ts': 'export default { request: "x" }' }, /default export must be/],
  ])('%s', async (_, files, reason) => {
    const config = configOf(['clean_cache', './mine.ts']);
    const problems = await loadModules(config, folderWith(files));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ severity: 'fatal', path: ['providers', 'lab', 'transformers', 1] });
    expect(problems[0]?.message).toMatch(reason);
  });

  test('is refused by sluice check, with the line', async () => {
    const folder = folderWith({
      'sluice.yaml': 'routing:\n  transformers:\n    - clean_cache\n    - ./mine.ts\n',
      'mine.ts': 'export default nobody;',
    });
    const { code, err } = await runCommand(['check', '--config', join(folder, 'sluice.yaml')]);
    expect(code).toBe(1);
    expect(err).toContain(
      'sluice.yaml:4: routing.transformers[1]: ./mine.ts does not load: nobody is not defined',
    );
  });

  test('a time_limit that is none is refused', () => {
    const { problems } = parseConfig({
      routing: { transformers: [{ name: './mine.ts', time_limit: 'soon' }] },
    });
    expect(problems.map(({ message }) => message)).toEqual(['expected a duration such as 500ms, up to 60s']);
  });
});

test('a module that changes is taken up by a running gateway, one that breaks is not', async () => {
  const module = (word: string) => `export default {
    request: (request) => ({ ...request, messages: [{ role: 'user', parts: [{ type: 'text', text: '${word}' }] }] }),
  };`;
  const folder = folderWith({ 'mine.ts': module('first') });
  await using sluice = await startSluice({
    config: { routing: { transformers: [join(folder, 'mine.ts')] } },
  });
  const ask = async () => {
    const body = JSON.stringify({
      model: 'simulator/fast,echo',
      messages: [{ role: 'user', content: 'hi' }],
    });
    return (await fetch(`${sluice.url}/v1/chat/completions`, { method: 'POST', body })).text();
  };
  expect(await ask()).toContain('first');
  writeFileSync(join(folder, 'mine.ts'), module('second'));
  await sluice.wrote(/the changed module is in use file=\S+mine\.ts/);
  expect(await ask()).toContain('second');
  writeFileSync(join(folder, 'mine.ts'), 'export default {');
  await sluice.wrote(/the changed module is refused; the previous one stays in use/);
  expect(await ask()).toContain('second');
});

/** A module whose thread adds to a file of its own while it lives. */
const beating = (word: string) => `
import { appendFileSync } from 'node:fs';
const beat = () => appendFileSync(new URL('${word}-' + process.pid, import.meta.url), '.');
setInterval(beat, 10);
export default { request() {} };
`;

test.each([1, 2])(
  'its thread ends in a process that does not run it, or no more (%d workers)',
  async (workers) => {
    const folder = folderWith({ 'beats.ts': beating('first') });
    await using sluice = await startSluice({
      config: { routing: { transformers: [join(folder, 'beats.ts')] } },
      workers,
    });
    const files = () => readdirSync(folder).filter((name) => name !== 'beats.ts');
    /** Which threads live: those in the processes that serve have had time for five beats. */
    const alive = async () => {
      for (const name of files()) rmSync(join(folder, name));
      await eventually(
        () => files().filter((name) => readFileSync(join(folder, name)).length >= 5).length >= workers,
      );
      return files();
    };
    const isOnly = async (word: string) => {
      const names = await alive();
      const own = names.includes(`${word}-${sluice.pid}`);
      return (
        names.length === workers && names.every((name) => name.startsWith(word)) && own === (workers === 1)
      );
    };
    await eventually(() => isOnly('first'));
    writeFileSync(join(folder, 'beats.ts'), beating('second'));
    await sluice.wrote(/the changed module is in use file=\S+beats\.ts/);
    await eventually(() => isOnly('second'));
  },
);

/** Tells of each time that it is loaded, and of the second time is ready only when it may be. */
const RELOADED = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
const beside = (name) => new URL(name, import.meta.url);
appendFileSync(beside('loads'), '.');
if (readFileSync(beside('loads')).length > 1) while (!existsSync(beside('ready'))) await Bun.sleep(1);
export default { request: ({ model }) => { if (model === 'loop') for (;;) {} } };
`;

test('a call that waits for a thread that is started anew is answered, though the module is retired meanwhile', async () => {
  const folder = folderWith({ 'reloaded.ts': RELOADED, loads: '' });
  const config = configOf([{ name: './reloaded.ts', time_limit: '1s' }]);
  expect(await loadModules(config, folder)).toEqual([]);
  const code = config.transformers.modules[0]?.code;
  const context = { provider: 'lab', model: 'm' };
  const ask = (model: string) =>
    code?.request({ model, messages: [], system: [], tools: [], stream: false }, context);
  const outcomes = Promise.allSettled([ask('loop'), ask('fine')]);
  await eventually(() => readFileSync(join(folder, 'loads')).length >= 2);
  retireModules(config);
  writeFileSync(join(folder, 'ready'), '');
  expect(await outcomes).toMatchObject([
    { status: 'rejected', reason: { message: expect.stringContaining('did not end within 1000 ms') } },
    { status: 'fulfilled', value: { value: { model: 'fine' } } },
  ]);
});

test('one that changes while the gateway starts is taken up too', async () => {
  const file = join(folderWith({}), 'mine.ts');
  writeFileSync(
    file,
    `import { writeFileSync } from 'node:fs';
    writeFileSync(${JSON.stringify(file)}, 'export default { request() {} };');
    export default { request() {} };`,
  );
  await using sluice = await startSluice({ config: { routing: { transformers: [file] } } });
  await sluice.wrote(/the changed module is in use file=\S+mine\.ts/);
});

test.each<[string, UserTransformer, string[], string[]]>([
  ['passes a text on', { answer: () => ({ event: (event, emit) => emit(event) }) }, ['It', 'It'], []],
  [
    'changes a text',
    {
      answer: () => ({
        event: (event, emit) => emit(event.type === 'text-delta' ? { ...event, text: 'No' } : event),
      }),
    },
    ['No', ''],
    ['logprobs'],
  ],
  [
    'writes a text anew',
    {
      answer: () => ({
        event(event, emit) {
          if (event.type === 'text-delta') emit({ type: 'text-delta', block: 0, text: event.text });
        },
      }),
    },
    ['It', ''],
    ['logprobs'],
  ],
])('log probabilities are those of the text, or gone: one that %s', async (_, made, texts, lost) => {
  const logprobs = [{ token: 'It', logprob: -1, top: [] }];
  const { value, lost: reported } = await runTransformer(made)
    .answer({ provider: 'lab', model: 'm' })
    .push([{ type: 'text-delta', block: 0, text: 'It', logprobs }]);
  const [event] = value;
  const said = event?.type === 'text-delta' ? event : undefined;
  expect([said?.text, said?.logprobs?.[0]?.token ?? '']).toEqual(texts);
  expect(reported).toEqual(lost);
});

describe('the library', () => {
  const shout: UserTransformer = {
    answer: () => ({
      event: (event, emit) =>
        emit(event.type === 'text-delta' ? { ...event, text: event.text.toUpperCase() } : event),
    }),
  };
  const config = { routing: { transformers: ['./shout'] } };

  test('is given its transformers', async () => {
    const gateway = createLibraryGateway(config, { transformers: { './shout': shout } });
    let text = '';
    const messages = [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'quiet' }] }];
    for await (const event of gateway.stream({ model: 'simulator/fast,echo', messages }))
      if (event.type === 'text-delta') text += event.text;
    expect(text).toBe('QUIET');
    await gateway.close();
  });

  test('says which one is missing', () => {
    expect(() => createLibraryGateway(config)).toThrow('./shout is not given: pass it to createGateway');
  });
});
