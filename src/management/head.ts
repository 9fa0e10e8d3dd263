// The answer to HEAD: what GET would say, without the body.

/** Its length is told where the body has one, without holding a long one; a stream is cancelled. */
export async function headOf(answer: Response): Promise<Response> {
  const head = new Response(null, answer);
  if (answer.headers.get('content-type')?.startsWith('text/event-stream')) {
    await answer.body?.cancel();
    return head;
  }
  let length = 0;
  for await (const chunk of answer.body ?? []) length += chunk.length;
  head.headers.set('content-length', String(length));
  return head;
}
