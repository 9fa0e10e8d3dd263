// `sluice simulate` over a real socket.
import { expect, test } from 'bun:test';
import type { CliContext } from '../../src/cli/command.ts';
import { simulateCommand } from '../../src/cli/simulate.ts';
import { terminalOf } from '../support/cli-run.ts';
import { CLIENTS } from './clients.ts';

interface Served extends AsyncDisposable {
  url: string;
}

async function serve(): Promise<Served> {
  const address = Promise.withResolvers<string>();
  const signalled = Promise.withResolvers<(signal: string) => void>();
  const context: CliContext = {
    out: (line) => address.resolve(line.replace('simulator on ', '')),
    write: () => {},
    err: (line) => address.reject(new Error(line)),
    environment: {},
    inherited: {},
    directory: '.',
    terminal: terminalOf(''),
    onSignal: (handler) => signalled.resolve(handler),
    onUncaught: () => {},
    exit: () => {},
  };
  const running = simulateCommand.run({ flags: { port: '0' }, operands: [] }, context);
  return {
    url: await address.promise,
    async [Symbol.asyncDispose]() {
      (await signalled.promise)('SIGTERM');
      expect(await running).toBe(0);
    },
  };
}

for (const [id, client] of Object.entries(CLIENTS)) {
  test(`${id}: the SDK reads a stream from the served simulator`, async () => {
    await using served = await serve();
    const answer = await client.ask({ model: 'echo,fast', text: 'über den Fluß' }, true, (input, init) => {
      const url = new URL(input instanceof Request ? input.url : String(input));
      return fetch(`${served.url}${url.pathname}${url.search}`, init);
    });
    expect(answer.text).toBe('über den Fluß');
  });
}

test('a reset breaks the connection, and a client that leaves does not stop the server', async () => {
  await using served = await serve();
  const ask = (model: string, signal?: AbortSignal) =>
    fetch(`${served.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(CLIENTS['openai-chat'].request({ model, text: 'one two three four' }, true).body),
      ...(signal === undefined ? {} : { signal }),
    });
  // Without pauses the server has not sent the head when the break comes, so that either may fail.
  const broken = ask('echo,fast,fault=reset:2').then((response) => response.text());
  await expect(broken).rejects.toThrow();

  await expect(ask('echo,fast,fault=refuse')).rejects.toThrow();

  const leave = new AbortController();
  const reader = (await ask('slow', leave.signal)).body?.getReader();
  await reader?.read();
  leave.abort();
  await expect(reader?.read() ?? Promise.resolve()).rejects.toThrow();

  expect(await (await ask('echo,fast')).text()).toContain('[DONE]');
});
