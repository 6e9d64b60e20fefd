import { Global, Module } from '@nestjs/common';
import { ChangeFeed } from './change-feed';
import { ChangeLog } from './change-log';
import { EventStreams } from './event-streams';
import { EventsController } from './events.controller';

/** Global: every feature writes changes and reads the feed's revision. */
@Global()
@Module({
  controllers: [EventsController],
  providers: [ChangeLog, ChangeFeed, EventStreams],
  exports: [ChangeLog, ChangeFeed, EventStreams],
})
export class EventsModule {}
