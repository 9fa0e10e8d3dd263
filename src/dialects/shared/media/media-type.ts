// Media types as the standards spell them: clients write variants, which only some providers accept.

/** `image/jpeg` for `image/jpg`, `image/png` for `IMAGE/PNG; x=y`. */
export function standardMediaType(mediaType: string): string {
  const bare = mediaType.replace(/;.*$/, '').trim().toLowerCase();
  return bare === 'image/jpg' ? 'image/jpeg' : bare;
}
