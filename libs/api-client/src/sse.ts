/**
 * Reads a stream of server-sent events (the `text/event-stream` format of the HTML standard).
 *
 *     stream = *( *field end-of-line )        an empty line sends the event
 *     field  = name [ ":" [ SP ] value ] end-of-line
 *     end-of-line = LF / CR LF
 *
 * Lines that start with ":" are comments; the server sends one every 15 s so that a dead connection is noticed.
 */

export interface SseMessage {
  readonly event: string;
  readonly id: string | null;
  readonly data: string;
}

/** An event larger than this ends the stream: the server does not send such. */
export const SSE_EVENT_CHARS_MAX = 8 * 1024 * 1024;

/** Takes text in any pieces and returns the messages that they complete. Not a stream itself, so it is easy to test. */
export class SseParser {
  private rest = '';
  private data: string[] = [];
  private dataLength = 0;
  private event = 'message';
  private id: string | null = null;

  /** Throws if an event is too large. */
  push(text: string): SseMessage[] {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    const messages = lines.flatMap((line) => this.takeLine(line.replace(/\r$/, '')));
    if (this.rest.length + this.dataLength > SSE_EVENT_CHARS_MAX)
      throw new Error('An event of the stream is too large.');
    return messages;
  }

  private takeLine(line: string): SseMessage[] {
    if (line === '') return this.flush();
    if (line.startsWith(':')) return [];
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    this.takeField(name, value);
    return [];
  }

  private takeField(name: string, value: string): void {
    switch (name) {
      case 'data':
        this.data.push(value);
        this.dataLength += value.length;
        break;
      case 'event':
        this.event = value;
        break;
      case 'id':
        this.id = value;
        break;
      default:
        break;
    }
  }

  private flush(): SseMessage[] {
    const { data, event, id } = this;
    this.data = [];
    this.dataLength = 0;
    this.event = 'message';
    return data.length === 0 ? [] : [{ event, id, data: data.join('\n') }];
  }
}
