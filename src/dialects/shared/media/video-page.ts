// Pages that show a video. Google reads the video itself; other servers would get the page.

export function isVideoPage(url: string): boolean {
  return /^https?:\/\/((www|m)\.)?(youtube\.com\/(watch\?|shorts\/|live\/|embed\/)|youtu\.be\/)/i.test(url);
}
