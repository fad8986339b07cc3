/**
 * The text of `grpc-message`: UTF-8 in which bytes outside printable ASCII, and the percent sign, are written as `%XX`
 * (gRPC over HTTP/2, "Status-Message"). A percent sign that begins no such triple is left as it is.
 *
 * @param text one character a byte
 */
export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
