import { Controller, Res } from '@nestjs/common';
import { eventTopics, mediaTypes, type EventTopic } from '@cairn/contracts';
import type { Response } from 'express';
import { Input, Operation, type InputOf } from '../platform/operation';
import { ProblemError } from '../platform/problem';
import { Context, type RequestContext } from '../platform/request-context';
import { EventStreams, lastEventIdOf } from './event-streams';

@Controller()
export class EventsController {
  constructor(private readonly streams: EventStreams) {}

  /** Ends only when the client goes or the service stops. */
  @Operation('streamEvents')
  stream(
    @Input() input: InputOf<'streamEvents'>,
    @Context() context: RequestContext,
    @Res() response: Response,
  ): void {
    const since = lastEventIdOf(response.req.get('last-event-id')) ?? input.query.since ?? null;
    const topics = topicsOf(input.query.topics);
    if (!this.streams.hasRoom) {
      throw new ProblemError('rate.limited', 'Too many clients watch events on this node.');
    }
    response.status(200).set({
      'Content-Type': mediaTypes.events,
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    this.streams.open(response, {
      topics,
      since: since === null ? null : Number(since),
      signal: context.signal,
    });
  }
}

function topicsOf(text: string | undefined): ReadonlySet<EventTopic> {
  if (text === undefined) return new Set(eventTopics.filter((topic) => topic !== 'metrics'));
  const asked = new Set(text.split(','));
  return new Set(eventTopics.filter((topic) => asked.has(topic)));
}
