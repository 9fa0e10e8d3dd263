// Programs in Rust that do not say who they are.
import type { HeaderReader } from '../../model/headers.ts';

/**
 * Whether it is a program that sends with reqwest, Rust's usual client, and says nothing of itself, as reqwest does not where its author
 * does not: it accepts anything, and names no program. The crate llm overlooks errors within streams in every dialect, and takes what
 * came before for the answer; others have read the error when the connection breaks behind it. Programs with libcurl that do not
 * name themselves, as PHP's, look the same. https://curl.se/libcurl/c/CURLOPT_USERAGENT.html
 * https://docs.rs/reqwest/latest/reqwest/struct.ClientBuilder.html, https://github.com/graniet/llm
 */
export function isNamelessReqwest(headers: HeaderReader): boolean {
  return !headers.has('user-agent') && headers.get('accept') === '*/*';
}
