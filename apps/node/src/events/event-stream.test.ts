import type { CairnEvent, EventTopic } from '@cairn/contracts';
import { describe, expect, it } from 'vitest';
import { EventStream, frameOf, PENDING_BYTES_MAX, type EventSink } from './event-stream';

class Sink implements EventSink {
  text = '';
  isEnded = false;
  writableLength = 0;

  write(text: string): boolean {
    this.text += text;
    return true;
  }

  end(): void {
    this.isEnded = true;
  }
}

const deletion: CairnEvent = {
  event: 'delete',
  topic: 'vms',
  id: 'x',
  revision: 7,
  at: '2026-01-01T00:00:00.000Z',
};
const only = (topic: EventTopic): ReadonlySet<EventTopic> => new Set([topic]);

describe('an event stream', () => {
  it('names the revision as the id and the kind as the event', () => {
    expect(frameOf(deletion)).toBe(`id: 7\nevent: delete\ndata: ${JSON.stringify(deletion)}\n\n`);
  });

  it('sends only the topics that were asked for', () => {
    const sink = new Sink();
    const stream = new EventStream(sink, only('tasks'));
    stream.send(deletion);
    stream.close();
    expect(sink.text).toBe('');
  });

  it('tells a slow reader to resync, and drops it', () => {
    const sink = new Sink();
    const stream = new EventStream(sink, only('vms'));
    sink.writableLength = PENDING_BYTES_MAX + 1;
    stream.send(deletion);
    stream.send(deletion);
    expect(sink.text.match(/event: /g)).toHaveLength(1);
    expect(sink.text).toContain('"reason":"slowReader"');
    expect(sink.isEnded).toBe(true);
  });
});
