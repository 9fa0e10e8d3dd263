// The cost of the runtime itself: a proxy on Bun that only passes on requests and chunks. Takes the upstream's
// origin as its argument and prints its own. Not a gateway: it has no errors, limits or records.
export {};

const upstream = process.argv[2] ?? '';

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  idleTimeout: 0,
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.delete('host');
    const answer = await fetch(upstream + pathname, { method: 'POST', headers, body: await request.text() });
    const type = answer.headers.get('content-type') ?? '';
    if (answer.body === null || type.includes('json')) {
      return new Response(await answer.text(), { headers: { 'content-type': type } });
    }
    return new Response(passOn(answer.body.getReader()), { headers: { 'content-type': type } });
  },
});

function passOn(reader: {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done || value === undefined) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  );
}

console.log(`http://127.0.0.1:${server.port}`);
for await (const _ of Bun.stdin.stream()) {
  // Nothing is sent; its end means that the benchmark is over.
}
process.exit(0);
