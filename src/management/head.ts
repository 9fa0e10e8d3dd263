// The answer to HEAD: that of GET, without the body.

/** The answer of a page that can be read, as the request's method wants it. */
export async function forMethod({ method }: Request, answer: Response): Promise<Response> {
  return method === 'HEAD' ? headOf(answer) : answer;
}

/** Sets the length by reading the body, which is not kept in memory; an event stream has none and is cancelled. */
async function headOf(answer: Response): Promise<Response> {
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
