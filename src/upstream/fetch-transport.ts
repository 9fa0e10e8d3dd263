// A transport that needs only web standards: fetch, with its body read at the reader's pace.
import type { HeaderReader } from '../model/headers.ts';
import type { CancelSignal } from './cancellation.ts';
import {
  type AnswerBody,
  type BodyReader,
  isStreamed,
  type StreamedBody,
  type TlsIdentity,
  type Transport,
} from './transport.ts';
import { asError } from '../model/thrown.ts';

/** @param tls for hosts whose fetch accepts it. */
export type Fetch = (url: string, init: RequestInit, tls?: TlsIdentity) => Promise<Response>;

/** fetch does not report connecting, so `connectMs` is not enforced, and `connected` is not called. */
export function createFetchTransport(fetch: Fetch): Transport {
  return async ({ method, url, headers, body, signal, tls }) => {
    const followed = follow(signal);
    const init: RequestInit = {
      method,
      headers: asHeaders(headers),
      signal: followed.signal,
      redirect: 'manual',
    };
    if (isStreamed(body)) streamBody(init, body);
    else if (body !== undefined) init.body = body;
    try {
      const response = await fetch(url, init, tls);
      return {
        status: response.status,
        headers: response.headers,
        body: response.body === null ? new EmptyBody(followed) : new StreamBody(response.body, followed),
      };
    } catch (thrown) {
      followed.end();
      throw signal?.aborted === true ? signal.reason : thrown;
    }
  };
}

interface Followed {
  signal: AbortSignal;
  abort(): void;
  /** Called when nothing is left to abort. */
  end(): void;
}

function follow(leaving: CancelSignal | undefined): Followed {
  const controller = new AbortController();
  const leave = () => controller.abort(leaving?.reason);
  if (leaving?.aborted === true) leave();
  else leaving?.addEventListener('abort', leave, { once: true });
  return {
    signal: controller.signal,
    abort: () => controller.abort(),
    end: () => leaving?.removeEventListener('abort', leave),
  };
}

function asHeaders(headers: HeaderReader): Headers {
  if (headers instanceof Headers) return headers;
  const copy = new Headers();
  headers.forEach((value, name) => {
    copy.set(name, value);
  });
  return copy;
}

function streamBody(init: RequestInit, body: StreamedBody): void {
  const headers = new Headers(init.headers);
  if (body.length !== null) headers.set('content-length', String(body.length));
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await body.next();
        if (piece === null) controller.close();
        else controller.enqueue(piece);
      },
      cancel: () => body.cancel(),
    },
    { highWaterMark: 0 },
  );
  // The answer may begin before the body has ended. The DOM's types lack the field that says so.
  Object.assign(init, { headers, body: stream, duplex: 'half' });
}

class EmptyBody implements AnswerBody {
  private readonly followed: Followed;

  constructor(followed: Followed) {
    this.followed = followed;
  }

  read(reader: BodyReader): void {
    this.followed.end();
    reader.end();
  }

  pause(): void {}

  resume(): void {}

  cancel(): void {
    this.followed.end();
  }
}

class StreamBody implements AnswerBody {
  private readonly body: ReadableStream<Uint8Array>;
  private readonly followed: Followed;
  private source: ReadableStreamDefaultReader<Uint8Array> | null = null;
  private reader: BodyReader | null = null;
  private isPaused = false;
  private isReading = false;

  constructor(body: ReadableStream<Uint8Array>, followed: Followed) {
    this.body = body;
    this.followed = followed;
  }

  read(reader: BodyReader): void {
    this.reader = reader;
    this.source = this.body.getReader();
    this.more();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.more();
  }

  cancel(): void {
    const { source } = this;
    this.reader = null;
    this.followed.end();
    // Cancelling a stream that has failed already rejects with that failure, which was reported.
    (source ?? this.body).cancel().catch(() => {});
    this.followed.abort();
  }

  private more(): void {
    if (this.isReading || this.isPaused || this.reader === null || this.source === null) return;
    this.isReading = true;
    this.source.read().then(this.arrived, this.broke);
  }

  private readonly arrived = ({ done, value }: { done: boolean; value?: Uint8Array | undefined }) => {
    this.isReading = false;
    const { reader } = this;
    if (reader === null) return;
    if (!done && value !== undefined) {
      reader.chunk(value);
      this.more();
      return;
    }
    this.over();
    reader.end();
  };

  private readonly broke = (thrown: unknown) => {
    const { reader } = this;
    this.over();
    reader?.failed(asError(thrown));
  };

  private over(): void {
    this.reader = null;
    this.followed.end();
  }
}
