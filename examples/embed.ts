// Sluice inside your own program. Run: npx bun examples/embed.ts
import { createGateway } from '../src/index.ts';

const gateway = createGateway({}, { environment: {} });

// 1. As a server would use it: a standard Request in, a standard Response out, no socket.
const response = await gateway.fetch(
  new Request('http://sluice/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'simulator/fast',
      stream: true,
      messages: [{ role: 'user', content: 'Say hello.' }],
    }),
  }),
);
console.log(response.status, response.headers.get('content-type'));
console.log(await response.text());

// 2. One streaming interface over all providers: neutral events, cancelled by `break` or an AbortSignal.
const events = gateway.stream({
  model: 'simulator/fast',
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Say hello.' }] }],
  maxOutputTokens: 200,
});
for await (const event of events) {
  if (event.type === 'text-delta') process.stdout.write(event.text);
  if (event.type === 'finish') console.log(`\n[${event.finish.unified}]`);
}
