// Media types as the standards spell them: clients write others, which some providers forgive.

/** Of `image/jpg` or `IMAGE/PNG; x=y`, `image/jpeg` and `image/png`. */
export function standardMediaType(mediaType: string): string {
  const bare = mediaType.replace(/;.*$/, '').trim().toLowerCase();
  return bare === 'image/jpg' ? 'image/jpeg' : bare;
}
