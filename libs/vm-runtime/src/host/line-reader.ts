/**
 * Splits a byte stream into lines, bounded: a peer that never ends its line cannot fill our
 * memory. An over-long line is dropped whole, as is everything up to the line end that follows.
 */
export class LineReader {
  private pending = '';
  private dropping = false;

  constructor(
    private readonly lineLengthMax: number,
    private readonly onLine: (line: string) => void,
  ) {}

  push(text: string): void {
    let rest = this.pending + text;
    this.pending = '';
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (this.dropping || line.length > this.lineLengthMax) this.dropping = false;
      else this.onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    }
    if (rest.length > this.lineLengthMax) {
      this.dropping = true;
      rest = '';
    }
    this.pending = rest;
  }
}

/** `undefined` for anything that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
